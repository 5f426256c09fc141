/** The generator of transactions, which kafka uses too. */
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
  /** How often a key is written at most before another replaces it. */
  maxWritesPerKey: number;
}

/**
 * Draws transactions as Elle's generator does. A step is a read or a write with equal probability.
 * Each live key is drawn twice as often as the one before it, so some are hot and some are cold.
 * The values written to a key are 1, 2, 3, ..., and so unique. A key that has had all its writes is
 * still read until another write would hit it; then the next unused key takes its place.
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

/** How many weights are used: the sum of more would not be finite, and earlier positions would never be drawn. */
const MOST_WEIGHTS = 1_000;

/** Draws positions below `count`, with weights 2, 4, 8, ...: the last is about as likely as all others together. */
function exponentialPositions(random: Random, count: number): () => number {
  const last = Math.min(count, MOST_WEIGHTS);
  const before = count - last - 1;
  const weights = 2 ** (last + 1) - 2;
  return () => before + Math.floor(Math.log2(2 + random.next() * weights));
}
