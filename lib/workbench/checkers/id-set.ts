/** A set of numbers that are dense, such as the ids of a journal's messages. */

/** Numbers below this are kept in the byte array. */
const DENSE = 2 ** 28;

/**
 * A set of message ids. In a journal they are dense, so one byte for each takes much less memory than
 * a `Set`, which moreover holds at most 16 million.
 */
export class IdSet {
  /** How many numbers it holds. */
  size = 0;
  #seen = new Uint8Array(1_024);
  readonly #others = new Set<number>();

  /** Adds a number; returns whether it is new. */
  add(id: number): boolean {
    if (!(Number.isInteger(id) && id >= 0 && id < DENSE)) {
      if (this.#others.has(id)) return false;
      this.#others.add(id);
      this.size++;
      return true;
    }
    if (id >= this.#seen.length) {
      const longer = new Uint8Array(Math.max(id + 1, 2 * this.#seen.length));
      longer.set(this.#seen);
      this.#seen = longer;
    }
    if (this.#seen[id] === 1) return false;
    this.#seen[id] = 1;
    this.size++;
    return true;
  }

  has(id: number): boolean {
    return this.#seen[id] === 1 || this.#others.has(id);
  }
}
