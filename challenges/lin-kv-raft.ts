/**
 * lin-kv: registers by Raft.
 *
 * Algorithm: Raft (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm",
 * 2014). The nodes elect a leader for each term; only the leader appends to the log, and what a
 * majority has is committed. This file holds the elections. A trial vote precedes each, so that a
 * node that returns from a cut does not depose the leader. Replication, reads by ReadIndex,
 * snapshots and recovery are in lib/consensus/replica.ts.
 *
 * Guarantees: linearizable, for any number of nodes, whatever is lost, late, repeated, cut, paused
 * or killed; no clock is trusted. A write or cas that passes from leader to leader takes effect
 * once. While the nodes of a majority can talk to each other in both directions, they answer
 * requests; after a cut or the leader's death, they answer again within 1.5 s and 12 hops. Nodes
 * keep nothing on disk: a killed node neither votes nor acknowledges until lin-kv has counted its
 * start and the others have told it what it knew. So any minority may be killed, any number of
 * times; but if a majority is dead or recovering at one time, no request succeeds any more, as its
 * promises are lost. A client waits for 0.9 s at most, or four round trips where these take longer,
 * up to 4.5 s, and is told whether its request was dropped or may yet take effect.
 *
 * Costs: a round is n - 1 messages and as many answers, at most every 20 ms, every 70 ms when idle.
 * Nodes send their clients' requests with their answers: for 3 nodes S is at most
 * 200 / rate + 0.67, 2.3 on the command. A change takes two network round trips and 10 to 50 ms,
 * and so does a read. A log has at most 1000 entries; a message to a node that has restarted, or
 * has missed more entries than that, holds all registers.
 */
import { header, replicaProtocol } from "../lib/consensus/messages.ts";
import { Replica } from "../lib/consensus/replica.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import { amongNodes, boolean, message, natural } from "../lib/schema.ts";

const protocol = {
  ...replicaProtocol,
  ...amongNodes({
    /** Asks for a vote, and says how far the log goes; `trial` asks whether a vote would be given. */
    canvass: message({
      ...header,
      trial: boolean,
      last: natural,
      lastEpoch: natural,
    }),
    vote: message({ ...header, trial: boolean, granted: boolean }),
  }),
};

/** What nodes and their clients say. */
export type RaftProtocol = ProtocolOf<typeof protocol>;

/** What a candidate says, and what it is answered. */
type Canvass = Parameters<RaftProtocol["canvass"]>[0];
type Vote = Parameters<RaftProtocol["vote"]>[0];

/** A node of Raft. Its terms are the epochs of a replica. */
export class Raft extends Replica<RaftProtocol> {
  /** The node that it has voted for in this term. */
  protected votedFor: string | null = null;
  /** The term for which it asks votes, on trial or in earnest; below, who has given one. */
  #term = 0;
  readonly #votes = new Set<string>();

  constructor(node: Node<RaftProtocol>) {
    super(node);
    node.on("canvass", (message, src) => this.#onCanvass(message, src));
    node.on("vote", (message, src) => this.#onVote(message, src));
  }

  /** Only an entry of the leader's own term may be committed by counting its copies (the paper's figure 8). */
  protected override mayCommit(index: number): boolean {
    return this.log.epochOf(index) === this.epoch;
  }

  protected override onBegin(isLast: boolean): void {
    if (isLast) this.onSilence();
  }

  protected override join(leader: string, epoch: number): boolean {
    this.follow(leader, epoch);
    return true;
  }

  /** Asks first who would vote for this node, so that one that returns from a cut does not depose the leader. */
  protected override onSilence(): void {
    this.follow(null, this.epoch);
    this.#canvass(true, this.epoch + 1);
  }

  protected override onEpoch(epoch: number): void {
    this.follow(null, epoch);
  }

  protected override follow(leader: string | null, epoch: number): void {
    // A vote is for one term; a node that follows the term's leader must not vote for another.
    if (epoch > this.epoch) this.votedFor = leader;
    this.#votes.clear();
    super.follow(leader, epoch);
  }

  protected override lead(): void {
    // Entries of earlier terms are committed together with this entry, and not before.
    this.log.push([this.epoch, null]);
    super.lead();
  }

  protected override forget(id: string): void {
    super.forget(id);
    this.#votes.delete(id);
  }

  #canvass(trial: boolean, term: number): void {
    if (!trial) {
      this.epoch = term;
      this.votedFor = this.node.id;
      this.heardAt = this.node.now(); // a majority would vote for it: give the votes time to come
    }
    this.#term = term;
    this.#votes.clear();
    this.#tally(this.node.id, trial);
    const isOver = () =>
      this.leader !== null || this.#term !== term ||
      (trial ? this.epoch >= term : this.epoch > term);
    this.insist(isOver, () => {
      const { last } = this.log;
      const lastEpoch = this.log.epochOf(last)!;
      const message = { ...this.header, epoch: term, trial, last, lastEpoch };
      for (const id of this.node.peers) {
        if (!this.#votes.has(id)) this.own.send(id, "canvass", message);
      }
    });
  }

  #onCanvass(message: Canvass, src: string): void {
    if (!this.hear(src, message)) return;
    const { epoch, trial } = message;
    if (!trial && epoch > this.epoch) this.onEpoch(epoch);
    const granted = epoch >= this.epoch && this.mayVote(message, src);
    if (granted && !trial) {
      this.votedFor = src;
      this.heardAt = this.node.now();
    }
    const answer = granted ? epoch : this.epoch;
    this.own.send(src, "vote", {
      ...this.header,
      epoch: answer,
      trial,
      granted,
    });
  }

  /** Whether a candidate deserves a vote: nothing that is committed can be missing in its log. */
  protected mayVote({ epoch, trial, ...its }: Canvass, src: string): boolean {
    const { last } = this.log;
    const lastEpoch = this.log.epochOf(last)!;
    const upToDate = its.lastEpoch > lastEpoch ||
      (its.lastEpoch === lastEpoch && its.last >= last);
    if (!trial) return upToDate && (this.votedFor ?? src) === src;
    return upToDate && !this.isLed && epoch > this.epoch;
  }

  #onVote(message: Vote, src: string): void {
    if (!this.hear(src, message) || !this.isForUs(message)) return;
    const { epoch, trial, granted } = message;
    if (!granted) {
      if (epoch > this.epoch) this.onEpoch(epoch);
    } else if (epoch === this.#term && trial === epoch > this.epoch) {
      this.#tally(src, trial);
    }
  }

  #tally(id: string, trial: boolean): void {
    if (this.leader !== null) return;
    this.#votes.add(id);
    if (this.#votes.size < this.majority) return;
    if (trial) this.#canvass(false, this.#term);
    else this.lead();
  }
}

/** A replica of the registers. */
const linKvRaft = program(protocol, (node) => void new Raft(node));

export default linKvRaft;

if (import.meta.main) await run(linKvRaft);
