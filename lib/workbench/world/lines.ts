/** The lines of a stream, as Java reads them: they end at LF, CR LF or a CR alone, and nothing is dropped. */

/** Cuts bytes, in chunks of any size, into lines of text. */
export class Lines {
  /** The line that has begun, in the pieces in which it came. */
  #begun = "";
  /** Whether the last line ended with a CR, to which a LF may belong. */
  #afterCr = false;
  // Otherwise the decoder takes away what looks like a byte order mark.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

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
    return lines;
  }
}
