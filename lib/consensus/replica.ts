/**
 * What replicas of a state machine do while they have a leader, however it was chosen: replication
 * of the leader's log, commits, reads, and the recovery of a node that has lost its memory.
 * Subclasses (Raft, Viewstamped Replication) choose the next leader, and share the rest.
 *
 * Time is divided into epochs (terms, views), each with at most one leader. The leader sends new
 * entries of its log to all nodes in rounds: it does not wait for the answers to one round before
 * it begins the next (pipelining), and entries that come within {@link GATHER_MS} share a round
 * (batching). An answer says how much of the log has arrived, and brings the requests of the node's
 * own clients. So rounds carry everything both ways, and other messages are few. A node applies
 * what is committed and answers its own clients from that.
 *
 * Reads make no entry (ReadIndex: Ongaro's dissertation, 6.4). If a majority has answered a round
 * that began after the read was requested, the leader still led then; what was committed by then is
 * applied before the read is answered. Nothing is assumed about clocks.
 *
 * Every message says which of its lives each node is in, as far as the sender knows (Michael,
 * Ports, Sharma, Szekeres: "Recovering Shared Objects Without Stable Storage", 2017). What an
 * earlier life of a node has said no longer counts once a later one is known, so a quorum never
 * rests on forgotten promises. In Viewstamped Replication as published, late votes and
 * acknowledgements break recovery.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import type { Protocol } from "../node/protocol.ts";
import type { Stop } from "../node/world.ts";
import { Clients } from "./clients.ts";
import type { Asked, Follower } from "./followers.ts";
import { Log, type LogState } from "./log.ts";
import type {
  Ack,
  Append,
  Header,
  Known,
  ReplicaProtocol,
} from "./messages.ts";
import { Pace } from "./pace.ts";
import { type Command, Registers } from "./registers.ts";
import { enter, isComplete, type Lives, merge, untilBegun } from "./roll.ts";

/**
 * How long a node gathers before it sends again, in milliseconds: a longer time saves messages, a
 * shorter one latency.
 */
const GATHER_MS = 20;

/** How often a leader that has nothing to send sends a heartbeat, in milliseconds. */
const HEARTBEAT_MS = 70;

/** After how many milliseconds a message in search of a leader is repeated; this time then doubles. */
const REPEAT_MS = 150;

/** How often a node that has lost its memory asks the others for it, in milliseconds. */
const RECOVER_MS = 200;

/** How many entries a message holds at most. */
const PER_MESSAGE = 500;

/** A replica, except for how leaders are found. */
export abstract class Replica<P extends ReplicaProtocol & Protocol<P>> {
  protected readonly node: Node<ReplicaProtocol>;
  protected readonly log = new Log();
  protected readonly lives: Lives;
  protected epoch = 0;
  protected commit = 0;
  protected leader: string | null = null;
  /** How many committed entries its log keeps at most. */
  protected kept = 1_000;
  /** Whether it takes part, which it may when it knows all that it has ever promised. */
  protected normal = false;
  /** When the leader was last heard, or there was another reason to wait for one. */
  protected heardAt = 0;
  readonly #registers = new Registers();
  readonly #clients: Clients;
  readonly #followers = new Map<string, Follower>();
  readonly #self: number;
  #life = 0;
  /** Whether no earlier life of this node can have promised anything. */
  #original = false;
  /** Up to which entry this log certainly agrees with that of this epoch's leader. */
  #matched = 0;
  #round = 0;
  #asked: Asked[] = [];
  /** While it leads: the last entry of its log when it began to. */
  #inherited = 0;
  readonly #pace: Pace;
  #patienceMs = 0;
  /** When it last gave up waiting for a leader, and began to wait again. */
  #gaveUpAt = 0;
  #spokeAt = -Infinity;
  #stopGathering: Stop | null = null;
  #stopBeating: Stop = () => {};
  #stopRepeating: Stop = () => {};
  #answers = new Map<string, Known>();
  protected readonly own: Node<P>;

  constructor(own: Node<P>) {
    this.own = own;
    const node = this.node = own as unknown as Node<ReplicaProtocol>;
    this.#self = node.ids.indexOf(node.id);
    this.lives = node.ids.map(() => 0);
    this.#pace = new Pace(node);
    const stir = () => this.#stir();
    this.#clients = new Clients(node, this.#registers, this.#pace, stir);
    node.on("hello", () => {});
    node.on("append", (message, src) => this.#onAppend(message, src));
    node.on("ack", (message, src) => this.#onAck(message, src));
    node.on("recover", (message, src) => this.#onRecover(message, src));
    node.on("known", (message, src) => this.#onKnown(message, src));
    this.#begin();
  }

  /**
   * The group begins, with empty logs.
   *
   * @param isLast whether this node started last, so that all others waited for it
   */
  protected abstract onBegin(isLast: boolean): void;

  /** A leader that this node does not follow has sent entries; returns whether to take them in. */
  protected abstract join(leader: string, epoch: number): boolean;

  /** Finds another leader, as the present one is silent. */
  protected abstract onSilence(): void;

  /** Called when another node is found to be in a later epoch. */
  protected abstract onEpoch(epoch: number): void;

  /** Whether the entries up to this one are safe once a majority has them. */
  protected mayCommit(_index: number): boolean {
    return true;
  }

  /** Whether a leader knows all that was ever committed; any entry that it began with may have been. */
  protected get knowsAll(): boolean {
    return this.commit >= this.#inherited;
  }

  /** Discards what a node has said, as it has lost its memory. */
  protected forget(id: string): void {
    const follower = this.#followers.get(id);
    if (follower) {
      Object.assign(follower, { match: 0, round: 0, asked: 0 });
      delete follower.read;
    }
    this.#asked = this.#asked.filter((asked) => asked.id !== id);
    this.#answers.delete(id);
  }

  /** How many nodes are a majority. */
  protected get majority(): number {
    return Math.floor(this.node.ids.length / 2) + 1;
  }

  /** Whether a leader was heard recently, so that no other is needed. */
  protected get isLed(): boolean {
    return this.leader === this.node.id || this.leader !== null &&
        this.node.now() < this.heardAt + this.#pace.silenceMs;
  }

  /** What every message begins with. */
  protected get header(): Header {
    return { lives: this.lives, epoch: this.epoch };
  }

  /** Takes in the header of a message; returns whether to take in the rest. */
  protected hear(src: string, { lives }: Header): boolean {
    const sender = this.node.ids.indexOf(src);
    const isPeer = sender !== -1 && lives.length === this.lives.length;
    if (this.#life === 0 || !isPeer) return false;
    if (lives[sender]! < this.lives[sender]!) return false;
    const reborn = this.node.ids.filter((_, i) =>
      lives[i]! > this.lives[i]! && this.lives[i]! > 0
    );
    merge(this.lives, lives);
    for (const id of reborn) this.forget(id);
    this.normal ||= this.#original && isComplete(this.lives);
    return this.normal;
  }

  /** Whether a message is for this life: what its sender says to an earlier one may not hold for this one. */
  protected isForUs({ lives }: Header): boolean {
    return lives[this.#self] === this.#life;
  }

  /** Becomes the leader. */
  protected lead(): void {
    this.leader = this.node.id;
    this.#inherited = this.log.last;
    this.#asked = [];
    this.#followers.clear();
    for (const id of this.node.peers) {
      this.#followers.set(id, {
        next: this.log.last + 1,
        match: 0,
        round: 0,
        rewound: 0,
        heardAt: this.node.now(),
        asked: 0,
      });
    }
    this.#speak();
  }

  /** Follows a leader, or none for the time being. */
  protected follow(leader: string | null, epoch: number): void {
    this.#stopBeating();
    this.epoch = epoch;
    this.leader = leader;
    this.#matched = this.commit;
    this.heardAt = this.node.now();
  }

  /** Commits the entries up to this one, and applies them. */
  protected advance(index: number): void {
    while (this.commit < index) {
      const [, command] = this.log.at(++this.commit);
      if (command !== null) this.#registers.apply(command);
    }
    this.#clients.answer();
    if (this.log.length <= this.kept) return;
    this.log.compact(this.commit, this.#registers.snapshot());
  }

  /** Takes over a whole log. */
  protected adopt(state: LogState, commit: number): void {
    if (state.base.index > this.commit) {
      this.#registers.restore(state.base.snapshot);
      this.commit = state.base.index;
    }
    this.log.restore(state);
    this.#matched = this.log.last;
    this.advance(commit);
  }

  /** Sends a message repeatedly, until it is no longer needed or another call replaces it. */
  protected insist(
    until: () => boolean,
    say: () => void,
    pauseMs = REPEAT_MS,
  ): void {
    this.#stopRepeating();
    if (until()) return;
    say();
    const again = () => this.insist(until, say, 2 * pauseMs);
    this.#stopRepeating = this.node.after(pauseMs, again);
  }

  async #begin(): Promise<void> {
    const { node } = this;
    for (const peer of node.peers) node.send(peer, "hello", {});
    const { lives, again, tripMs } = await enter(node);
    this.#pace.learn(tripMs);
    merge(this.lives, lives);
    this.#life = this.#clients.life = this.lives[this.#self]!;
    this.#original = !again;
    const isLast = !again && isComplete(this.lives);
    if (again) await this.#recover();
    else if (!isLast) {
      await untilBegun(node, tripMs, (roll) => {
        merge(this.lives, roll);
        return isComplete(this.lives);
      });
    }
    this.normal = true;
    this.#watch();
    if (!again) this.onBegin(isLast);
  }

  /**
   * Giving up does not change {@link heardAt}, since a node that has given up its leader must help
   * others find another.
   */
  get #waitsFrom(): number {
    return Math.max(this.heardAt, this.#gaveUpAt);
  }

  /** Waits until the leader has fallen silent. */
  #watch(): void {
    const now = this.node.now();
    if (this.leader === this.node.id) this.heardAt = now;
    if (now >= this.#waitsFrom + this.#patienceMs) {
      const wasWaiting = this.#patienceMs > 0;
      // A node that is just cut off learns nothing about how slow the network is.
      if (this.heardAt > this.#gaveUpAt) this.#pace.slowDown();
      this.#patienceMs = this.#pace.drawWaitMs();
      this.#gaveUpAt = now;
      if (wasWaiting) this.onSilence();
    }
    const waitMs = this.#waitsFrom + this.#patienceMs - now;
    this.node.after(waitMs, () => this.#watch());
  }

  /** Sends what there is to send: now, or after the time for gathering. */
  #stir(): void {
    if (this.#stopGathering !== null || this.leader === null) return;
    const waitMs = this.#spokeAt + GATHER_MS - this.node.now();
    if (waitMs <= 0) return this.#speak();
    this.#stopGathering = this.node.after(waitMs, () => this.#speak());
  }

  #speak(): void {
    this.#stopGathering?.();
    this.#stopGathering = null;
    if (!this.normal || this.leader === null) return;
    if (this.leader !== this.node.id) return this.#acknowledge(0, false);
    this.#stopBeating();
    if (this.#isDeserted()) {
      this.#pace.slowDown();
      return this.follow(null, this.epoch);
    }
    this.#spokeAt = this.node.now();
    this.#take(this.#clients.commands(this.epoch));
    this.#ask(this.node.id, this.#clients.lastRead);
    this.#pace.begin(++this.#round);
    for (const id of this.#followers.keys()) this.#append(id);
    this.#count();
    this.#stopBeating = this.node.after(HEARTBEAT_MS, () => this.#speak());
  }

  /** Whether a majority has not answered for long, so that another node may lead by now. */
  #isDeserted(): boolean {
    const since = this.node.now() - this.#pace.desertedMs;
    const present = [...this.#followers.values()]
      .filter(({ heardAt }) => heardAt >= since);
    return present.length + 1 < this.majority;
  }

  #take(commands: readonly Command[]): void {
    for (const command of commands) this.log.push([this.epoch, command]);
  }

  /** Makes a node's reads up to this number wait for the next round. */
  #ask(id: string, read: number): void {
    this.#asked.push({ id, read, round: this.#round + 1 });
  }

  #append(id: string): void {
    const { log } = this, follower = this.#followers.get(id)!;
    const { read } = follower;
    const old = log.epochOf(follower.next - 1) === undefined;
    if (old) follower.next = log.base.index + 1;
    const after = follower.next - 1;
    const entries = log.after(after, PER_MESSAGE);
    follower.next += entries.length;
    this.node.send(id, "append", {
      ...this.header,
      round: this.#round,
      after,
      afterEpoch: log.epochOf(after)!,
      entries,
      commit: this.commit,
      trip: this.#pace.tripMs,
      ...(old ? { base: log.base } : {}),
      ...(read === undefined ? {} : { read }),
    });
  }

  #onAppend(message: Append, src: string): void {
    if (!this.hear(src, message)) return;
    const { epoch, after, afterEpoch, entries, base, read, round } = message;
    if (epoch < this.epoch) return this.#depose(src);
    if (
      (epoch > this.epoch || this.leader === null) && !this.join(src, epoch)
    ) {
      return;
    }
    this.heardAt = this.node.now();
    this.#pace.learn(message.trip);
    this.#pace.speedUp();
    const isNew = base && base.index > this.commit &&
      this.log.epochOf(base.index) !== base.epoch;
    if (isNew) this.adopt({ base, entries: [] }, base.index);
    const fits = after <= this.commit || this.log.epochOf(after) === afterEpoch;
    if (fits) {
      this.log.join(after, entries);
      this.#matched = Math.max(this.#matched, after + entries.length);
      this.advance(Math.min(message.commit, this.#matched));
    }
    if (read && this.isForUs(message) && read[1] <= this.commit) {
      this.#clients.serve(read[0]);
    }
    this.#acknowledge(round, !fits);
  }

  /** Tells a former leader that it no longer leads. */
  #depose(id: string): void {
    const nothing = { round: 0, match: 0, gap: false, commands: [], read: 0 };
    this.node.send(id, "ack", { ...this.header, ...nothing });
  }

  #acknowledge(round: number, gap: boolean): void {
    this.#stopGathering?.();
    this.#stopGathering = null;
    this.#spokeAt = this.node.now();
    this.node.send(this.leader!, "ack", {
      ...this.header,
      round,
      match: this.#matched,
      gap,
      commands: this.#clients.commands(this.epoch),
      read: this.#clients.lastRead,
    });
  }

  #onAck(message: Ack, src: string): void {
    if (!this.hear(src, message)) return;
    const { epoch, round, match, gap, commands, read } = message;
    if (epoch > this.epoch) return this.onEpoch(epoch);
    const follower = this.#followers.get(src);
    if (epoch < this.epoch || this.leader !== this.node.id || !follower) return;
    follower.heardAt = this.node.now();
    follower.round = Math.max(follower.round, round);
    follower.match = Math.max(follower.match, match);
    this.#count();
    // Answers to rounds that are already under way will report the same gap.
    if (gap && round > follower.rewound) {
      follower.rewound = this.#round;
      follower.next = follower.match + 1;
      this.#append(src);
    }
    this.#take(commands);
    const reads = read > follower.asked;
    if (reads) this.#ask(src, follower.asked = read);
    if (reads || commands.length > 0) this.#stir();
  }

  /** Commits what a majority has, and answers the reads that a majority's answers confirm. */
  #count(): void {
    const followers = [...this.#followers.values()];
    /** The highest number that a majority has reached. */
    const shared = (numbers: number[]) =>
      numbers.sort((a, b) => b - a)[this.majority - 1]!;
    const index = shared([this.log.last, ...followers.map((f) => f.match)]);
    if (index > this.commit && this.mayCommit(index)) {
      this.#pace.speedUp();
      this.advance(index);
      if (followers.length > 0) this.#stir();
    }
    const round = shared([this.#round, ...followers.map((f) => f.round)]);
    this.#pace.end(round);
    if (!this.knowsAll) return;
    const sure = this.#asked.filter((asked) => asked.round <= round);
    if (sure.length === 0) return;
    this.#asked = this.#asked.filter((asked) => asked.round > round);
    for (const { id, read } of sure) {
      const follower = this.#followers.get(id);
      if (follower) follower.read = [read, this.commit];
      else this.#clients.serve(read);
    }
    if (sure.some(({ id }) => id !== this.node.id)) this.#stir();
  }

  /** Asks for what this node knew before it lost its memory, until it has been told. */
  async #recover(): Promise<void> {
    while (!this.normal) {
      for (const peer of this.node.peers) {
        this.node.send(peer, "recover", this.header);
      }
      await this.node.sleep(RECOVER_MS);
    }
  }

  #onRecover(message: Header, src: string): void {
    if (!this.hear(src, message)) return;
    const leads = this.leader === this.node.id;
    this.node.send(src, "known", {
      ...this.header,
      leads,
      ...(leads ? { log: this.log.state() } : {}),
      commit: this.commit,
    });
  }

  /**
   * Waits for the answers of a majority, all of other nodes, among them the leader of the last
   * epoch that any of them knows. Every promise of this node's earlier lives is then either in that
   * leader's log, or can no longer count.
   */
  #onKnown(message: Known, src: string): void {
    this.hear(src, message);
    if (this.normal || !this.isForUs(message)) return;
    this.#answers.set(src, message);
    if (this.#answers.size < this.majority) return;
    const all = [...this.#answers.values()];
    const epoch = Math.max(...all.map((answer) => answer.epoch));
    const leader = [...this.#answers].find(([, answer]) =>
      answer.epoch === epoch && answer.leads
    );
    if (leader === undefined) return;
    const [id, { log, commit }] = leader;
    this.follow(id, epoch);
    this.adopt(log!, commit);
    this.normal = true;
  }
}
