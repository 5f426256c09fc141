/**
 * Exact integers beyond 2^53: bigints in programs, digits on the wire.
 *
 * `JSON.parse` rounds them, and a reviver that looks at every number makes parsing several times
 * as slow. So before parsing, {@link LongNumbers} looks at one byte in eight, which is enough to
 * tell whether there can be such an integer at all.
 *
 * @module
 */

/** These parts of JSON give access to numbers as they are written; the compiler does not know them yet. */
const exact = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, at: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
};

// JSON.stringify writes a bigint's digits.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  value(this: bigint) {
    return exact.rawJSON(this.toString());
  },
});

const NEWLINE = 10;

/** How many digits 2^53 has. Integers with fewer are always exact. */
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

/** The digit that a byte stands for; 10 or more for other bytes. */
const digitOf = (byte: number) => byte ^ 0x30;

/** Tells, for each chunk of a stream, whether a line that ends in it may have a long number. */
export class LongNumbers {
  /** How many digits the stream ends with so far. */
  #trailing = 0;
  /** Whether the unfinished line may have a long number. */
  #isPending = false;

  /** Takes bytes; returns whether a line that they complete may have a long number. */
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
  const stride = LONG / 2; // every such run has two places in a row that are looked at
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

/** How many digits there are from a place in one direction, up to {@link LONG}. */
function digitsAt(chunk: Uint8Array, from: number, step: 1 | -1): number {
  let count = 0, at = from;
  while (count < LONG && digitOf(chunk[at] ?? 0) < 10) {
    count++;
    at += step;
  }
  return count;
}
