/**
 * Turns a stream of bytes into values: one JSON value per line, wherever the bytes are split.
 *
 * @module
 */
import { LongNumbers, parseExactly } from "./numbers.ts";

/** A line's limit in characters: half of what a string can hold. */
const LONGEST = 2 ** 28;

/** How many characters of a skipped line are shown. */
const SHOWN = 200;

/**
 * Parses lines of JSON. Blank lines are skipped, and so are, with a report, lines that are not
 * JSON or longer than 2^28 characters.
 */
export class JsonLines {
  readonly #report: (text: string) => void;
  readonly #decoder = new TextDecoder();
  readonly #longNumbers = new LongNumbers();
  /** The unfinished line; one that is too long is not kept whole. */
  #tail = "";

  /** @param report called for each line that is skipped, with the reason */
  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  /** Takes bytes; returns the values of the lines that they complete. */
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

  /** The value of the last line, if the stream ends without a newline. */
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
 * The values of lines if all are JSON, else undefined. Parsing them as one array takes little
 * more than half the time, because V8 then knows the shape of the next object. If there are as
 * many values as lines, no line holds part of a value, unless another holds two; such lines are
 * not what any sender meant anyway.
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
