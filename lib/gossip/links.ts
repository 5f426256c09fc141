/**
 * Reliable links: what a node pushes reaches every peer, each item once and in order,
 * through loss, duplication, reordering and partitions.
 *
 * One log of items, kept until every peer has acknowledged them; one cursor per peer.
 * Acknowledgements are cumulative and ride on data, so in a conversation of two busy nodes
 * they cost no message. What is unacknowledged for too long is sent again, less and less
 * often and only its beginning, until the peer is heard of. A node that owes its peers
 * nothing is silent. This is TCP with the pace of gossip: nothing is sent but by
 * {@link Links.flush}, which the program calls as often as it likes to speak, or in answer
 * to a peer that was thought lost.
 *
 * Memory and messages are bounded by what is unacknowledged. Assumed: nodes live as long as
 * the run (a node that lost its memory cannot take up its links again).
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
 *   const all: string[] = [];
 *   const links = new Links<string>(node, (texts) => void all.push(...texts));
 *   node.on("note", ({ text }) => {
 *     all.push(text);
 *     links.push(text);
 *     return {};
 *   });
 *   node.every(100, () => links.flush());
 * });
 * ```
 *
 * @module
 */
import type { Json, Node } from "../maelstrom.ts";
import { amongNodes, array, message, natural, type Schema } from "../schema.ts";

/** One message of a link. */
export interface Batch<T extends Json> {
  /** How many items of this link come before these. */
  after: number;
  /** The items that follow. */
  items: T[];
  /** How many items of the opposite link have arrived. */
  ack: number;
}

/** What a protocol must have for its node to have links. */
export interface LinksProtocol<T extends Json> {
  batch(message: Batch<T>): void;
}

/** What {@link LinksProtocol} is at run time. */
export function linksProtocol<T>(item: Schema<T>): {
  batch: ReturnType<typeof batchOf<T>>;
} {
  return amongNodes({ batch: batchOf(item) });
}

function batchOf<T>(item: Schema<T>) {
  return message({ after: natural, items: array(item), ack: natural });
}

/** The part of a node that links use. */
export type LinksNode<T extends Json> = Pick<
  Node<LinksProtocol<T>>,
  "peers" | "now" | "on" | "send"
>;

/** How patient links are. */
export interface LinksOptions {
  /**
   * Milliseconds after which what is unacknowledged is first sent again, at least: more
   * where acknowledgements have taken longer. 250 if not given; it should exceed twice the
   * time between flushes, since acknowledgements wait for them.
   */
  patienceMs?: number;
  /**
   * The longest time between two tries to reach a silent peer, in milliseconds, but for the
   * same exception; 400 if not given.
   */
  capMs?: number;
  /**
   * The longest time between two tries whatever acknowledgements take, in milliseconds;
   * none if not given. For programs that promise how soon after a cut all has arrived, at
   * the price of sending things twice where round trips are longer.
   */
  limitMs?: number;
  /**
   * How long an acknowledgement may wait for items to ride on, in milliseconds; 0 if not
   * given: then the next flush sends it. Patience must be longer.
   */
  ackDelayMs?: number;
  /** How many items a try to reach a silent peer holds at most; 100 if not given. */
  probe?: number;
  /**
   * How many messages that came too early are kept at most; 100 if not given. What is not
   * kept is sent again.
   */
  early?: number;
}

/** Items have arrived: new ones, in the order in which their node pushed them. */
export type Deliver<T extends Json> = (items: T[], src: string) => void;

/** Items that came, and how many come before them. */
type Early<T extends Json> = Pick<Batch<T>, "after" | "items">;

/** How far one peer has got. Counts of items, from the beginning of each log. */
interface Peer<T extends Json> {
  /** Of ours: arrived there, as far as we know. */
  acked: number;
  /** Of ours: sent there. */
  sent: number;
  /** Of theirs: arrived here, without a gap. */
  received: number;
  /** Of theirs: arrived before what comes before them, in the order in which they were pushed. */
  early: Early<T>[];
  /** Since when they have yet to hear how much has arrived here; Infinity when they know. */
  owedSince: number;
  /** When items were last sent there. */
  sentAt: number;
  /** When to send the unacknowledged again. */
  resendAt: number;
  /** How often it has been sent again in a row: 0 while the peer answers. */
  silence: number;
  /** How long acknowledgements take, in milliseconds; 0 before the first. */
  ackMs: number;
  /** What an acknowledgement's time is measured by: an item's count, and when it was sent. */
  timed: { count: number; at: number } | null;
}

/** The links of a node to all its peers. */
export class Links<T extends Json> {
  readonly #node: LinksNode<T>;
  readonly #deliver: Deliver<T>;
  readonly #options: Required<LinksOptions>;
  readonly #peers: Map<string, Peer<T>>;
  /** Items that some peer has not acknowledged. */
  #log: T[] = [];
  /** How many items came before those. */
  #trimmed = 0;

  constructor(
    node: LinksNode<T>,
    deliver: Deliver<T>,
    options: LinksOptions = {},
  ) {
    this.#node = node;
    this.#deliver = deliver;
    this.#options = {
      patienceMs: 250,
      capMs: 400,
      limitMs: Infinity,
      ackDelayMs: 0,
      probe: 100,
      early: 100,
      ...options,
    };
    this.#peers = new Map(node.peers.map((id) => [id, {
      acked: 0,
      sent: 0,
      received: 0,
      early: [],
      owedSince: Infinity,
      sentAt: 0,
      resendAt: 0,
      silence: 0,
      ackMs: 0,
      timed: null,
    }]));
    node.on("batch", (batch, src) => this.#receive(batch, src));
  }

  /** How many items some peer has yet to acknowledge. */
  get unacknowledged(): number {
    return this.#log.length;
  }

  /** Adds an item, for the next {@link flush}. The caller must not change it any more. */
  push(item: T): void {
    if (this.#peers.size > 0) this.#log.push(item);
  }

  /** Sends each peer what it lacks, if it lacks anything. */
  flush(): void {
    for (const [id, peer] of this.#peers) this.#flush(id, peer);
  }

  #flush(id: string, peer: Peer<T>): void {
    const now = this.#node.now();
    const end = this.#trimmed + this.#log.length;
    if (peer.sent > peer.acked && now >= peer.resendAt) {
      peer.silence++;
      peer.sent = peer.acked;
      peer.timed = null;
    }
    // To a silent peer only the beginning is sent, and nothing new until it answers.
    const until = peer.silence === 0
      ? end
      : peer.sent === peer.acked
      ? Math.min(end, peer.acked + this.#options.probe)
      : peer.sent;
    const mustAck = now - peer.owedSince >= this.#options.ackDelayMs;
    if (until === peer.sent && !mustAck) return;
    if (peer.sent === peer.acked) peer.resendAt = now + this.#patienceMs(peer);
    if (peer.silence === 0 && until > peer.sent) {
      peer.timed ??= { count: until, at: now };
    }
    const [from, to] = [peer.sent - this.#trimmed, until - this.#trimmed];
    this.#node.send(id, "batch", {
      after: peer.sent,
      items: this.#log.slice(from, to),
      ack: peer.received,
    });
    if (until > peer.sent) peer.sentAt = now;
    peer.sent = until;
    peer.owedSince = Infinity;
  }

  #receive({ after, items, ack }: Batch<T>, src: string): void {
    const peer = this.#peers.get(src);
    if (peer === undefined) return;
    if (items.length > 0) {
      // If something is missing, or comes again, the peer should soon hear of it.
      const isNext = after === peer.received;
      const since = isNext ? this.#node.now() : -Infinity;
      peer.owedSince = Math.min(peer.owedSince, since);
      this.#accept(peer, { after, items }, src);
    }
    if (ack > peer.acked) this.#acknowledge(peer, ack, src);
    else if (peer.silence > 0) {
      // It can be heard again: try at once whether it hears us.
      peer.sent = peer.acked;
      this.#flush(src, peer);
    }
  }

  /**
   * Delivers what follows on what has arrived; keeps what came too early until the gap is
   * filled.
   */
  #accept(peer: Peer<T>, arrived: Early<T>, src: string): void {
    peer.early.push(arrived);
    peer.early.sort((a, b) => a.after - b.after);
    const fresh: T[] = [];
    while (peer.early.length > 0 && peer.early[0]!.after <= peer.received) {
      const { after, items } = peer.early.shift()!;
      const unseen = items.slice(peer.received - after);
      peer.received += unseen.length;
      fresh.push(...unseen);
    }
    if (peer.early.length > this.#options.early) peer.early.pop();
    if (fresh.length > 0) this.#deliver(fresh, src);
  }

  #acknowledge(peer: Peer<T>, ack: number, id: string): void {
    const now = this.#node.now();
    const wasSilent = peer.silence > 0;
    peer.acked = ack;
    peer.sent = Math.max(peer.sent, ack);
    peer.silence = 0;
    if (peer.timed !== null && ack >= peer.timed.count) {
      const sample = now - peer.timed.at;
      peer.ackMs = Math.max(sample, (7 * peer.ackMs + sample) / 8);
      peer.timed = null;
    }
    // As long as this acknowledgement may have waited, the next one has done so too.
    const patienceMs = this.#patienceMs(peer);
    const atOnceMs = patienceMs - this.#options.ackDelayMs;
    peer.resendAt = Math.max(now + atOnceMs, peer.sentAt + patienceMs);
    this.#trim();
    if (wasSilent) this.#flush(id, peer);
  }

  /** Twice the time an acknowledgement takes; doubled for every try in vain. */
  #patienceMs({ ackMs, silence }: Peer<T>): number {
    const { patienceMs, capMs, limitMs } = this.#options;
    const patience = Math.max(patienceMs, 2 * ackMs);
    const grown = Math.min(capMs, patience * 2 ** silence);
    return Math.min(limitMs, Math.max(patience, grown));
  }

  #trim(): void {
    let acked = Infinity;
    for (const peer of this.#peers.values()) {
      acked = Math.min(acked, peer.acked);
    }
    if (acked === this.#trimmed) return;
    this.#log = this.#log.slice(acked - this.#trimmed);
    this.#trimmed = acked;
  }
}
