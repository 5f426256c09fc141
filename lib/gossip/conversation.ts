/**
 * One side of a reliable conversation between two nodes, for programs that decide
 * themselves when to speak, and do not mind order or repetition (sets, maxima): what is
 * owed arrives, through loss, duplication, reordering and cuts, and an acknowledgement
 * costs no message of its own as long as there is something to say.
 *
 * It is TCP in small. Items are numbered, acknowledgements are cumulative and ride on
 * items, and a round trip is measured by what is acknowledged (Jacobson, "Congestion
 * Avoidance and Control"; Karn for what was sent twice). What somebody turns out to lack
 * is said again at once, and to a silent peer a little of it, with pauses that
 * double up to a cap, jittered. Items that overtake others count, and are not said again.
 * Unlike the links of lib/gossip/links.ts, which deliver one log in order to all peers, every
 * peer is owed items of its own.
 *
 * ```ts
 * import { Conversation, saying } from "./conversation.ts";
 * import { program } from "../maelstrom.ts";
 * import { RoundTrip } from "./round-trip.ts";
 * import { message, string } from "../schema.ts";
 *
 * const pairProtocol = { say: message(saying(string)) };
 *
 * export default program(pairProtocol, (node) => {
 *   const other = node.peers[0]!;
 *   const roundTrip = new RoundTrip();
 *   const talk = new Conversation<string>(node, roundTrip, speak);
 *   function speak() {
 *     node.send(other, "say", talk.say(roundTrip.patienceMs + 100));
 *   }
 *   node.on("say", (heard) => {
 *     node.log(`heard ${heard.v}`);
 *     if (talk.hear(heard)) speak();
 *   });
 *   node.every(100, () => {
 *     if (talk.hasNews || talk.owesSince < Infinity) speak();
 *   });
 *   talk.owe("hello");
 * });
 * ```
 *
 * Assumed: neither node loses its memory. Memory is bounded by what is unacknowledged.
 *
 * @module
 */
import type { Json, Node, Stop } from "../maelstrom.ts";
import type { RoundTrip } from "./round-trip.ts";
import {
  array,
  natural,
  oneOf,
  type Optional,
  optional,
  type Schema,
} from "../schema.ts";

/** The longest pause between two tries to reach a silent peer, in ms: a heal is noticed within it. */
const RETRY_CAP_MS = 2_000;

/** How many items a try to reach a silent peer holds at most. */
const PROBE = 100;

/**
 * One message of a conversation. Names are letters since messages are short: with words for
 * names, broadcast would send more of names than of values.
 */
export interface Saying<T extends Json> {
  /** How many items came before these. */
  n: number;
  /** The values: some items, in the order of their numbers. */
  v: T[];
  /** The acknowledgement, if one is due: all items of the other side before this number have arrived. */
  a?: number;
  /** For how many milliseconds it was held back, if it answers one message, and that for the first time. */
  h?: number;
  /** The sender has missed items or answers: it wants to hear of all it lacks, at once. */
  lost?: true;
}

/** What a {@link Saying} is at run time. */
export function saying<T>(item: Schema<T>): {
  n: Schema<number>;
  v: Schema<T[]>;
  a: Optional<number>;
  h: Optional<number>;
  lost: Optional<true>;
} {
  return {
    n: natural,
    v: array(item),
    a: optional(natural),
    h: optional(natural),
    lost: optional(oneOf(true)),
  };
}

/** The part of a node that conversations use. */
export type Talker = Pick<
  Node<Record<never, never>>,
  "now" | "after" | "random"
>;

/** What one node knows of its conversation with another. */
export class Conversation<T extends Json> {
  /** Items that the peer may lack: those from number `acked` on. */
  #owed: T[] = [];
  #acked = 0;
  #sent = 0;
  /** When unacknowledged items were sent, but for those sent again: their answers tell nothing (Karn). */
  #flights: { until: number; at: number }[] = [];
  #sentAt = 0;
  #rewoundAt = -Infinity;
  #everSent = 0;
  #received = 0;
  /** Items that have come before their predecessors: from which number to which. */
  #early: { from: number; to: number }[] = [];
  /** Since when the predecessors of the first of them have been missing. */
  #missingSince = Infinity;
  /** How many messages with items have come since this side spoke. */
  #unanswered = 0;
  #patienceMs = 0;
  #stopWaiting: Stop = () => {};
  /** How often in a row the peer has not answered in time; 0 while it does. */
  silence = 0;
  /** When it spoke last. */
  heardAt = -Infinity;
  /** Since when it is owed an acknowledgement; Infinity when it is not. */
  owesSince = Infinity;

  constructor(
    private readonly node: Talker,
    /** Is given the round trips that are measured; may be shared. */
    private readonly roundTrip: RoundTrip,
    /** Called when the peer has not answered in time: it may be spoken to again now. */
    private readonly onSilence: () => void,
  ) {}

  /** Whether there is something to say that has not been said, to a peer that answers. */
  get hasNews(): boolean {
    return this.silence === 0 && this.#sent < this.#acked + this.#owed.length;
  }

  /** Whether any item has arrived. */
  get hasHeard(): boolean {
    return this.#received > 0;
  }

  /** Whether no item has ever been acknowledged. */
  get isUnanswered(): boolean {
    return this.#acked === 0;
  }

  /** Adds an item to be said. */
  owe(item: T): void {
    this.#owed.push(item);
  }

  /** Adds what is owed to another peer, as far as it is not owed to this one. */
  oweAs(other: Conversation<T>): void {
    const owed = new Set(this.#owed);
    this.#owed.push(...other.#owed.filter((item) => !owed.has(item)));
  }

  /**
   * What to say now, which the caller must send: what has not been said, and how much
   * was heard.
   *
   * @param patienceMs how long an answer may take, at first
   */
  say(patienceMs: number): Saying<T> {
    const now = this.node.now();
    const from = this.#sent - this.#acked;
    const until = this.silence > 0 ? from + PROBE : undefined;
    const items = this.#owed.slice(from, until);
    const saying: Saying<T> = { n: this.#sent, v: items };
    const isLost = this.silence > 0 || this.#hasLost;
    if (isLost) saying.lost = true;
    if (isLost || this.owesSince < Infinity) saying.a = this.#received;
    if (this.#unanswered === 1) saying.h = Math.round(now - this.owesSince);
    this.owesSince = Infinity;
    this.#unanswered = 0;
    if (items.length > 0) {
      this.#patienceMs = patienceMs;
      if (from === 0) this.#wait();
      const isFirstTime = this.#sent === this.#everSent;
      this.#sent += items.length;
      this.#sentAt = now;
      if (isFirstTime) this.#flights.push({ until: this.#sent, at: now });
      this.#everSent = Math.max(this.#everSent, this.#sent);
    }
    return saying;
  }

  /**
   * Takes in what the peer has said, but for the items, which the caller may take in any
   * order. Tells whether to answer at once, since something has been lost: in the one
   * direction or the other, or for so long that the peer was thought silent.
   */
  hear({ n: from, v: items, a: ack = 0, h: held, lost }: Saying<T>): boolean {
    const now = this.node.now();
    const wasSilent = this.silence > 0;
    this.heardAt = now;
    if (ack > this.#acked) this.#acknowledge(ack, held);
    // What should have arrived before the peer spoke, and has not, is said again.
    const late = now - this.#sentAt > this.roundTrip.patienceMs;
    // A complaint that may have crossed the repetition it asks for is none.
    const sinceMs = now - this.#rewoundAt;
    const complains = lost === true && sinceMs >= this.roundTrip.meanMs;
    if (wasSilent || complains || late) this.#rewind();
    const to = from + items.length;
    const again = items.length > 0 && to <= this.#received;
    this.#receive(from, to);
    if (items.length > 0) {
      this.owesSince = Math.min(now, this.owesSince);
      this.#unanswered += again ? 2 : 1; // the first of two has had its answer
    }
    return wasSilent || complains || again || this.#hasLost;
  }

  /** Items have arrived, perhaps before those that were sent before them. */
  #receive(from: number, to: number): void {
    const isKnown = this.#early.some((one) => one.from <= from && to <= one.to);
    if (!isKnown) this.#early.push({ from, to });
    this.#early.sort((one, other) => one.from - other.from);
    const before = this.#received;
    while (this.#early.length > 0 && this.#early[0]!.from <= this.#received) {
      this.#received = Math.max(this.#received, this.#early.shift()!.to);
    }
    if (this.#early.length === 0) this.#missingSince = Infinity;
    else if (this.#received > before || this.#missingSince === Infinity) {
      this.#missingSince = this.node.now();
    }
  }

  /** Whether items have been overtaken by others for so long that they must be lost. */
  get #hasLost(): boolean {
    const missingMs = this.node.now() - this.#missingSince;
    return missingMs >= this.roundTrip.overtakingMs;
  }

  #acknowledge(ack: number, held: number | undefined): void {
    const landed = this.#flights.filter(({ until }) => until <= ack);
    this.#flights = this.#flights.slice(landed.length);
    // Of several, some may have been acknowledged before, by what was lost.
    if (landed.length === 1 && held !== undefined) {
      this.roundTrip.measure(this.node.now() - landed[0]!.at - held);
    }
    this.#owed.splice(0, ack - this.#acked);
    this.#acked = ack;
    this.#sent = Math.max(this.#sent, ack);
    this.silence = 0;
    this.#stopWaiting();
    if (this.#sent > ack) this.#wait();
  }

  #rewind(): void {
    if (this.#sent === this.#acked) return;
    this.#sent = this.#acked;
    this.#flights = [];
    this.#rewoundAt = this.node.now();
  }

  #wait(): void {
    const doubledMs = this.#patienceMs * 2 ** this.silence;
    const pauseMs = this.silence === 0
      ? this.#patienceMs
      : Math.min(RETRY_CAP_MS, doubledMs) * (1 - this.node.random() / 4);
    this.#stopWaiting();
    this.#stopWaiting = this.node.after(pauseMs, () => {
      this.silence++;
      this.#rewind();
      this.onSilence();
    });
  }
}
