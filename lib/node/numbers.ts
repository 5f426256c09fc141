/**
 * Integers beyond 2^53, exactly: bigints in programs, digits on the wire.
 *
 * `JSON.parse` rounds them, and a look at every number takes several times as long as
 * parsing. So the bytes are looked at before they are parsed, one in eight:
 * {@link LongNumbers} tells where there can be such an integer at all.
 *
 * @module
 */

/** What the compiler does not know of JSON yet: numbers as they are written. */
const exact = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, at: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
};

// Of a bigint, JSON.stringify writes the digits.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  value(this: bigint) {
    return exact.rawJSON(this.toString());
  },
});

const NEWLINE = 10;

/** How many digits 2^53 has: an integer with fewer is exact in any case. */
const LONG = 16;

const LONG_DIGITS = new RegExp(`\\d{${LONG}}`);

/** `JSON.parse`, with integers beyond 2^53 as bigints. */
export function parseExactly(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source = "" }) => {
    const isRounded = typeof value === "number" && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

/** The digit that a byte stands for; what is no digit gives 10 or more. */
const digitOf = (byte: number) => byte ^ 0x30;

/** Tells of each chunk of a stream whether a line that ends in it may have a long number. */
export class LongNumbers {
  /** With how many digits the stream ends so far. */
  #trailing = 0;
  /** Whether the line that goes on in the next chunk may have a long number. */
  #isPending = false;

  /** Takes the next bytes; whether a line that they complete may have a long number. */
  push(chunk: Uint8Array): boolean {
    const isLong = this.#trailing + digitsAt(chunk, 0, 1) >= LONG ||
      hasLong(chunk);
    const trailing = digitsAt(chunk, chunk.length - 1, -1);
    if (trailing < chunk.length) this.#trailing = 0;
    this.#trailing += trailing;
    const may = isLong || this.#isPending;
    this.#isPending = isLong || this.#isPending && !chunk.includes(NEWLINE);
    return may;
  }
}

/** Whether there is a long run of digits within a chunk. */
function hasLong(chunk: Uint8Array): boolean {
  const stride = LONG / 2; // two neighbouring places are in every such run
  let last = NaN;
  for (let at = 0; at < chunk.length; at += stride) {
    const here = digitOf(chunk[at]!);
    if (here < 10 && last < 10) {
      const run = digitsAt(chunk, at, 1) + digitsAt(chunk, at - 1, -1);
      if (run >= LONG) return true;
    }
    last = here;
  }
  return false;
}

/** How many digits there are from a place on, in one direction; {@link LONG} are enough. */
function digitsAt(chunk: Uint8Array, from: number, step: 1 | -1): number {
  let count = 0, at = from;
  while (count < LONG && digitOf(chunk[at] ?? 0) < 10) {
    count++;
    at += step;
  }
  return count;
}
