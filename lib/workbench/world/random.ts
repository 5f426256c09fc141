/**
 * A stream of seeded random numbers. Every choice that the workbench makes comes from one seed,
 * through a stream that is forked for each purpose, so that one more draw for latencies does not
 * change which operation a client invokes.
 */
export interface Random {
  /** A float, uniform on [0, 1). */
  next(): number;
  /** An integer, uniform on 0 .. `bound` - 1. */
  int(bound: number): number;
  /** A float, uniform on [`from`, `to`). */
  uniform(from: number, to: number): number;
  /** A float from the exponential distribution with this mean. */
  exponential(mean: number): number;
  /** Whether an event of this probability happens. */
  chance(probability: number): boolean;
  /** One of the elements, uniformly. Throws on an empty array. */
  pick<T>(items: readonly T[]): T;
  /** The elements in a random order, as a new array. */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent stream, determined only by the seed of this one and the name of the purpose. */
  fork(purpose: string): Random;
}

/** Hashes a string to 32 bits (FNV-1a, then a finaliser), to make seeds of names. */
function hash(text: string, seed: number): number {
  let h = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A stream of random numbers from a 32-bit seed: sfc32 by Chris Doty-Humphrey
 * (PractRand), which is small, fast and passes its author's tests.
 */
export function seeded(seed: number): Random {
  let a = hash("a", seed), b = hash("b", seed), c = hash("c", seed), d = 1;
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  const int = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    int,
    uniform: (from, to) => from + next() * (to - from),
    exponential: (mean) => -mean * Math.log(1 - next()),
    chance: (probability) => next() < probability,
    pick(items) {
      if (items.length === 0) {
        throw new RangeError("Cannot pick: the array is empty");
      }
      return items[int(items.length)]!;
    },
    shuffle(items) {
      const shuffled = [...items];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
      }
      return shuffled;
    },
    fork: (purpose) => seeded(hash(purpose, seed)),
  };
}
