/** An acknowledgement of this many items fewer than an earlier one is late, and ignored. */
const LATE = 100;

/**
 * Numbered items that are sent until they are acknowledged, for the peer's `Arrivals`. The
 * greeting goes before them: an acknowledgement of no item is one of the greeting.
 */
export class Departures<T> {
  /** How many items the peer has; -1 as long as it has not even the greeting. */
  acked = -1;
  /** When something new was sent last, and when {@link rewind} last had an effect. */
  sentAt = 0;
  rewoundAt = -Infinity;
  /** How often in a row items were sent again, and the peer acknowledged nothing more. */
  inVain = 0;
  /** Items that the peer may lack: those from number `acked` on. */
  #owed: T[] = [];
  /** How many items have been sent since {@link rewind}, and ever; -1 as long as that is not even the greeting. */
  #sent = -1;
  #everSent = -1;
  /** When unacknowledged items were sent, except those sent twice (Karn's rule). */
  #flights: { until: number; at: number }[] = [];

  /** The items that are not acknowledged. */
  get owed(): readonly T[] {
    return this.#owed;
  }

  /** Whether an acknowledgement may come. */
  get isAwaited(): boolean {
    return this.#sent !== this.acked;
  }

  /** Whether nothing is left to send. */
  get isAllSent(): boolean {
    return this.#sent === Math.max(0, this.acked) + this.#owed.length;
  }

  /** Adds an item. */
  owe(item: T): void {
    this.#owed.push(item);
  }

  /** Begins anew, with these items or those that were owed. */
  begin(owed: T[] = this.#owed): void {
    this.#owed = owed;
    this.acked = this.#sent = this.#everSent = -1;
    this.#flights = [];
    this.inVain = 0;
  }

  /**
   * Takes what has not been sent, `most` items at most: the caller sends it now.
   *
   * @returns the items, how many came before them, and whether that is anything, if only the
   *   greeting
   */
  send(most: number, now: number): { items: T[]; n: number; isNew: boolean } {
    const n = Math.max(0, this.#sent);
    const from = n - Math.max(0, this.acked);
    const items = this.#owed.slice(from, from + most);
    const to = n + items.length;
    const isNew = to > this.#sent;
    if (isNew) {
      const isFirstTime = this.#sent === this.#everSent;
      if (isFirstTime) this.#flights.push({ until: to, at: now });
      this.#everSent = Math.max(this.#everSent, to);
      this.#sent = to;
      this.sentAt = now;
    }
    return { items, n, isNew };
  }

  /** Whether so many items can be acknowledged; if not, the acknowledgement is another conversation's. */
  isPossible(ack: number): boolean {
    return ack >= Math.max(0, this.acked - LATE) && ack <= this.#everSent;
  }

  /**
   * Takes in that more items have arrived than was known.
   *
   * @returns when they were sent; undefined if that was at several times, of which some may have
   *   been acknowledged before, in a message that was lost
   */
  acknowledge(ack: number): number | undefined {
    const landed: number[] = [];
    while (this.#flights.length > 0 && this.#flights[0]!.until <= ack) {
      landed.push(this.#flights.shift()!.at);
    }
    this.#owed.splice(0, ack - Math.max(0, this.acked));
    this.acked = ack;
    this.#sent = Math.max(this.#sent, ack);
    this.inVain = 0;
    return landed.length === 1 ? landed[0] : undefined;
  }

  /** Has everything sent again that is not acknowledged. */
  rewind(now: number): void {
    if (!this.isAwaited) return;
    this.#sent = this.acked;
    this.#flights = [];
    this.rewoundAt = now;
    this.inVain++;
  }
}
