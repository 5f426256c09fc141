import type { Json } from "../history/json.ts";
import type { Random } from "../world/random.ts";

/**
 * One step of a transaction: its function, its key, and its value, which is null in a request
 * to read.
 */
export type MicroOp<F extends string = string> = [f: F, key: number, v: Json];

/** The sizes of transactions. */
export interface TransactionLimits {
  /** How many keys are in use at a time, 10 by default. */
  keyCount: number;
  /** A transaction has 1 .. `maxLength` steps. */
  maxLength: number;
  /** How often a key is written at most: then another replaces it. */
  maxWritesPerKey: number;
}

/**
 * Transactions as Elle's generator draws them: every step is a read or a write with equal
 * chance; each live key is drawn twice as often as the one before it, so some are hot and some
 * are cold; the values written to a key are 1, 2, 3, ..., hence unique. A key that has had all
 * its writes stays readable until a write would hit it again; then the next unused key takes
 * its place.
 *
 * @param write the function of a writing step, `"w"` or `"append"`
 * @returns draws the next transaction
 */
export function transactions<W extends string>(
  random: Random,
  write: W,
  { keyCount, maxLength, maxWritesPerKey }: TransactionLimits,
): () => MicroOp<"r" | W>[] {
  const live = Array.from({ length: keyCount }, (_, key) => key);
  const writes = new Map<number, number>();
  const exponentialPosition = exponentialPositions(random, keyCount);

  const step = (): MicroOp<"r" | W> => {
    for (;;) {
      const reads = random.chance(0.5);
      const position = exponentialPosition();
      const key = live[position]!;
      if (reads) return ["r", key, null];
      const value = (writes.get(key) ?? 0) + 1;
      if (value <= maxWritesPerKey) {
        writes.set(key, value);
        return [write, key, value];
      }
      writes.delete(key);
      live[position] = Math.max(...live) + 1;
    }
  };

  return () => {
    const steps = new Array<MicroOp<"r" | W>>(1 + random.int(maxLength));
    for (let i = 0; i < steps.length; i++) steps[i] = step();
    return steps;
  };
}

/** The sum of more weights would be no finite number; positions before these are never drawn. */
const MOST_WEIGHTS = 1_000;

/** Draws positions below `count`, of weights 2, 4, 8, ...: the last is about as likely as all others. */
function exponentialPositions(random: Random, count: number): () => number {
  const last = Math.min(count, MOST_WEIGHTS);
  const before = count - last - 1;
  const weights = 2 ** (last + 1) - 2;
  return () => before + Math.floor(Math.log2(2 + random.next() * weights));
}
