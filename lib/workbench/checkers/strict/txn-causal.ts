/**
 * Transactional causal consistency with convergence, decided.
 *
 * A history has it if there is one order of all transactions, containing causal order, such
 * that whenever a transaction reads a version, every other write of the key in its causal past
 * comes before that version in the order (Biswas and Enea, "On the Complexity of Checking
 * Transactional Consistency", OOPSLA 2019). Causal order is the order at each node together
 * with who read whose write, transitively. The edges that the condition forces are added; such
 * an order exists if no cycle results.
 *
 * Vector clocks say which transactions are in whose past (Mattern 1988), so the cost is
 * transactions times sessions.
 */
import { Column, grouped, type Groups } from "../elle/columns.ts";
import { BIT, type DependencyGraph } from "../elle/graph.ts";
import { linkRealtimeOrder } from "../elle/order.ts";
import { everyWritten, isShown, NONE } from "../elle/steps.ts";
import { Findings } from "../findings.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import {
  graphOf,
  show,
  showElements,
  tell,
  type Txn,
  type TxnHistory,
  writerOf,
} from "./txn-history.ts";
import {
  dirtyWrites,
  linkFoundVersions,
  linkVersions,
  linkWrites,
} from "./txn-versions.ts";
import type { Finding } from "../verdict.ts";

/** How many reads are named: one bug can break thousands. */
const ENOUGH = 50;

/**
 * What contradicts causal consistency. Reads that miss a write of their past are named by how
 * it got there: `fractured-read`, `read-your-writes`, `monotonic-reads`, `monotonic-writes`,
 * `writes-follow-reads`, or `causality-violation`. Cycles of known edges have Adya's names,
 * with `-session` appended if they need the order at a node; those that need a forced edge are
 * called `commit-order-cycle`.
 */
export function causalAnomalies(history: TxnHistory): Finding[] {
  const graph = causalOrder(history);
  const circular = cycleAnomalies(graph, history, "session");
  if (circular.length > 0) return circular;
  const past = new Past(graph, history);
  const missed = missedWrites(history, past, graph);
  if (missed.length > 0) return missed;
  linkVersions(graph, history, "node");
  linkFoundVersions(graph, history, "node");
  if (graph.components().cyclic.length === 0) return [];
  const dirty = dirtyWrites(history);
  if (dirty.length > 0) return dirty;
  const because = cycleAnomalies(graph, history, "session")
    .flatMap((cycle) => cycle.because);
  return because.length === 0 ? [] : [{ type: "commit-order-cycle", because }];
}

/** Reads that lack writes of their past; the graph gets the edges that the others force. */
function missedWrites(
  history: TxnHistory,
  past: Past,
  graph: DependencyGraph,
): Finding[] {
  const { all, effective, steps } = history;
  const findings = new Findings();
  let found = 0;
  for (const reader of effective) {
    if (!reader.answered || found >= ENOUGH) continue;
    const end = steps.starts[reader.id + 1]!;
    for (let step = steps.starts[reader.id]!; step < end; step++) {
      if (!isShown(steps, step)) continue;
      for (const missed of past.missedBy(step, graph)) {
        if (found++ >= ENOUGH) break;
        const type = nameOf(reader, all[missed]!, graph, history, past);
        findings.add(type, explain(type, step, all[missed]!, history));
      }
    }
  }
  return findings.all();
}

/** Causal order: at one node, or by reading what the other wrote. */
function causalOrder(history: TxnHistory): DependencyGraph {
  const graph = graphOf(history);
  for (const node of history.nodes) {
    const here = history.effective.filter((txn) => txn.node === node);
    linkRealtimeOrder(graph, here);
  }
  linkReads(graph, history);
  return graph;
}

/** Links each transaction to those that read what it wrote (`wr`). */
export function linkReads(
  graph: DependencyGraph,
  { all, effective, steps, writers }: TxnHistory,
): void {
  const { starts, keys, from, to, elements } = steps;
  for (const { id } of effective) {
    for (let step = starts[id]!; step < starts[id + 1]!; step++) {
      if (!isShown(steps, step)) continue;
      for (let at = from[step]!; at < to[step]!; at++) {
        const version = elements[at]!, writer = writers[version]!;
        if (writer === NONE || writer === id) continue;
        if (all[writer]!.outcome === "fail") continue;
        graph.link(writer, id, BIT.wr, keys[step]!, version);
      }
    }
  }
}

/** The causal past of each transaction, by vector clocks with a place for each session. */
class Past {
  readonly #history: TxnHistory;
  readonly #sessions: number;
  /** The clock of each transaction, one after the other. */
  readonly #clocks: Int32Array;
  /** By transaction, its session, and its place in it from 1. */
  readonly #session: Int32Array;
  readonly #at: Int32Array;
  /** The effective writers of a key in one session, in order: a lane; and the lanes of a key. */
  readonly #lanes: Groups;
  readonly #writers: Groups;

  constructor(graph: DependencyGraph, history: TxnHistory) {
    const { all, effective, steps, writes } = history;
    this.#history = history;
    this.#session = new Int32Array(all.length);
    this.#at = new Int32Array(all.length);
    const sessions = new Map<string, number>();
    const lengths: number[] = [];
    for (const { id, session: name } of effective) {
      const session = sessions.get(name) ?? sessions.size;
      if (session === sessions.size) sessions.set(name, session);
      this.#session[id] = session;
      this.#at[id] = lengths[session] = (lengths[session] ?? 0) + 1;
    }
    this.#sessions = sessions.size;
    this.#clocks = this.#clocksOf(graph);

    const lanes = new Map<number, number>();
    const keyOfLane = new Column();
    const written = writes.members.map((step) => steps.txns[step]!);
    const laneOf = written.map((txn, i) => {
      const key = steps.keys[writes.members[i]!]!;
      const name = key * sessions.size + this.#session[txn]!;
      const lane = lanes.get(name) ?? lanes.size;
      if (lane === lanes.size) {
        lanes.set(name, lane);
        keyOfLane.push(key);
      }
      return lane;
    });
    this.#writers = grouped(laneOf, lanes.size, written);
    this.#lanes = grouped(keyOfLane.values, steps.versions.keys.length);
  }

  #clocksOf(graph: DependencyGraph): Int32Array {
    const { starts, targets } = graph.edges(), width = this.#sessions;
    const clocks = new Int32Array(graph.size * width);
    const { of } = graph.components();
    // No edge leads to a higher component, and each has one transaction: so this goes from
    // causes to effects.
    const inOrder = new Int32Array(graph.size);
    of.forEach((component, id) => inOrder[graph.size - 1 - component] = id);
    for (const id of inOrder) {
      const session = this.#session[id]!, at = this.#at[id]!;
      for (let edge = starts[id]!; edge < starts[id + 1]!; edge++) {
        const mine = id * width, theirs = targets[edge]! * width;
        for (let i = 0; i < width; i++) {
          const time = clocks[mine + i]!;
          if (time > clocks[theirs + i]!) clocks[theirs + i] = time;
        }
        if (clocks[theirs + session]! < at) clocks[theirs + session] = at;
      }
    }
    return clocks;
  }

  /** Whether the first transaction is in the past of the second. */
  precedes(a: number, b: number): boolean {
    return this.#clocks[b * this.#sessions + this.#session[a]!]! >=
      this.#at[a]!;
  }

  /**
   * The writes of a key in a transaction's past that its read of the key should have shown. For a
   * register, the graph gets edges from writes that the one it saw may have replaced.
   */
  missedBy(step: number, graph: DependencyGraph): readonly number[] {
    const { all, steps, write } = this.#history;
    if (write === "append") return this.#unseenBy(step);
    const reader = steps.txns[step]!, key = steps.keys[step]!;
    const seen = writerOf(this.#history, step);
    // Values out of thin air or of aborted transactions are reported elsewhere.
    const isNull = steps.from[step] === steps.to[step];
    if (seen === NONE ? !isNull : all[seen]!.outcome === "fail") return NOTHING;
    let missed = NOTHING;
    const { starts, members } = this.#lanes;
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      // The session's earlier writes precede its last one anyway.
      const last = this.#lastBefore(members[i]!, reader);
      if (last === NONE || last === seen) continue;
      if (seen === NONE || this.precedes(seen, last)) {
        missed = [...missed, last];
      } else linkWrites(graph, this.#history, key, last, seen);
    }
    return missed;
  }

  /** The last transaction of a lane in the past of another, or {@link NONE}. */
  #lastBefore(lane: number, txn: number): number {
    const { starts, members } = this.#writers;
    for (let i = starts[lane + 1]! - 1; i >= starts[lane]!; i--) {
      if (this.precedes(members[i]!, txn)) return members[i]!;
    }
    return NONE;
  }

  /** The transactions in a reader's past with elements that are not in the list it read. */
  #unseenBy(step: number): readonly number[] {
    const { steps } = this.#history;
    const { txns, keys, from, to, elements } = steps;
    const key = keys[step]!, seen = elements.subarray(from[step]!, to[step]!);
    const isSeen = (element: number) => seen.includes(element);
    const unseen: number[] = [];
    const lanes = this.#lanes, writers = this.#writers;
    for (let i = lanes.starts[key]!; i < lanes.starts[key + 1]!; i++) {
      const lane = lanes.members[i]!, end = writers.starts[lane + 1]!;
      for (let j = writers.starts[lane]!; j < end; j++) {
        const writer = writers.members[j]!;
        if (!this.precedes(writer, txns[step]!)) continue;
        if (!everyWritten(steps, writer, key, isSeen)) unseen.push(writer);
      }
    }
    return unseen;
  }
}

const NOTHING: readonly number[] = [];

/** The guarantee that a read breaks by missing a write of its past. */
function nameOf(
  reader: Txn,
  missed: Txn,
  graph: DependencyGraph,
  { all, effective }: TxnHistory,
  past: Past,
): string {
  const isOrPrecedes = (a: Txn, b: Txn) => a === b || past.precedes(a.id, b.id);
  const readersOf = (writer: Txn) =>
    [...graph.successors(writer.id)].flatMap(([id, reasons]) =>
      reasons.some(({ kind }) => kind === "wr") ? [all[id]!] : []
    );
  /** Whether the reader, or somebody before it at its node, read what a transaction wrote. */
  const isSeen = (writer: Txn) =>
    readersOf(writer).some((other) =>
      other.node === reader.node && isOrPrecedes(other, reader)
    );
  /** Whether something done at a transaction's node, no earlier than it, is seen. */
  const isFollowed = (first: Txn) =>
    effective.some((later) =>
      later.node === first.node && isOrPrecedes(first, later) && isSeen(later)
    );
  if (missed.node === reader.node) return "read-your-writes";
  if (readersOf(missed).includes(reader)) return "fractured-read";
  if (isSeen(missed)) return "monotonic-reads";
  if (isFollowed(missed)) return "monotonic-writes";
  if (readersOf(missed).some(isFollowed)) return "writes-follow-reads";
  return "causality-violation";
}

const REASONS: { readonly [type: string]: string } = {
  "fractured-read": "although it read another write of the same transaction",
  "read-your-writes": "which had ended at the same node before it began",
  "monotonic-reads": "which had been read at the same node before it began",
  "monotonic-writes":
    "although it or what it follows read something written later at the same node as that",
  "writes-follow-reads":
    "although it or what it follows read a write made where that had been read before",
  "causality-violation": "which is in its causal past",
};

function explain(
  type: string,
  step: number,
  missed: Txn,
  { all, steps, write }: TxnHistory,
): string {
  const seen = showElements(steps, step);
  const by = write === "w" && seen !== "" ? ", which is older," : "";
  const key = show(steps.versions.keys[steps.keys[step]!]);
  return `${tell(all[steps.txns[step]!]!)} read ${
    seen || "nothing"
  }${by} of key ${key} and missed ${tell(missed)}, ${REASONS[type]}`;
}
