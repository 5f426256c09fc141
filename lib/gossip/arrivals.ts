/**
 * The receiving half of one side of a conversation (lib/gossip/conversation.ts).
 *
 * @module
 */

/** Items that came before their predecessors; `from` is the number of the first, and `to` is past the last. */
interface Early<T> {
  from: number;
  to: number;
  items: T[];
}

/** How many such messages are kept at most. */
const EARLY = 100;

/** The receiving side of a sequence of numbered items that may overtake each other. */
export class Arrivals<T> {
  /** How many items have arrived without a gap. */
  count = 0;
  /** Since when predecessors of an item that came early have been missing; Infinity if none are. */
  missingSince = Infinity;
  readonly #early: Early<T>[] = [];

  /** Whether any of the items from one number up to another (exclusive) has arrived already. */
  hasSomeOf(from: number, to: number): boolean {
    if (from === to) return false;
    return from < this.count ||
      this.#early.some((one) => from < one.to && one.from < to);
  }

  /**
   * Takes the items from one number up to another (exclusive); returns the new items that no longer
   * have a gap before them.
   */
  take(from: number, to: number, items: T[], now: number): T[] {
    const early = this.#early;
    if (from === this.count && early.length === 0) { // nearly always
      this.count = to;
      return items;
    }
    const isKnown = early.some((one) => one.from <= from && to <= one.to);
    if (!isKnown) early.push({ from, to, items });
    early.sort((one, other) => one.from - other.from);
    const before = this.count;
    const fresh: T[] = [];
    while (early.length > 0 && early[0]!.from <= this.count) {
      const { from, to, items } = early.shift()!;
      const unknown = items.slice(Math.max(0, this.count - from));
      for (const item of unknown) fresh.push(item);
      this.count = Math.max(this.count, to);
    }
    if (early.length > EARLY) early.pop();
    if (early.length === 0) this.missingSince = Infinity;
    else if (this.count > before || this.missingSince === Infinity) {
      this.missingSince = now;
    }
    return fresh;
  }
}
