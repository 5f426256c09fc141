/**
 * The version order, as far as a recording shows it.
 *
 * Adya orders the versions of a key as the system installed them, which Elle can only guess for
 * registers: a blind write does not show what it replaced. Three facts show more than Elle
 * uses, and assume only that a replica never goes back to a version that it has replaced:
 * - a transaction that read a version and wrote the key followed that version;
 * - what a replica holds later follows what it held before (a replica being one node,
 *   or, where everybody is promised the same order, all of them together);
 * - what all replicas hold in the end follows everything else.
 *
 * Lists need none of this: every read shows the order of all its elements.
 */
import { DependencyGraph } from "../elle/graph.ts";
import { forEachRealtimePair } from "../elle/order.ts";
import { Findings } from "../findings.ts";
import { type JsonKey, keyJson } from "../json-key.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import { finalStates } from "./txn-convergence.ts";
import { show, tell, type Txn, type TxnHistory } from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** Whose transactions see one sequence of versions: those of one client, those at one node, or all. */
export type Scope = "session" | "node" | "cluster";

/** Adds the `ww` edges that writes imply to a graph of all transactions. */
export function linkVersions(
  graph: DependencyGraph,
  history: TxnHistory,
  scope: Scope,
): void {
  if (history.write === "append") return linkListOrder(graph, history);
  linkFinalWriters(graph, history);
  for (const txn of history.effective) {
    for (const key of txn.writes.keys()) {
      const before = readFrom(history, txn, key);
      if (before) linkWrites(graph, key, before, txn);
    }
  }
  forEachReplica(history, scope, (key, earlier, later) => {
    if (!earlier.writes.has(key) || !later.writes.has(key)) return;
    linkWrites(graph, key, earlier, later);
  });
}

/** Adds those that reads imply: a version found later follows the one found before. */
export function linkFoundVersions(
  graph: DependencyGraph,
  history: TxnHistory,
  scope: Scope,
): void {
  if (history.write === "append") return;
  forEachReplica(history, scope, (key, earlier, later) => {
    const before = versionAfter(history, earlier, key);
    const after = versionFoundBy(history, later, key);
    if (before && after) linkWrites(graph, key, before, after);
  });
}

/**
 * The order that writes alone imply. It also holds for stores with stale reads, where what is
 * found later need not have been written later.
 */
export function writeOrder(history: TxnHistory): DependencyGraph {
  const graph = new DependencyGraph(history.all.length);
  linkVersions(graph, history, "node");
  return graph;
}

/** All that is known of the order of writes, where each node has its own sequence of versions. */
export function versionOrder(history: TxnHistory): DependencyGraph {
  const graph = new DependencyGraph(history.all.length);
  linkVersions(graph, history, "node");
  linkFoundVersions(graph, history, "node");
  return graph;
}

/**
 * Transactions that overwrote each other in a cycle: `G0`, or `cyclic-versions` if all is about
 * one key, which replicas then changed in different orders.
 */
export function dirtyWrites(
  history: TxnHistory,
  order = versionOrder(history),
): Finding[] {
  return cycleAnomalies(order, history, "session");
}

/** Reads of null where there had been a value before: `vanished-value`. */
export function vanished(history: TxnHistory, scope: Scope): Finding[] {
  const findings = new Findings();
  forEachReplica(history, scope, (key, earlier, later) => {
    const before = versionAfter(history, earlier, key);
    if (!before || before.outcome === "fail") return;
    if (later.reads.get(key)?.length !== 0) return;
    findings.add(
      "vanished-value",
      `${tell(later)} found nothing under key ${
        show(key)
      }, where there had been a value at the end of ${tell(earlier)}`,
    );
  });
  return findings.all();
}

/** Records that one transaction's write of a key came before another's. */
export function linkWrites(
  graph: DependencyGraph,
  key: JsonKey,
  before: Txn,
  after: Txn,
): void {
  if (before === after) return;
  graph.link(before.id, after.id, {
    kind: "ww",
    key: keyJson(key),
    value: lastWritten(before, key),
    next: lastWritten(after, key),
  });
}

/** The last value that a transaction wrote to a key. */
export function lastWritten({ writes }: Txn, key: JsonKey) {
  return keyJson(writes.get(key)?.at(-1) ?? null);
}

/** The transaction whose version of a register another one read, if any. */
export function readFrom(
  { writerOf }: TxnHistory,
  txn: Txn,
  key: JsonKey,
): Txn | undefined {
  const element = txn.reads.get(key)?.at(-1);
  return element === undefined ? undefined : writerOf(key, element);
}

/** The writer of what a transaction found under a key: itself, if it had not read before its write. */
function versionFoundBy(history: TxnHistory, txn: Txn, key: JsonKey) {
  return txn.reads.has(key) ? readFrom(history, txn, key) : txn;
}

/** The writer of what was under a key when a transaction had ended. */
function versionAfter(history: TxnHistory, txn: Txn, key: JsonKey) {
  return txn.writes.has(key) ? txn : readFrom(history, txn, key);
}

/**
 * Calls back with pairs of transactions on a key at one replica, the first of which had ended
 * when the second began.
 */
function forEachReplica(
  history: TxnHistory,
  scope: Scope,
  visit: (key: JsonKey, earlier: Txn, later: Txn) => void,
): void {
  const known = replicas.get(history) ?? new Map<Scope, Sequence[]>();
  replicas.set(history, known);
  const sequences = known.get(scope) ?? sequencesOf(history, scope);
  known.set(scope, sequences);
  for (const { key, members, followers } of sequences) {
    members.forEach((earlier, i) => {
      for (const later of followers[i]!) visit(key, earlier, members[later]!);
    });
  }
}

/** Cached by history. */
const replicas = new WeakMap<TxnHistory, Map<Scope, Sequence[]>>();

/** The transactions on a key at one replica. */
interface Sequence {
  key: JsonKey;
  members: Txn[];
  /** By member, those that began when it had ended, and no other one between. */
  followers: number[][];
}

function sequencesOf({ effective }: TxnHistory, scope: Scope): Sequence[] {
  const sequences: Sequence[] = [];
  const groups = new Map<JsonKey, Map<string, Sequence>>();
  const sequenceOf = (key: JsonKey, whose: string): Sequence => {
    const ofKey = groups.get(key) ?? new Map<string, Sequence>();
    groups.set(key, ofKey);
    const known = ofKey.get(whose);
    if (known !== undefined) return known;
    const sequence = { key, members: [], followers: [] };
    ofKey.set(whose, sequence);
    sequences.push(sequence);
    return sequence;
  };
  for (const txn of effective) {
    if (txn.outcome === "ok" && !txn.answered) continue;
    const whose = scope === "cluster" ? "" : txn[scope];
    for (const key of new Set([...txn.reads.keys(), ...txn.writes.keys()])) {
      const { members, followers } = sequenceOf(key, whose);
      members.push(txn);
      followers.push([]);
    }
  }
  for (const { members, followers } of sequences) {
    forEachRealtimePair(members, (earlier, later) => {
      followers[earlier]!.push(later);
    });
  }
  return sequences;
}

/** The version that all replicas hold in the end follows every other. */
function linkFinalWriters(graph: DependencyGraph, history: TxnHistory): void {
  for (const [key, states] of finalStates(history)) {
    const [state] = states;
    const element = state?.elements.at(-1);
    if (states.length !== 1 || element === undefined) continue;
    const last = history.writerOf(key, element);
    for (const writer of history.writersOf(key)) {
      if (last) linkWrites(graph, key, writer, last);
    }
  }
}

/** A list's elements were appended in the order in which they stand in it. */
function linkListOrder(graph: DependencyGraph, history: TxnHistory): void {
  const linked = new Set<string>();
  for (const txn of history.effective) {
    for (const [key, elements] of txn.reads) {
      let before: Txn | undefined;
      for (const element of elements) {
        const writer = history.writerOf(key, element);
        const pair = `${before?.id} ${writer?.id} ${show(key)}`;
        if (before && writer && !linked.has(pair)) {
          linked.add(pair);
          linkWrites(graph, key, before, writer);
        }
        before = writer ?? before;
      }
    }
  }
}
