/**
 * One side of a reliable conversation between two nodes: what is owed arrives, through
 * loss, duplication, reordering, cuts and restarts, and an acknowledgement costs no message
 * of its own as long as there is something to say. The program decides when to speak.
 *
 * It is a small TCP. Items are numbered, acknowledgements are cumulative and ride on items,
 * and round trips are measured by acknowledgements (Jacobson, "Congestion Avoidance and
 * Control"; Karn for what was sent twice). What a peer lacks is resent at once; one that is
 * silent, or hears nothing, gets a little of it, with jittered pauses that double up to a cap.
 * Items that overtake others are kept, and not resent.
 *
 * Like a connection, a conversation is between one life of a node and one of another. It
 * begins with a greeting, which is number 0 and says whose lives are meant ({@link Hello}).
 * Acknowledgements count from a number that the greeting gives, drawn at random for every
 * conversation (the verification tag of SCTP, RFC 9260), so messages between earlier lives
 * are recognised. When a peer has begun a new life, that is logged, and it is owed what the
 * program gives for it ({@link ConversationOptions.all}).
 *
 * ```ts
 * import { conversations, saying } from "./conversation.ts";
 * import { program } from "../maelstrom.ts";
 * import { message, string } from "../schema.ts";
 *
 * const helloProtocol = { say: message(saying(string)) };
 *
 * export default program(helloProtocol, (node) => {
 *   const { peers, roundTrip } = conversations<string>(node, {
 *     onSilence: speak,
 *     all: () => ["hello"],
 *   });
 *   function speak(id: string) {
 *     const patienceMs = roundTrip.patienceMs + 100;
 *     node.send(id, "say", peers.get(id)!.say(patienceMs));
 *   }
 *   node.on("say", (saying, src) => {
 *     const { items, isUrgent } = peers.get(src)!.hear(saying);
 *     for (const item of items) node.log(`heard ${item}`);
 *     if (isUrgent) speak(src);
 *   });
 *   node.every(100, () => {
 *     for (const [id, peer] of peers) {
 *       if (peer.hasNews || peer.owesSince < Infinity) speak(id);
 *     }
 *   });
 *   for (const peer of peers.values()) peer.owe("hello");
 * });
 * ```
 *
 * What a life had acknowledged and told nobody dies with it. Memory holds what is unacknowledged.
 *
 * @module
 */
import { Arrivals } from "./arrivals.ts";
import { Departures } from "./departures.ts";
import type { Json, Stop } from "../node/world.ts";
import type { Node } from "../maelstrom.ts";
import { Life } from "./life.ts";
import { RoundTrip } from "./round-trip.ts";
import {
  array,
  natural,
  object,
  oneOf,
  type Optional,
  optional,
  type Schema,
} from "../schema.ts";

/** The longest pause between two tries to reach a silent peer, in ms: a heal is noticed within it. */
const RETRY_CAP_MS = 2_000;

/** How long there may be something to say before a greeting goes alone, in ms. */
const GREET_MS = 1_500;

/** How many items a try to reach a silent peer holds at most. */
const PROBE = 100;

/**
 * The range of tags, and how far two in a row are apart at least: further than items are on their
 * way. With six digits, one stray message in ten thousand of an earlier life's goes unnoticed: what
 * it seems to acknowledge or bring may then be lacking until one of the two starts again.
 */
const TAGS = { from: 100_000, to: 1_000_000, apart: 200_000 };

/** The least time between two answers that do not wait for their turn, in ms. */
const LEAST_URGENT_MS = 10;

/** The greeting: sent with every message until the peer has answered. */
export type Hello = {
  /** The life that speaks. */
  me: number;
  /** The life that is spoken to, if the sender knows of one. */
  you?: number;
  /** What to add to acknowledgements. */
  tag: number;
  /** How many items the sender owed when it said this, if any. */
  owes?: number;
  /** The receiver has had an earlier life, and is owed all that the sender knows. */
  back?: true;
};

/**
 * One message of a conversation. Names are letters: with words, broadcast would send more bytes
 * of names than of values.
 */
export interface Saying<T extends Json> {
  /** How many items came before these. */
  n: number;
  /** The values: some items, in the order of their numbers. */
  v: T[];
  /** The acknowledgement: the receiver's tag, and how many of its items have arrived without a gap. */
  a?: number;
  /** How long that was held back, in milliseconds, if it first answers a single message. */
  h?: number;
  /** The sender has missed items or answers: it wants all that it lacks, at once. */
  lost?: true;
  /** The greeting, until the other side has answered. */
  hello?: Hello;
}

const hello: Schema<Hello> = object({
  me: natural,
  you: optional(natural),
  tag: natural,
  owes: optional(natural),
  back: optional(oneOf(true)),
});

/** What a {@link Saying} is at run time. */
export function saying<T>(item: Schema<T>): {
  n: Schema<number>;
  v: Schema<T[]>;
  a: Optional<number>;
  h: Optional<number>;
  lost: Optional<true>;
  hello: Optional<Hello>;
} {
  return {
    n: natural,
    v: array(item),
    a: optional(natural),
    h: optional(natural),
    lost: optional(oneOf(true)),
    hello: optional(hello),
  };
}

/** What a message has brought. */
export interface Heard<T> {
  /** The items to take: in order, each once, or as they come. */
  items: T[];
  /**
   * Whether to answer at once, since something was lost: items, answers, contact with the peer
   * for a while, or a node's whole memory.
   */
  isUrgent: boolean;
}

/** The part of a node that conversations use. */
export type Talker = Pick<
  Node<Record<never, never>>,
  "now" | "after" | "random" | "log"
>;

/** The settings of a conversation. */
export interface ConversationOptions<T> {
  /** Takes the round trips that are measured; may be shared. */
  roundTrip: RoundTrip;
  /** Called when a peer has not answered in time: it may be spoken to again now. */
  onSilence(peer: string): void;
  /** What to tell a peer that has lost its memory: all that is known, its own included. */
  all(): T[];
  /** Whether items are to be taken in order, each once; else as they come, perhaps repeatedly (sets, maxima). */
  inOrder?: boolean;
  /** The longest pause between two tries to reach a silent peer, in milliseconds; 2000 if not given. */
  capMs?: number;
  /**
   * How long a greeting waits for items to ride on, in milliseconds; 1500 if not given. Then it
   * costs no message of its own.
   */
  greetMs?: number;
}

/** The conversations of a node with all its peers, which share what a round trip takes. */
export function conversations<T extends Json>(
  node: Talker & { readonly peers: readonly string[] },
  options: Omit<ConversationOptions<T>, "roundTrip">,
): { peers: Map<string, Conversation<T>>; roundTrip: RoundTrip } {
  const roundTrip = new RoundTrip();
  const life = new Life(node);
  const talk = (id: string) =>
    new Conversation<T>(node, id, life, { ...options, roundTrip });
  return { peers: new Map(node.peers.map((id) => [id, talk(id)])), roundTrip };
}

/** A node's side of its conversation with another. */
export class Conversation<T extends Json> {
  readonly #node: Talker;
  readonly #options: Required<ConversationOptions<T>>;
  readonly #greetAt: number;
  readonly #departures = new Departures<T>();
  #arrivals = new Arrivals<T>();
  /** The tags from which the peer's acknowledgements count, and those for the peer. */
  #tag = 0;
  #theirTag: number | null = null;
  /** How many items the peer owed when it first spoke to this life; null before. */
  #owing: number | null = null;
  /** Whether the peer is owed everything, having lost its memory; whether it said so of this node. */
  #tellsAll = false;
  #isTold = false;
  /** Whether the peer has to be greeted, although it has answered. */
  #mustGreet = false;
  /** How many messages with items have come since this side spoke. */
  #unanswered = 0;
  /** When it last answered out of turn. */
  #urgentAt = -Infinity;
  #patienceMs = 0;
  #stopWaiting: Stop = () => {};
  /** How often in a row the peer has not answered in time; 0 while it does. */
  silence = 0;
  /** When it spoke last. */
  heardAt = -Infinity;
  /** Since when it is owed an acknowledgement; Infinity when it is not. */
  owesSince = Infinity;
  /** The other node. */
  readonly peer: string;
  /** The life of this node. */
  readonly #life: Life;

  /** A conversation of a life of this node with a peer. */
  constructor(
    node: Talker,
    peer: string,
    life: Life,
    options: ConversationOptions<T>,
  ) {
    this.peer = peer;
    this.#life = life;
    this.#node = node;
    this.#options = {
      inOrder: false,
      capMs: RETRY_CAP_MS,
      greetMs: GREET_MS,
      ...options,
    };
    this.#greetAt = node.now() + this.#options.greetMs;
    this.#begin();
    life.onRaise(() => this.#begin());
  }

  /** Whether there is something to say that has not been said, to a peer that answers. */
  get hasNews(): boolean {
    if (this.#isUnheard || this.#departures.isAllSent) return false;
    return this.unacknowledged > 0 || this.#node.now() >= this.#greetAt;
  }

  /** Whether the peer has greeted this life, and everything has arrived that it owed it then. */
  get isCaughtUp(): boolean {
    return this.#owing !== null && this.#arrivals.count >= this.#owing;
  }

  /** Whether the peer knew an earlier life of this node, and has told all that it knew. */
  get hasGivenBack(): boolean {
    return this.#isTold && this.isCaughtUp;
  }

  /** How many items the peer has yet to acknowledge. */
  get unacknowledged(): number {
    return this.#departures.owed.length;
  }

  /** Adds an item to be said. The caller must not change it any more. */
  owe(item: T): void {
    this.#departures.owe(item);
  }

  /** Adds what is owed to another peer and not yet to this one. */
  oweAs(other: Conversation<T>): void {
    const owed = new Set(this.#departures.owed);
    for (const item of other.#departures.owed) {
      if (!owed.has(item)) this.owe(item);
    }
  }

  /**
   * The next message, which the caller must send: items that have not been sent, and how many
   * have arrived.
   *
   * @param patienceMs how long an answer may take, at first
   */
  say(patienceMs: number): Saying<T> {
    const now = this.#node.now();
    const wasAwaited = this.#departures.isAwaited;
    const { n, items, isNew } = this.#departures.send(this.#most, now);
    const saying: Saying<T> = { n, v: items };
    if (this.#theirTag !== null) {
      saying.a = this.#theirTag + this.#arrivals.count;
    }
    if (this.#unanswered === 1) saying.h = Math.round(now - this.owesSince);
    if (this.#isUnheard || this.#hasLost) saying.lost = true;
    if (this.#isUnmet || this.#mustGreet) saying.hello = this.#hello();
    this.#mustGreet = false;
    this.owesSince = Infinity;
    this.#unanswered = 0;
    if (isNew) this.#patienceMs = patienceMs;
    if (isNew && !wasAwaited) this.#wait();
    return saying;
  }

  /** Takes in what the peer has said. */
  hear(saying: Saying<T>): Heard<T> {
    const { n: from, v: items, a, h: held, lost, hello } = saying;
    const { roundTrip, inOrder } = this.#options;
    const now = this.#node.now();
    const wasUnheard = this.#isUnheard;
    this.heardAt = now;
    if (hello !== undefined) this.#meet(hello);
    if (!this.#isMeant(saying)) {
      // A peer that does not greet, and does not know this life, has yet to hear of it.
      if (this.#isUnmet) this.#mustGreet = true;
      return { items: [], isUrgent: this.#urgent(this.#mustGreet) };
    }
    if (hello === undefined) this.#owing ??= 0; // nothing, or it would have greeted anew
    const ack = a === undefined ? -1 : a - this.#tag;
    if (ack > this.#departures.acked) this.#acknowledge(ack, held);
    // What should have arrived before the peer spoke, and has not, is resent.
    const late = now - this.#departures.sentAt > roundTrip.patienceMs;
    // A complaint does not count if it may have crossed what it asks for.
    const rewoundMs = now - this.#departures.rewoundAt;
    const complains = lost === true && rewoundMs >= roundTrip.meanMs;
    if (wasUnheard || complains || late) this.#departures.rewind(now);
    const to = from + items.length;
    const again = this.#arrivals.hasSomeOf(from, to);
    const taken = this.#arrivals.take(from, to, inOrder ? items : [], now);
    if (items.length > 0 || hello !== undefined) {
      this.owesSince = Math.min(now, this.owesSince);
      this.#unanswered += again ? 2 : 1; // the first of two has had its answer
    }
    const isDue = wasUnheard || this.#isUnheard || complains || again ||
      this.#hasLost || this.#mustGreet;
    return { items: inOrder ? taken : items, isUrgent: this.#urgent(isDue) };
  }

  /** Forgets how far the conversation had got: it begins anew, with these items or what is owed. */
  #begin(owed?: T[]): void {
    const { from, to, apart } = TAGS;
    const random = Math.floor(this.#node.random() * (to - from - 2 * apart));
    this.#tag = from + (this.#tag - from + apart + random) % (to - from);
    this.#departures.begin(owed);
    this.silence = 0;
    this.#stopWaiting();
  }

  #hello(): Hello {
    const hello: Hello = { me: this.#life.stamp, tag: this.#tag };
    const theirLife = this.#life.latest(this.peer);
    if (theirLife > 0) hello.you = theirLife;
    if (this.unacknowledged > 0) hello.owes = this.unacknowledged;
    if (this.#tellsAll) hello.back = true;
    return hello;
  }

  /** Learns from a greeting which lives it comes from and is meant for. */
  #meet({ me, you = 0, tag, owes = 0, back }: Hello): void {
    const life = this.#life;
    life.raise(you);
    const isMine = you === life.stamp;
    const meeting = life.meet(this.peer, me);
    if (meeting === "first" || meeting === "next") {
      this.#theirTag = this.#owing = null;
    }
    if (meeting === "next") {
      this.#tellsAll = true;
      this.#begin(this.#options.all());
      this.#mustGreet = true;
    } else if (meeting === "over") {
      // An earlier life, which is over; or a later one, whose clock was set back: it may know this
      // life from what was meant for the earlier one, and must hear of that one to be stamped above it.
      this.#mustGreet = true;
      return;
    }
    this.#mustGreet ||= !isMine && you > 0;
    // What was meant for an earlier life is not acknowledged: its tag is over.
    const isFirst = you === 0 && this.#theirTag === null;
    if (tag !== this.#theirTag && (isMine || isFirst)) {
      this.#theirTag = tag;
      this.#arrivals = new Arrivals();
      this.#owing = null;
    }
    if (isMine) this.#owing ??= owes;
    if (isMine && back === true) this.#isTold = true;
  }

  /** Whether a message is of this conversation, and not of earlier lives. */
  #isMeant({ a, hello }: Saying<T>): boolean {
    if (this.#theirTag === null) return false;
    if (hello !== undefined) {
      const { me, you = 0, tag } = hello;
      const isForMe = you === 0 || you === this.#life.stamp;
      if (
        me !== this.#life.latest(this.peer) || !isForMe ||
        tag !== this.#theirTag
      ) {
        return false;
      }
    }
    if (a === undefined) return hello !== undefined;
    return this.#departures.isPossible(a - this.#tag);
  }

  /** At most one answer in a round trip goes out of turn. */
  #urgent(isDue: boolean): boolean {
    const { meanMs } = this.#options.roundTrip;
    const now = this.#node.now();
    const isUrgent = isDue &&
      now - this.#urgentAt >= Math.max(LEAST_URGENT_MS, meanMs);
    if (isUrgent) this.#urgentAt = now;
    else if (isDue) this.owesSince = Math.min(now, this.owesSince);
    return isUrgent;
  }

  /** Whether the peer does not answer in time, or speaks and does not hear. */
  get #isUnheard(): boolean {
    return this.silence > 0 || this.#departures.inVain > 1;
  }

  /** Whether the peer has yet to acknowledge the greeting. */
  get #isUnmet(): boolean {
    return this.#departures.acked < 0;
  }

  /** How many items a message may hold. All that is known, for a peer that lost its memory, waits for its answer. */
  get #most(): number {
    if (!this.#isUnheard) return Infinity;
    return this.#isUnmet && this.#tellsAll ? 0 : PROBE;
  }

  /** Whether items are missing that others have overtaken so long ago that they must be lost. */
  get #hasLost(): boolean {
    const missingMs = this.#node.now() - this.#arrivals.missingSince;
    return missingMs >= this.#options.roundTrip.overtakingMs;
  }

  #acknowledge(ack: number, held: number | undefined): void {
    const sentAt = this.#departures.acknowledge(ack);
    if (sentAt !== undefined && held !== undefined) {
      this.#options.roundTrip.measure(this.#node.now() - sentAt - held);
    }
    this.silence = 0;
    this.#stopWaiting();
    if (this.#departures.isAwaited) this.#wait();
  }

  #wait(): void {
    const doubledMs = this.#patienceMs * 2 ** this.silence;
    const pauseMs = this.silence === 0
      ? this.#patienceMs
      : Math.min(this.#options.capMs, doubledMs) *
        (1 - this.#node.random() / 4);
    this.#stopWaiting();
    this.#stopWaiting = this.#node.after(pauseMs, () => {
      if (!this.#departures.isAwaited) return; // there is nothing to wait for any more
      this.silence++;
      this.#departures.rewind(this.#node.now());
      this.#options.onSilence(this.peer);
    });
  }
}
