/**
 * Reliable links: what a node pushes reaches every peer, in spite of loss, duplication, reordering,
 * partitions and restarts. Each link is a conversation; lib/gossip/conversation.ts says how it
 * works. Links are for programs that tell all their peers the same, at their own pace: nothing is
 * sent except by {@link Links.flush}, and in answer to a peer that has lost something. A node that
 * owes its peers nothing is silent.
 *
 * ```ts
 * import { program } from "../maelstrom.ts";
 * import { Links, linksProtocol } from "./links.ts";
 * import { rpc, string } from "../schema.ts";
 *
 * const noteProtocol = {
 *   note: rpc({ text: string }, {}),
 *   ...linksProtocol(string),
 * };
 *
 * export default program(noteProtocol, (node) => {
 *   const all = new Set<string>();
 *   const links = new Links<string>(node, {
 *     deliver: (texts) => texts.forEach((text) => all.add(text)),
 *     all: () => [...all],
 *   });
 *   node.on("note", ({ text }) => {
 *     all.add(text);
 *     links.push(text);
 *     return {};
 *   });
 *   node.every(100, () => links.flush());
 * });
 * ```
 *
 * @module
 */
import { Conversation, type Saying, saying } from "./conversation.ts";
import type { Json } from "../node/world.ts";
import type { Node } from "../maelstrom.ts";
import type { StandardSchema } from "../node/protocol.ts";
import { CatchUp, Life } from "./life.ts";
import { RoundTrip } from "./round-trip.ts";
import { amongNodes, message, type Schema } from "../schema.ts";

/** What a protocol must have for its node to have links. */
export interface LinksProtocol<T extends Json> {
  /** A message of a link. */
  say(saying: Saying<T>): void;
}

/** What {@link LinksProtocol} is at run time. */
export function linksProtocol<T extends Json>(item: Schema<T>): {
  say: { request: StandardSchema<Saying<T>> };
} {
  return amongNodes({ say: message(saying(item)) });
}

/** The part of a node that links use. */
export type LinksNode<T extends Json> = Pick<
  Node<LinksProtocol<T>>,
  "peers" | "now" | "on" | "send" | "after" | "random" | "log"
>;

/** What a program does with its links, and how patient they are. */
export interface LinksOptions<T extends Json> {
  /** The nodes to link to; all peers if not given. */
  ids?: readonly string[];
  /**
   * Takes items from a peer: with `inOrder` only new ones, in the order in which it pushed them;
   * else as they come.
   */
  deliver(items: T[], src: string): void;
  /** What to tell a peer that has lost its memory: all that is known, including what came from that peer. */
  all(): T[];
  /** Whether items are delivered in order and each once. */
  inOrder?: boolean;
  /**
   * How long an acknowledgement may wait for items to be sent with, in milliseconds; with 0, the
   * default, the next flush sends it.
   */
  ackDelayMs?: number;
  /** How long the first greeting may wait in the same way; as long as an acknowledgement if not given. */
  greetMs?: number;
  /**
   * The longest time between two flushes, in milliseconds; 100 if not given. With 0, links also
   * flush after every message that they receive.
   */
  flushMs?: number;
  /**
   * The longest time between two tries, in milliseconds, however long acknowledgements take; 2000
   * if not given. It bounds how soon everything has arrived after a cut, and after acknowledgements
   * that came late; where round trips are longer than this, items are sent twice.
   */
  capMs?: number;
}

/** A link, as one end sees it. */
interface Link<T extends Json> {
  talk: Conversation<T>;
  roundTrip: RoundTrip;
  /** How many messages this end has sent. */
  spoken: number;
  /** Whether this node's program has had what the peer gave back. */
  hasGivenBack: boolean;
}

/** The links of a node to all its peers. */
export class Links<T extends Json> {
  /** The life of this node, as its peers know it. */
  readonly life: Life;
  /** Ends when every peer has told this life all that it had to tell, or after a second. */
  readonly catchUp: CatchUp;
  readonly #node: LinksNode<T>;
  readonly #options: Required<LinksOptions<T>>;
  readonly #peers = new Map<string, Link<T>>();
  /** Whether other peers have yet to be told what this node got back. */
  #mustPassOn = false;

  /** Opens the links of a node, and handles their messages. */
  constructor(node: LinksNode<T>, options: LinksOptions<T>) {
    this.#node = node;
    this.life = new Life(node);
    this.catchUp = new CatchUp(node, () => this.isCaughtUp);
    this.#options = {
      ids: node.peers,
      inOrder: false,
      ackDelayMs: 0,
      greetMs: options.ackDelayMs ?? 0,
      flushMs: 100,
      capMs: 2_000,
      ...options,
    };
    const { life } = this;
    const { ids, deliver, flushMs } = this.#options;
    for (const id of ids) {
      const roundTrip = new RoundTrip();
      const talk = new Conversation<T>(node, id, life, {
        ...this.#options,
        roundTrip,
        onSilence: () => this.#speak(id),
      });
      this.#peers.set(id, { talk, roundTrip, spoken: 0, hasGivenBack: false });
    }
    node.on("say", (saying, src) => {
      const peer = this.#peers.get(src);
      if (peer === undefined) return;
      const { talk, spoken } = peer;
      const { items, isUrgent } = talk.hear(saying);
      if (items.length > 0) deliver(items, src);
      this.catchUp.look();
      if (talk.hasGivenBack && !peer.hasGivenBack) {
        peer.hasGivenBack = true;
        // The peer may be the only one that knew some of this.
        this.#mustPassOn = true;
        this.catchUp.run(() => this.#passOn());
      }
      if (flushMs === 0) this.flush();
      // A message that was sent meanwhile is an answer, too.
      if (isUrgent && peer.spoken === spoken) this.#speak(src);
    });
  }

  /** The number of items that a peer has yet to acknowledge, of the peer with the most. */
  get unacknowledged(): number {
    const counts = [...this.#peers.values()].map(({ talk }) =>
      talk.unacknowledged
    );
    return Math.max(0, ...counts);
  }

  /** Whether every peer has told this life all that it had to tell it when they met. */
  get isCaughtUp(): boolean {
    for (const { talk } of this.#peers.values()) {
      if (!talk.isCaughtUp) return false;
    }
    return true;
  }

  /**
   * Adds an item for all peers, or all but one, to be sent at the next {@link flush}. The caller
   * must not change it any more.
   */
  push(item: T, except?: string): void {
    for (const [id, { talk }] of this.#peers) {
      if (id !== except) talk.owe(item);
    }
  }

  /** Sends an item to one peer only, at once if it answers. The caller must not change it any more. */
  tell(id: string, item: T): void {
    const { talk } = this.#peers.get(id)!;
    talk.owe(item);
    if (talk.hasNews) this.#speak(id);
  }

  /**
   * Whether a peer has not answered for longer than its answers take, even if items are sent again
   * sooner than that.
   */
  isSilent(id: string): boolean {
    const peer = this.#peers.get(id)!;
    return peer.talk.silentMs >= this.#answerMs(peer);
  }

  /** Sends each peer the items and acknowledgements that are due, if any. */
  flush(): void {
    const { ackDelayMs } = this.#options;
    for (const [id, { talk }] of this.#peers) {
      if (talk.hasNews || talk.mustAnswer(ackDelayMs)) this.#speak(id);
    }
  }

  /** Tells all peers what this node has got back: once for everything that came back in time. */
  #passOn(): void {
    if (!this.#mustPassOn) return;
    this.#mustPassOn = false;
    for (const item of this.#options.all()) this.push(item);
  }

  #speak(id: string): void {
    const peer = this.#peers.get(id)!;
    peer.spoken++;
    const patienceMs = Math.min(this.#options.capMs, this.#answerMs(peer));
    this.#node.send(id, "say", peer.talk.say(patienceMs));
  }

  /** How long an answer may take, in milliseconds. */
  #answerMs({ roundTrip }: Link<T>): number {
    const { ackDelayMs, flushMs } = this.#options;
    return roundTrip.patienceMs + ackDelayMs + flushMs;
  }
}
