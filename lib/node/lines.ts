/**
 * From bytes to values: a line of JSON each, wherever the bytes are split.
 *
 * @module
 */
import { LongNumbers, parseExactly } from "./numbers.ts";

/** A line's limit in characters: half of what a string can hold. */
const LONGEST = 2 ** 28;

/** So much is shown of a line that is skipped. */
const SHOWN = 200;

/**
 * Parses lines of JSON. Blank ones are skipped, and so are, with a report, those that are
 * no JSON or longer than 2^28 characters.
 */
export class JsonLines {
  readonly #report: (text: string) => void;
  readonly #decoder = new TextDecoder();
  readonly #longNumbers = new LongNumbers();
  /** The line that goes on in the next chunk; what is too long is not kept to its end. */
  #tail = "";

  /** @param report hears of each line that is skipped, and why */
  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  /** Takes bytes; gives the values of the lines that they complete. */
  push(chunk: Uint8Array): unknown[] {
    const mayBeLong = this.#longNumbers.push(chunk);
    const text = this.#decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n");
    if (end === -1) {
      if (this.#tail.length <= LONGEST) this.#tail += text;
      return [];
    }
    const lines = this.#tail + text.slice(0, end);
    this.#tail = text.slice(end + 1);
    return (mayBeLong ? undefined : parseTogether(lines)) ??
      this.#parseEach(lines);
  }

  /** The value of what is left when the stream ends without a newline, if it is one. */
  end(): unknown[] {
    return this.#parseEach(this.#tail + this.#decoder.decode());
  }

  #parseEach(lines: string): unknown[] {
    const values: unknown[] = [];
    for (const line of lines.split("\n")) {
      if (line.trim() === "") continue;
      try {
        if (line.length > LONGEST) {
          throw `it is longer than ${LONGEST} characters`;
        }
        values.push(parseExactly(line));
      } catch (error) {
        this.#report(`skipped, ${error}: ${line.slice(0, SHOWN)}`);
      }
    }
    return values;
  }
}

/**
 * The values of lines that are all JSON, else undefined. As one array they are parsed in
 * nearly half the time: V8 then knows what the next object will look like.
 */
function parseTogether(lines: string): unknown[] | undefined {
  if (lines.length > LONGEST) return undefined;
  const elements = lines.replaceAll("\n", ",\n");
  const count = 1 + elements.length - lines.length;
  try {
    const values: unknown[] = JSON.parse(`[${elements}]`);
    return values.length === count ? values : undefined;
  } catch {
    return undefined;
  }
}
