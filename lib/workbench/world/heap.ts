/** The heap that keeps events and messages in the order of their times. */

/**
 * The first length of a column: V8 stores so few numbers in the typed array itself, and more of
 * them separately.
 */
const FEW = 8;

/**
 * A binary min-heap. Values of equal rank come in the order in which they were pushed. Ranks and
 * orders are in typed arrays, since comparing them takes most of the heap's time.
 */
export class Heap<T> {
  #ranks = new Float64Array(FEW);
  #orders = new Float64Array(FEW);
  readonly #values: T[] = [];
  #pushed = 0;

  get size(): number {
    return this.#values.length;
  }

  /** The smallest rank in the heap, Infinity when it is empty. */
  get minimum(): number {
    return this.#values.length === 0 ? Infinity : this.#ranks[0]!;
  }

  push(rank: number, value: T): void {
    const values = this.#values;
    let i = values.push(value) - 1;
    if (i === this.#ranks.length) this.#grow();
    const ranks = this.#ranks;
    // A new item goes after those of equal rank, so its order need not be compared.
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (ranks[parent]! <= rank) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#put(i, rank, this.#pushed++, value);
  }

  /** Removes and returns the value of the smallest rank; undefined when the heap is empty. */
  pop(): T | undefined {
    const values = this.#values;
    const size = values.length - 1;
    if (size < 0) return undefined;
    const top = values[0];
    const last = values.pop()!;
    if (size === 0) return top;
    this.#sink(0, this.#ranks[size]!, this.#orders[size]!, last);
    return top;
  }

  /** Removes all values except those wanted, which keep their order. */
  keep(wanted: (value: T) => boolean): void {
    const values = this.#values;
    let size = 0;
    for (let i = 0; i < values.length; i++) {
      if (wanted(values[i]!)) this.#move(i, size++);
    }
    values.length = size;
    for (let i = (size >> 1) - 1; i >= 0; i--) {
      this.#sink(i, this.#ranks[i]!, this.#orders[i]!, values[i]!);
    }
  }

  /** Puts an item at an index or below it in the heap, where only smaller ones are above it. */
  #sink(i: number, rank: number, order: number, value: T): void {
    const ranks = this.#ranks, orders = this.#orders;
    const size = this.#values.length;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      const next = child + 1;
      if (
        next < size && this.#before(next, ranks[child]!, orders[child]!)
      ) child = next;
      if (!this.#before(child, rank, order)) break;
      this.#move(child, i);
      i = child;
    }
    this.#put(i, rank, order, value);
  }

  /** Whether an item comes before one of this rank and order. */
  #before(i: number, rank: number, order: number): boolean {
    const own = this.#ranks[i]!;
    return own < rank || (own === rank && this.#orders[i]! < order);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#ranks[from]!, this.#orders[from]!, this.#values[from]!);
  }

  #put(i: number, rank: number, order: number, value: T): void {
    this.#ranks[i] = rank;
    this.#orders[i] = order;
    this.#values[i] = value;
  }

  #grow(): void {
    const grown = (column: Float64Array<ArrayBuffer>) => {
      const longer = new Float64Array(2 * column.length);
      longer.set(column);
      return longer;
    };
    this.#ranks = grown(this.#ranks);
    this.#orders = grown(this.#orders);
  }
}
