/** Splits a stream into lines as Java does: they end at LF, CR LF or a CR alone, and nothing is dropped. */

/** How many characters of a line are kept: an endless line would fill the memory. */
export const LONGEST_LINE = 2 ** 26;

/** Splits bytes, in chunks of any size, into lines of text. */
export class Lines {
  /** The unfinished line. */
  #begun = "";
  /** Whether the last line ended with a CR, which a LF may follow. */
  #afterCr = false;
  // By default, the decoder would remove what looks like a byte order mark.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** Whether the unfinished line has been cut: the rest of it is dropped. */
  #isCut = false;

  /** @param longest how many characters of a line are kept */
  constructor(private readonly longest: number = LONGEST_LINE) {}

  /** Takes bytes; returns the lines that they complete, without line ends. */
  push(chunk: Uint8Array): string[] {
    return this.#cut(this.#decoder.decode(chunk, { stream: true }));
  }

  /** The last line, if the stream ended in the middle of one. */
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
