/**
 * lin-kv: registers by Viewstamped Replication.
 *
 * Algorithm: Viewstamped Replication Revisited (Liskov and Cowling, 2012). Nodes take turns as
 * primary, one per view, and a view starts with the best log that a majority brings into it. This
 * file holds the view changes. Unlike in the paper, no node leaves a view before a majority would,
 * so a node that returns from a cut does not end the view. lib/consensus/replica.ts has the rest,
 * and makes the paper's recovery safe: no quorum counts messages of an earlier life of a node.
 *
 * Guarantees: those of lin-kv-raft, with one exception: after a cut or the primary's death, nodes
 * answer again later than that if the next primaries are gone, too.
 *
 * Costs: those of lin-kv-raft. In a view change each node sends its whole log to the primary, which
 * sends its own back; Raft does not need that.
 */
import { logState } from "../lib/consensus/log.ts";
import { header, replicaProtocol } from "../lib/consensus/messages.ts";
import { Replica } from "../lib/consensus/replica.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import { amongNodes, message, natural } from "../lib/schema.ts";

/** What a node brings into a view; `normal` is the last view in which it had the primary's log. */
const brought = { ...header, log: logState, commit: natural, normal: natural };

const protocol = {
  ...replicaProtocol,
  ...amongNodes({
    /** Proposes a view change; the header's epoch is the new view. */
    start_view_change: message(header),
    do_view_change: message(brought),
    start_view: message(brought),
  }),
};

type VrProtocol = ProtocolOf<typeof protocol>;
type Proposal = Parameters<VrProtocol["start_view_change"]>[0];
type Brought = Parameters<VrProtocol["start_view"]>[0];

/** How long a proposal of a view counts, and the least time between two answers to a node's proposals, in ms. */
const PROPOSAL_MS = { counts: 1_000, again: 100 };

/** A node of Viewstamped Replication. Its views are the epochs of a replica. */
export class Vr extends Replica<VrProtocol> {
  /** The last view in which it had the primary's log. */
  #lastNormal = 0;
  /** The view that it proposes to change to; below, when each node last proposed the same. */
  #proposed = 0;
  readonly #proposers = new Map<string, number>();
  /** At a view's primary, what nodes have brought into the view. */
  readonly #brought = new Map<string, Brought>();

  constructor(node: Node<VrProtocol>) {
    super(node);
    node.on("start_view_change", (m, src) => this.#onStartViewChange(m, src));
    node.on("do_view_change", (message, src) => this.#onBrought(message, src));
    node.on("start_view", (message, src) => this.#onStartView(message, src));
  }

  /** The primary of a view: nodes take turns. */
  #primary(view: number): string {
    return this.node.ids[view % this.node.ids.length]!;
  }

  protected override onBegin(): void {
    if (this.epoch > 0) return;
    if (this.#primary(0) === this.node.id) this.lead();
    else this.follow(this.#primary(0), 0);
  }

  /** Enters a view, unless it has, to ask the primary for the whole log: without it, no node is part of the view. */
  protected override join(_leader: string, view: number): boolean {
    const isAsking = view === this.epoch && view >= this.#proposed;
    if (!isAsking) this.#enter(this.#proposed = view);
    return false;
  }

  /** Enters a view that another node is in: nodes are in a view only if a majority would enter it. */
  protected override onEpoch(epoch: number): void {
    this.#enter(epoch);
  }

  protected override onSilence(): void {
    this.#propose(Math.max(this.#proposed, this.epoch + 1));
  }

  protected override follow(leader: string | null, view: number): void {
    if (leader !== null) this.#lastNormal = view;
    super.follow(leader, view);
  }

  protected override lead(): void {
    this.#lastNormal = this.epoch;
    super.lead();
  }

  protected override forget(id: string): void {
    super.forget(id);
    this.#proposers.delete(id);
    this.#brought.delete(id);
  }

  /** Proposes a view, and enters it as soon as a majority proposes it. */
  #propose(view: number): void {
    if (view !== this.#proposed) this.#proposers.clear();
    this.#proposed = view;
    this.#proposers.set(this.node.id, this.node.now());
    this.insist(() => this.epoch >= view || this.#proposed !== view, () => {
      const message = { ...this.header, epoch: view };
      for (const id of this.node.peers) {
        this.own.send(id, "start_view_change", message);
      }
    });
    this.#tally();
  }

  /** Enters the proposed view if a majority has proposed it lately. */
  #tally(): void {
    const since = this.node.now() - PROPOSAL_MS.counts;
    const all = [...this.#proposers.values()].filter((at) => at >= since);
    if (all.length < this.majority || this.#proposed <= this.epoch) return;
    this.#enter(this.#proposed);
  }

  #onStartViewChange(message: Proposal, src: string): void {
    if (!this.hear(src, message)) return;
    const { epoch: view } = message;
    // A node that hears its primary supports no proposal of nodes that do not.
    if (view < this.#proposed || this.isLed) return;
    const now = this.node.now();
    const last = this.#proposers.get(src) ?? 0;
    if (view > this.#proposed) this.#propose(view);
    else if (now > last + PROPOSAL_MS.again) {
      this.own.send(src, "start_view_change", { ...this.header, epoch: view });
    }
    this.#proposers.set(src, now).set(this.node.id, now);
    this.#tally();
  }

  /** Leaves its view for a later one, and brings its log there. */
  #enter(view: number): void {
    this.#brought.clear();
    this.follow(null, view);
    const brought = this.#bringing;
    const primary = this.#primary(view);
    if (primary === this.node.id) return this.#take(primary, brought);
    this.insist(
      () => this.leader !== null || this.epoch > view,
      () => this.own.send(primary, "do_view_change", brought),
    );
  }

  #onBrought(message: Brought, src: string): void {
    if (!this.hear(src, message) || message.epoch < this.epoch) return;
    if (message.epoch > this.epoch) this.#enter(message.epoch);
    this.#take(src, message);
  }

  /** Takes a log for a new view. Once a majority's are here, the view starts with the best. */
  #take(src: string, brought: Brought): void {
    // A view starts once: logs that come later may lack what it has committed since.
    if (this.leader === this.node.id) this.#startView(src);
    if (this.#lastNormal === this.epoch) return;
    this.#brought.set(src, brought);
    if (this.#brought.size < this.majority) return;
    const all = [...this.#brought.values()].sort(compare);
    this.adopt(all.at(-1)!.log, Math.max(...all.map(({ commit }) => commit)));
    this.lead();
    for (const id of this.node.peers) this.#startView(id);
  }

  /** What this node brings into a view or, as its primary, starts it with. */
  get #bringing(): Brought {
    const { header, log, commit } = this;
    return { ...header, log: log.state(), commit, normal: this.#lastNormal };
  }

  #onStartView(message: Brought, src: string): void {
    if (!this.hear(src, message) || message.epoch < this.epoch) return;
    if (message.epoch === this.epoch && this.leader !== null) return;
    this.follow(src, message.epoch);
    this.adopt(message.log, message.commit);
  }

  #startView(id: string): void {
    this.own.send(id, "start_view", this.#bringing);
  }
}

/** Orders logs: the log of a later view is better and, of two logs of one view, the longer. */
function compare(one: Brought, other: Brought): number {
  const last = ({ log }: Brought) => log.base.index + log.entries.length;
  return one.normal - other.normal || last(one) - last(other);
}

/** A replica of the registers. */
const linKvVr = program(protocol, (node) => void new Vr(node));

export default linKvVr;

if (import.meta.main) await run(linKvVr);
