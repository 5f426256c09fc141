/**
 * Anti-entropy (Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", 1987)
 * with version vectors: what one replica knows of another, that is what the other has, what is on
 * its way to it, and when that must have been lost. The program decides when to send, and what.
 *
 * @module
 */
import { covers, join, type Vector } from "./stamped-store.ts";

/** How long a replica waits for another, in milliseconds. */
export interface PeerPatience {
  /** If a message is not acknowledged for this long, it is taken for lost. */
  leastMs: number;
  /** The most that this grows to while there is no answer. */
  mostMs: number;
}

/** Another replica, as this one sees it. */
export class Peer {
  /** Whether it has told this life what it knew. */
  hasTold = false;
  /** Whether it is owed an acknowledgement. */
  isOwed = false;
  /** Whether it has not answered in time. */
  isSilent = false;
  /** What it has if no message to it was lost. */
  sent: Vector = new Map();
  /** Whether a message from it, even if no answer, counts as a sign that it can also receive. */
  #isTrusted = true;
  /** What it has acknowledged. */
  readonly #acked: Vector = new Map();
  /** What it will acknowledge when the first unacknowledged message has arrived. */
  #awaited: Vector = new Map();
  /** When to take that message for lost. */
  #deadline = Infinity;
  #patienceMs: number;
  readonly #patience: PeerPatience;

  constructor(patience: PeerPatience) {
    this.#patience = patience;
    this.#patienceMs = patience.leastMs;
  }

  /** Whether to ask it for an answer, because it is silent, or has not told what it knew. */
  get mustBeAsked(): boolean {
    return !this.#isAwaited && (this.isSilent || !this.hasTold);
  }

  get #isAwaited(): boolean {
    return this.#deadline < Infinity;
  }

  /** Notes that it has all that this vector covers, as it said in an answer or of its own accord. */
  acknowledge(theirs: Vector, isAnswer: boolean, now: number): void {
    // A replica that answers can receive. One that merely sends again is believed to, but only
    // once.
    if (isAnswer) {
      this.#isTrusted = true;
      this.isSilent = false;
    } else if (this.isSilent && this.#isTrusted) {
      this.#isTrusted = false;
      this.isSilent = false;
    }
    join(this.#acked, theirs);
    join(this.sent, theirs);
    if (!covers(this.#acked, this.#awaited)) return;
    this.#patienceMs = this.#patience.leastMs;
    this.#awaited = this.sent;
    const isAll = covers(this.#acked, this.sent);
    this.#deadline = isAll ? Infinity : now + this.#patienceMs;
  }

  /** Takes messages for lost if they should have been acknowledged by now. */
  expire(now: number): void {
    if (now < this.#deadline) return;
    this.sent = new Map(this.#acked);
    this.#deadline = Infinity;
    this.isSilent = true;
    const { mostMs } = this.#patience;
    this.#patienceMs = Math.min(2 * this.#patienceMs, mostMs);
  }

  /**
   * Notes that a message is sent to it.
   *
   * @param to the vector that it has after the message; null if the message brings nothing
   * @param isAsked whether the message asks for an answer
   */
  noteSent(to: Vector | null, isAsked: boolean, now: number): void {
    this.isOwed = false;
    if (to !== null) this.sent = new Map(to);
    if (this.#isAwaited || to === null && !isAsked) return;
    this.#awaited = this.sent;
    this.#deadline = now + this.#patienceMs;
  }
}
