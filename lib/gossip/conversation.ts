/**
 * One side of a reliable conversation between two nodes. An item is owed to the peer until the peer
 * acknowledges it: it arrives in spite of loss, duplication, reordering, cuts and restarts. An
 * acknowledgement costs no message of its own as long as there are items to send. The program
 * decides when to send.
 *
 * It is a small TCP. Items are numbered, acknowledgements are cumulative and ride on items, and
 * round trips are measured by acknowledgements (Jacobson, "Congestion Avoidance and Control";
 * Karn's rule for what was sent twice). What a peer lacks is resent at once; a peer that is silent,
 * or receives nothing, gets only a little of it, with jittered pauses that double up to a cap.
 * Items that overtake others are kept, and not resent.
 *
 * Like a connection, a conversation is between one life of a node and one life of another. It
 * begins with a greeting, which has number 0 and says which lives are meant ({@link Hello}).
 * Acknowledgements count from a number that the greeting gives, drawn at random for every
 * conversation (the verification tag of SCTP, RFC 9260), so messages between earlier lives are
 * recognised. When a peer begins a new life, this is logged, and the peer is owed what
 * {@link ConversationOptions.all} returns.
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
 *       if (peer.hasNews || peer.mustAnswer(0)) speak(id);
 *     }
 *   });
 *   for (const peer of peers.values()) peer.owe("hello");
 * });
 * ```
 *
 * What a life had acknowledged but not yet told another node is lost with it. Unacknowledged items
 * are kept in memory.
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

/** The longest pause between two tries to reach a silent peer, in ms; a heal is noticed within this time. */
const RETRY_CAP_MS = 2_000;

/** How long a greeting waits for items before it is sent alone, in ms. */
const GREET_MS = 1_500;

/** How many items are sent at most in a try to reach a silent peer. */
const PROBE = 100;

/**
 * The range of tags, and the least distance between two in a row, which exceeds the number of items
 * under way. With k items under way, a stray message of an earlier life goes unnoticed in at most
 * 100 + k of 9,000,000 cases; the items that it seems to acknowledge or bring may then be missing
 * until one of the two nodes restarts.
 */
const TAGS = { from: 1_000_000, to: 10_000_000, apart: 2_000_000 };

/** The least time between two urgent answers, in ms. */
const LEAST_URGENT_MS = 10;

/** The greeting: sent with every message until the peer has answered. */
export type Hello = {
  /** The sender's life. */
  me: number;
  /** The receiver's life, if the sender knows of one. */
  you?: number;
  /** What to add to acknowledgements. */
  tag: number;
  /** How many items the sender owed when it sent this, if any. */
  owes?: number;
  /** The sender has known an earlier life of the receiver, so it owes it all that it knows. */
  back?: true;
};

/**
 * One message of a conversation. Names are single letters, as with words broadcast would send more
 * bytes of names than of values.
 */
export interface Saying<T extends Json> {
  /** How many items precede these. */
  n: number;
  /** Items, in the order of their numbers. */
  v: T[];
  /** The acknowledgement: the receiver's tag plus how many of its items have arrived without a gap. */
  a?: number;
  /**
   * How long the acknowledgement was held back, in milliseconds, if it is the first answer to a
   * single message.
   */
  h?: number;
  /** The sender misses items or answers, and asks for all that it lacks at once. */
  lost?: true;
  /** The greeting, until the receiver has answered it. */
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
  /** The items to take: in order and each once, or as they come. */
  items: T[];
  /**
   * Whether to answer at once, because something was lost: items, answers, contact with the peer
   * for a while, or all that a node knew.
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
  /** Receives the round trips that are measured; may be shared. */
  roundTrip: RoundTrip;
  /** Called when a peer has not answered in time; it may be sent another message now. */
  onSilence(peer: string): void;
  /** What to tell a peer that has lost its memory: all that is known, including what came from that peer. */
  all(): T[];
  /** Whether items are taken in order and each once; else as they come, perhaps repeatedly (sets, maxima). */
  inOrder?: boolean;
  /** The longest pause between two tries to reach a silent peer, in milliseconds; 2000 if not given. */
  capMs?: number;
  /**
   * How long a greeting waits for items before it is sent alone, in milliseconds; 1500 if not
   * given. With items, it costs no message of its own.
   */
  greetMs?: number;
}

/** The conversations of a node with all its peers, which share one estimate of round trips. */
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
  /** The tag from which the peer's acknowledgements count, and the tag for acknowledgements to the peer. */
  #tag = 0;
  #theirTag: number | null = null;
  /** How many items the peer owed this life in its first message to it; null before. */
  #owing: number | null = null;
  /** Whether the peer is owed everything, having lost its memory; and whether the peer said so of this node. */
  #tellsAll = false;
  #isTold = false;
  /** Whether the peer must be greeted again, although it has answered. */
  #mustGreet = false;
  /** How many messages with items have come since this side last sent one. */
  #unanswered = 0;
  /** When it last gave an urgent answer, and whether another was put off since. */
  #urgentAt = -Infinity;
  #isPutOff = false;
  #patienceMs = 0;
  #stopWaiting: Stop = () => {};
  /** How often in a row the peer has not answered in time; 0 while it does. */
  silence = 0;
  /** Since when an answer is awaited: the last one came, or nothing was awaited before. */
  #waitsSince = 0;
  /** When the peer was last heard. */
  heardAt = -Infinity;
  /** Since when the peer is owed an acknowledgement; Infinity when it is not. */
  #owesSince = Infinity;
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

  /** Whether there is something to send that has not been sent, and the peer answers. */
  get hasNews(): boolean {
    if (this.#isUnheard || this.#departures.isAllSent) return false;
    return this.unacknowledged > 0 || this.#node.now() >= this.#greetAt;
  }

  /** Whether the peer has greeted this life, and everything that it owed this life then has arrived. */
  get isCaughtUp(): boolean {
    return this.#owing !== null && this.#arrivals.count >= this.#owing;
  }

  /** Whether the peer knew an earlier life of this node, and has told this life all that it knew. */
  get hasGivenBack(): boolean {
    return this.#isTold && this.isCaughtUp;
  }

  /** For how long the peer has not answered, in milliseconds; 0 while it answers in time. */
  get silentMs(): number {
    return this.silence === 0 ? 0 : this.#node.now() - this.#waitsSince;
  }

  /** How many items the peer has yet to acknowledge. */
  get unacknowledged(): number {
    return this.#departures.owed.length;
  }

  /**
   * Whether to acknowledge now what has come, if that may wait for so many milliseconds for items to
   * ride on. An answer that was urgent, but came too soon after another, waits no longer.
   */
  mustAnswer(delayMs: number): boolean {
    if (this.#isPutOff || this.#owesSince === Infinity) return this.#isPutOff;
    return this.#node.now() - this.#owesSince >= delayMs;
  }

  /** Adds an item to be sent. The caller must not change it any more. */
  owe(item: T): void {
    this.#departures.owe(item);
  }

  /** Adds the items that are owed to another peer and not yet to this one. */
  oweAs(other: Conversation<T>): void {
    const owed = new Set(this.#departures.owed);
    for (const item of other.#departures.owed) {
      if (!owed.has(item)) this.owe(item);
    }
  }

  /**
   * The next message, which the caller must send: items that have not been sent, and how many items
   * of the peer have arrived.
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
    if (this.#unanswered === 1) saying.h = Math.round(now - this.#owesSince);
    if (this.#isUnheard || this.#hasLost) saying.lost = true;
    if (this.#isUnmet || this.#mustGreet) saying.hello = this.#hello();
    this.#mustGreet = false;
    this.#owesSince = Infinity;
    this.#isPutOff = false;
    this.#unanswered = 0;
    if (isNew) this.#patienceMs = patienceMs;
    if (isNew && !wasAwaited) this.#wait();
    return saying;
  }

  /** Takes in a message from the peer. */
  hear(saying: Saying<T>): Heard<T> {
    const { n: from, v: items, a, h: held, lost, hello } = saying;
    const { roundTrip, inOrder } = this.#options;
    const now = this.#node.now();
    const wasUnheard = this.#isUnheard;
    this.heardAt = now;
    if (hello !== undefined) this.#meet(hello);
    if (!this.#isMeant(saying)) {
      // The peer does not greet, and does not know this life: it must be told of it.
      if (this.#isUnmet) this.#mustGreet = true;
      return { items: [], isUrgent: this.#urgent(this.#mustGreet) };
    }
    if (hello === undefined) this.#owing ??= 0; // nothing, or it would have greeted anew
    const ack = a === undefined ? -1 : a - this.#tag;
    if (ack > this.#departures.acked) this.#acknowledge(ack, held);
    // What should have arrived before the peer sent this, but did not, is resent.
    const late = now - this.#departures.sentAt > roundTrip.patienceMs;
    // A complaint does not count if what it asks for may have been under way when it was sent.
    const rewoundMs = now - this.#departures.rewoundAt;
    const complains = lost === true && rewoundMs >= roundTrip.meanMs;
    if (wasUnheard || complains || late) this.#departures.rewind(now);
    const to = from + items.length;
    const again = this.#arrivals.hasSomeOf(from, to);
    const taken = this.#arrivals.take(from, to, inOrder ? items : [], now);
    if (items.length > 0 || hello !== undefined) {
      this.#owesSince = Math.min(now, this.#owesSince);
      this.#unanswered += again ? 2 : 1; // the first of two has had its answer
    }
    const isDue = wasUnheard || this.#isUnheard || complains || again ||
      this.#hasLost || this.#mustGreet;
    return { items: inOrder ? taken : items, isUrgent: this.#urgent(isDue) };
  }

  /** Starts the conversation over, with these items or those that are owed. */
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

  /** Learns from a greeting which life it comes from and which one it is meant for. */
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
      // This is an earlier life, which is over; or a later one, whose clock was set back. The
      // latter may know this life from a message to the earlier one, and must hear of the earlier
      // one to take a higher stamp.
      this.#mustGreet = true;
      return;
    }
    this.#mustGreet ||= !isMine && you > 0;
    // Items that were meant for an earlier life are not acknowledged: their tag is no longer valid.
    const isFirst = you === 0 && this.#theirTag === null;
    if (tag !== this.#theirTag && (isMine || isFirst)) {
      this.#theirTag = tag;
      this.#arrivals = new Arrivals();
      this.#owing = null;
    }
    if (isMine) this.#owing ??= owes;
    if (isMine && back === true) this.#isTold = true;
  }

  /** Whether a message belongs to this conversation, and not to one of earlier lives. */
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

  /** Whether to answer at once, if an answer is due: at most one answer per round trip is urgent. */
  #urgent(isDue: boolean): boolean {
    if (!isDue) return false;
    const { meanMs } = this.#options.roundTrip;
    const now = this.#node.now();
    if (now - this.#urgentAt < Math.max(LEAST_URGENT_MS, meanMs)) {
      this.#isPutOff = true;
      return false;
    }
    this.#urgentAt = now;
    return true;
  }

  /** Whether the peer does not answer in time, or sends messages but does not receive any. */
  get #isUnheard(): boolean {
    return this.silence > 0 || this.#departures.inVain > 1;
  }

  /** Whether the peer has yet to acknowledge the greeting. */
  get #isUnmet(): boolean {
    return this.#departures.acked < 0;
  }

  /** How many items a message may hold: few to an unheard peer, and none if it is owed all and unmet. */
  get #most(): number {
    if (!this.#isUnheard) return Infinity;
    return this.#isUnmet && this.#tellsAll ? 0 : PROBE;
  }

  /** Whether items are missing that were overtaken so long ago that they must be lost. */
  get #hasLost(): boolean {
    const { missingSince } = this.#arrivals;
    if (missingSince === Infinity) return false;
    const missingMs = this.#node.now() - missingSince;
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
    if (this.silence === 0) this.#waitsSince = this.#node.now();
    const doubledMs = this.#patienceMs * 2 ** this.silence;
    const pauseMs = this.silence === 0
      ? this.#patienceMs
      : Math.min(this.#options.capMs, doubledMs) *
        (1 - this.#node.random() / 4);
    this.#stopWaiting();
    this.#stopWaiting = this.#node.after(pauseMs, () => {
      if (!this.#departures.isAwaited) return; // nothing is awaited any more
      this.silence++;
      this.#departures.rewind(this.#node.now());
      this.#options.onSilence(this.peer);
    });
  }
}
