/** The lines of a stream, as Java reads them: they end at LF, CR LF or a CR alone, and nothing is dropped. */

/** A longer line is cut, or one without end would fill the memory; in characters. */
export const LONGEST_LINE = 2 ** 26;

/** Cuts bytes, in chunks of any size, into lines of text. */
export class Lines {
  /** The line that has begun, in the pieces in which it came. */
  #begun = "";
  /** Whether the last line ended with a CR, to which a LF may belong. */
  #afterCr = false;
  // Otherwise the decoder takes away what looks like a byte order mark.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** Whether the line that goes on was cut: its rest is dropped. */
  #isCut = false;

  /** @param longest what goes on after so many characters is dropped up to the line's end */
  constructor(private readonly longest: number = LONGEST_LINE) {}

  /** Takes bytes, gives the lines they complete, without their ends. */
  push(chunk: Uint8Array): string[] {
    return this.#cut(this.#decoder.decode(chunk, { stream: true }));
  }

  /** What is left when the stream ends in the middle of a line: one line, or none. */
  end(): string[] {
    const lines = this.#cut(this.#decoder.decode());
    const rest = this.#begun;
    this.#begun = "";
    return rest === "" ? lines : [...lines, rest];
  }

  #cut(text: string): string[] {
    if (text === "") return [];
    if (this.#afterCr && text.startsWith("\n")) text = text.slice(1);
    this.#afterCr = text.endsWith("\r");
    const lines = text.split(text.includes("\r") ? /\r\n?|\n/ : "\n");
    lines[0] = this.#begun + lines[0];
    this.#begun = lines.pop()!;
    if (this.#isCut) {
      if (lines.length === 0) this.#begun = "";
      else {
        lines.shift();
        this.#isCut = false;
      }
    }
    if (this.#begun.length > this.longest) {
      lines.push(this.#begun);
      this.#begun = "";
      this.#isCut = true;
    }
    return lines;
  }
}
