/**
 * Anti-entropy (Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", 1987)
 * with version vectors, as one replica sees another: what the other has, what is on its way to
 * it, and when that must have been lost. When to send, and what, is left to the program.
 *
 * @module
 */
import { covers, join, type Vector } from "./stamped-store.ts";

/** How patient a replica is with another, in milliseconds. */
export interface PeerPatience {
  /** After this silence a message is taken for lost. */
  leastMs: number;
  /** How far that grows while there is no answer. */
  mostMs: number;
}

/** Another replica. */
export class Peer {
  /** Whether it has told this life what it knew. */
  hasTold = false;
  /** Whether it sent something that must be acknowledged. */
  isOwed = false;
  /** Whether it has not answered in time. */
  isSilent = false;
  /** What it has if nothing sent to it was lost. */
  sent: Vector = new Map();
  /** Whether it is taken to hear as soon as it speaks: it may be deaf. */
  #isTrusted = true;
  /** What it has acknowledged. */
  readonly #acked: Vector = new Map();
  /** What it will acknowledge once the first unacknowledged message has arrived. */
  #awaited: Vector = new Map();
  /** When to take that message for lost. */
  #deadline = Infinity;
  #patienceMs: number;
  readonly #patience: PeerPatience;

  constructor(patience: PeerPatience) {
    this.#patience = patience;
    this.#patienceMs = patience.leastMs;
  }

  /** Whether to ask it for an answer: it is silent, or has not told what it knew. */
  get mustBeAsked(): boolean {
    return !this.#isAwaited && (this.isSilent || !this.hasTold);
  }

  get #isAwaited(): boolean {
    return this.#deadline < Infinity;
  }

  /** It has said that it has all that this vector covers: in an answer, or of its own accord. */
  acknowledge(theirs: Vector, isAnswer: boolean, now: number): void {
    // One that answers hears. One that merely speaks again is taken to hear, once.
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

  /** Takes for lost what should have been acknowledged by now. */
  expire(now: number): void {
    if (now < this.#deadline) return;
    this.sent = new Map(this.#acked);
    this.#deadline = Infinity;
    this.isSilent = true;
    const { mostMs } = this.#patience;
    this.#patienceMs = Math.min(2 * this.#patienceMs, mostMs);
  }

  /**
   * Notes that it is sent a message.
   *
   * @param to the vector that the message brings it to; null if it brings nothing
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
