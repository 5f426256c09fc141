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
import { DependencyGraph } from "../elle/graph.ts";
import { linkRealtimeOrder } from "../elle/order.ts";
import { Findings } from "../findings.ts";
import { type JsonKey, keyJson } from "../json-key.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import { show, tell, type Txn, type TxnHistory } from "./txn-history.ts";
import {
  dirtyWrites,
  linkWrites,
  readFrom,
  versionOrder,
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
  const findings = new Findings();
  let found = 0;
  for (const reader of history.effective) {
    if (!reader.answered || found >= ENOUGH) continue;
    for (const key of reader.reads.keys()) {
      for (const missed of missedBy(reader, key, history, past, graph)) {
        if (found++ >= ENOUGH) break;
        const type = nameOf(reader, missed, graph, history, past);
        findings.add(type, explain(type, reader, missed, key, history));
      }
    }
  }
  const missed = findings.all();
  if (missed.length > 0) return missed;
  const versions = versionOrder(history);
  const dirty = dirtyWrites(history, versions);
  if (dirty.length > 0) return dirty;
  for (const { id } of history.effective) {
    for (const [next, reasons] of versions.successors(id)) {
      for (const reason of reasons) graph.link(id, next, reason);
    }
  }
  const because = cycleAnomalies(graph, history, "session")
    .flatMap((cycle) => cycle.because);
  return because.length === 0 ? [] : [{ type: "commit-order-cycle", because }];
}

/** Causal order: at one node, or by reading what the other wrote. */
export function causalOrder(history: TxnHistory): DependencyGraph {
  const graph = new DependencyGraph(history.all.length);
  for (const node of history.nodes) {
    const here = history.effective.filter((txn) => txn.node === node);
    linkRealtimeOrder(graph, here);
  }
  linkReads(graph, history);
  return graph;
}

/** Links each transaction to those that read what it wrote (`wr`). */
export function linkReads(graph: DependencyGraph, history: TxnHistory): void {
  for (const reader of history.effective) {
    for (const [key, elements] of reader.reads) {
      for (const element of elements) {
        const writer = history.writerOf(key, element);
        if (!writer || writer === reader || writer.outcome === "fail") continue;
        graph.link(writer.id, reader.id, {
          kind: "wr",
          key: keyJson(key),
          value: keyJson(element),
        });
      }
    }
  }
}

/** The causal past of each transaction, by vector clocks with a place for each session. */
class Past {
  readonly #clocks: (Int32Array | undefined)[] = [];
  readonly #place: { session: number; at: number }[] = [];
  /** The effective writers of a key by session, in order. */
  readonly #writers = new Map<JsonKey, Map<number, Txn[]>>();

  constructor(graph: DependencyGraph, { effective }: TxnHistory) {
    const sessions = new Map<string, number>();
    const lengths: number[] = [];
    for (const txn of effective) {
      const session = sessions.get(txn.session) ?? sessions.size;
      sessions.set(txn.session, session);
      const at = lengths[session] = (lengths[session] ?? 0) + 1;
      this.#place[txn.id] = { session, at };
      for (const key of txn.writes.keys()) {
        const bySession = this.#writers.get(key) ?? new Map<number, Txn[]>();
        this.#writers.set(key, bySession);
        const writers = bySession.get(session);
        if (writers) writers.push(txn);
        else bySession.set(session, [txn]);
      }
    }
    const clock = (id: number) =>
      this.#clocks[id] ??= new Int32Array(sessions.size);
    const { of } = graph.components();
    // No edge leads to a higher component, so this goes from causes to effects.
    const inOrder = effective.toSorted((a, b) => of[b.id]! - of[a.id]!);
    for (const { id } of inOrder) {
      const mine = clock(id), { session, at } = this.#place[id]!;
      for (const next of graph.targets(id)) {
        const theirs = clock(next);
        for (let i = 0; i < mine.length; i++) {
          if (mine[i]! > theirs[i]!) theirs[i] = mine[i]!;
        }
        if (theirs[session]! < at) theirs[session] = at;
      }
    }
  }

  /** Whether the first transaction is in the past of the second. */
  precedes(a: Txn, b: Txn): boolean {
    const { session, at } = this.#place[a.id]!;
    return this.#clocks[b.id]![session]! >= at;
  }

  /** By session, those writers of a key that are in the past of a transaction, in order. */
  writersBefore(txn: Txn, key: JsonKey): Txn[][] {
    const bySession = this.#writers.get(key)?.values() ?? [];
    return [...bySession].map((writers) =>
      writers.filter((writer) => this.precedes(writer, txn))
    );
  }
}

/**
 * The writes of a key in a transaction's past that its read of the key should have shown. For a
 * register, the graph gets edges from writes that the one it saw may have replaced.
 */
function missedBy(
  reader: Txn,
  key: JsonKey,
  history: TxnHistory,
  past: Past,
  graph: DependencyGraph,
): Txn[] {
  const before = past.writersBefore(reader, key);
  if (history.write === "append") {
    const seen = new Set(reader.reads.get(key));
    return before.flat().filter((writer) =>
      !writer.writes.get(key)!.every((value) => seen.has(value))
    );
  }
  const seen = readFrom(history, reader, key);
  const missed: Txn[] = [];
  // Values out of thin air or of aborted transactions are reported elsewhere.
  const isNull = reader.reads.get(key)!.length === 0;
  if (seen === undefined ? !isNull : seen.outcome === "fail") return [];
  for (const writers of before) {
    // The session's earlier writes precede its last one anyway.
    const last = writers.at(-1);
    if (last === undefined || last === seen) continue;
    if (seen === undefined) missed.push(last);
    else if (past.precedes(seen, last)) missed.push(last);
    else linkWrites(graph, key, last, seen);
  }
  return missed;
}

/** The guarantee that a read breaks by missing a write of its past. */
function nameOf(
  reader: Txn,
  missed: Txn,
  graph: DependencyGraph,
  { all, effective }: TxnHistory,
  past: Past,
): string {
  const isOrPrecedes = (a: Txn, b: Txn) => a === b || past.precedes(a, b);
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
  reader: Txn,
  missed: Txn,
  key: JsonKey,
  history: TxnHistory,
): string {
  const elements = reader.reads.get(key)!;
  const seen = elements.length === 0
    ? "nothing"
    : elements.map(show).join(", ");
  const by = history.write === "w" && elements.length > 0
    ? ", which is older,"
    : "";
  return `${tell(reader)} read ${seen}${by} of key ${show(key)} and missed ${
    tell(missed)
  }, ${REASONS[type]}`;
}
