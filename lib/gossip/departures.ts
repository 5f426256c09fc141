/**
 * The sending half of one side of a conversation (lib/gossip/conversation.ts).
 *
 * @module
 */

/** An acknowledgement of up to this many items fewer than an earlier one is late, and ignored. */
const LATE = 100;

/**
 * The sending side: numbered items that are sent until the peer, which has `Arrivals`, acknowledges
 * them. The greeting comes before all items, so an acknowledgement of 0 items is one of the
 * greeting.
 */
export class Departures<T> {
  /** How many items the peer has acknowledged; -1 until it has acknowledged the greeting. */
  acked = -1;
  /** When something new was last sent, and when {@link rewind} last had an effect. */
  sentAt = 0;
  rewoundAt = -Infinity;
  /** How often in a row {@link rewind} had an effect since the peer last acknowledged something new. */
  inVain = 0;
  /** The items that are not acknowledged: those from number `acked` on. */
  #owed: T[] = [];
  /**
   * How many items have been sent since the last {@link rewind}, and ever; -1 if not even the
   * greeting has.
   */
  #sent = -1;
  #everSent = -1;
  /** When unacknowledged items were sent, except those sent more than once (Karn's rule). */
  #flights: { until: number; at: number }[] = [];

  /** The items that are not acknowledged. */
  get owed(): readonly T[] {
    return this.#owed;
  }

  /** Whether an acknowledgement may come. */
  get isAwaited(): boolean {
    return this.#sent !== this.acked;
  }

  /** Whether everything has been sent, if not acknowledged. */
  get isAllSent(): boolean {
    return this.#sent === Math.max(0, this.acked) + this.#owed.length;
  }

  /** Adds an item. */
  owe(item: T): void {
    this.#owed.push(item);
  }

  /** Starts over with these items, or with those not acknowledged so far. */
  begin(owed: T[] = this.#owed): void {
    this.#owed = owed;
    this.acked = this.#sent = this.#everSent = -1;
    this.#flights = [];
    this.inVain = 0;
  }

  /**
   * Takes what has not been sent, `most` items at most; the caller must send it now.
   *
   * @returns the items, how many came before them, and whether anything is new, if only the
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

  /**
   * Whether this many items can be acknowledged; if not, the acknowledgement belongs to another
   * conversation.
   */
  isPossible(ack: number): boolean {
    return ack >= Math.max(0, this.acked - LATE) && ack <= this.#everSent;
  }

  /**
   * Takes an acknowledgement of more items than before.
   *
   * @returns when they were sent; undefined if at several times, since an acknowledgement of some
   *   may have been lost, or more than once
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

  /** Has everything that is not acknowledged sent again. */
  rewind(now: number): void {
    if (!this.isAwaited) return;
    this.#sent = this.acked;
    this.#flights = [];
    this.rewoundAt = now;
    this.inVain++;
  }
}
