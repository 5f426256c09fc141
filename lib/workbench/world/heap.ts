/** A binary min-heap: the earliest event first, the first-come first among equals. */
export class Heap<T> {
  readonly #items: { rank: number; order: number; value: T }[] = [];
  #pushed = 0;

  get size(): number {
    return this.#items.length;
  }

  /** The smallest rank in the heap, Infinity when it is empty. */
  get minimum(): number {
    return this.#items[0]?.rank ?? Infinity;
  }

  push(rank: number, value: T): void {
    const items = this.#items;
    const item = { rank, order: this.#pushed++, value };
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(item, items[parent]!)) break;
      items[i] = items[parent]!;
      i = parent;
    }
    items[i] = item;
  }

  /** Removes and gives the value of the smallest rank; undefined when the heap is empty. */
  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined) return undefined;
    if (items.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= items.length) break;
        if (
          child + 1 < items.length && before(items[child + 1]!, items[child]!)
        ) child++;
        if (!before(items[child]!, last)) break;
        items[i] = items[child]!;
        i = child;
      }
      items[i] = last;
    }
    return top.value;
  }
}

function before(
  a: { rank: number; order: number },
  b: { rank: number; order: number },
): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.order < b.order);
}
