/**
 * Strict serializability: one order of all transactions that agrees with real time.
 *
 * For lists this decides it, as far as elements were ever read: a reader comes after all
 * transactions whose elements it saw and before all whose elements it missed, so any acyclic
 * order will do. For registers it finds only certain contradictions, since the order of blind
 * writes is known only in part (deciding it is NP-complete: Papadimitriou 1979). So tests run
 * the same programs on both.
 */
import { Column, grouped, type Groups } from "../elle/columns.ts";
import { BIT, type DependencyGraph } from "../elle/graph.ts";
import { linkProcessOrder, linkRealtimeOrder } from "../elle/order.ts";
import {
  isShown,
  lastOf,
  NONE,
  STEP,
  versionOf,
  writeOf,
} from "../elle/steps.ts";
import { linkReads } from "./txn-causal.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import { graphOf, type TxnHistory, writerOf } from "./txn-history.ts";
import { linkFoundVersions, linkVersions } from "./txn-versions.ts";
import type { Finding } from "../verdict.ts";

/**
 * Cycles that rule out any serial order that agrees with real time, by Adya's names; and
 * `commit-order-cycle` for those that appear only if what was found later was written later.
 */
export function serialAnomalies(
  history: TxnHistory,
  forbidden?: ReadonlySet<string>,
): Finding[] {
  // If reads may be stale, what is found later need not have been written later.
  const findsLater = history.write === "w" &&
    (forbidden === undefined || forbidden.has("G-single-item-realtime"));
  const whole = graphOf(history);
  linkVersions(whole, history, "cluster");
  if (findsLater) linkFoundVersions(whole, history, "cluster");
  linkDependencies(whole, history);
  linkRealtimeOrder(whole, history.effective);
  // Where all together has no cycle, no part has one.
  if (whole.components().cyclic.length === 0) return [];
  const graph = graphOf(history);
  linkVersions(graph, history, "cluster");
  linkDependencies(graph, history);
  linkRealtimeOrder(graph, history.effective);
  const plain = cycleAnomalies(graph, history, "realtime", forbidden);
  if (plain.length > 0 || !findsLater) return plain;
  linkFoundVersions(graph, history, "cluster");
  linkDependencies(graph, history);
  const because = cycleAnomalies(graph, history, "realtime", forbidden)
    .flatMap((cycle) => cycle.because);
  return because.length === 0 ? [] : [{ type: "commit-order-cycle", because }];
}

/**
 * Cycles that rule out any order that keeps each client's own order, by Adya's names: a
 * client's later write replaced what was there before.
 */
export function sessionAnomalies(
  history: TxnHistory,
  forbidden: ReadonlySet<string>,
): Finding[] {
  const graph = graphOf(history);
  linkVersions(graph, history, "session");
  linkDependencies(graph, history);
  linkProcessOrder(graph, history.effective);
  return cycleAnomalies(graph, history, "realtime", forbidden);
}

/** Adds `wr` and `rw` edges to an order of versions: who read a version, and which came after it. */
export function linkDependencies(
  graph: DependencyGraph,
  history: TxnHistory,
): void {
  const { effective, steps } = history;
  const { starts, txns, keys } = steps;
  const follow = history.write === "w"
    ? nextWrites(graph, history)
    : missingWrites(history);
  linkReads(graph, history);
  for (const { id } of effective) {
    for (let step = starts[id]!; step < starts[id + 1]!; step++) {
      if (!isShown(steps, step)) continue;
      const version = lastOf(steps, step);
      follow(step, (write) => {
        const writer = txns[write]!, next = versionOf(steps, write);
        if (writer === id) return;
        graph.link(id, writer, BIT.rw, keys[step]!, version, next);
      });
    }
  }
}

/** Calls back with the last steps of the transactions that wrote after what a read saw. */
type Follow = (read: number, visit: (write: number) => void) => void;

/** For lists: the transactions that appended what was not there. */
function missingWrites({ steps, writes }: TxnHistory): Follow {
  const { versions, starts, txns, keys, bits, from, to, elements } = steps;
  /** By element, the last read that had it. */
  const readBy = new Int32Array(versions.values.length).fill(NONE);
  /** The first element that a transaction appended to a key. */
  const firstOf = (txn: number, key: number) => {
    let step = starts[txn]!;
    while (keys[step] !== key || (bits[step]! & STEP.firstWrite) === 0) step++;
    return versionOf(steps, step);
  };
  return (read, visit) => {
    const key = keys[read]!;
    for (let at = from[read]!; at < to[read]!; at++) {
      readBy[elements[at]!] = read;
    }
    for (let i = writes.starts[key]!; i < writes.starts[key + 1]!; i++) {
      const write = writes.members[i]!;
      if (readBy[firstOf(txns[write]!, key)] !== read) visit(write);
    }
  };
}

/** For registers: the transactions known to have written after the version that was read. */
function nextWrites(graph: DependencyGraph, history: TxnHistory): Follow {
  const { steps, writes } = history;
  const { keys } = steps;
  const next = writesAfter(graph, history);
  return (read, visit) => {
    const key = keys[read]!, isNull = steps.from[read] === steps.to[read];
    const seen = writerOf(history, read);
    if (seen === NONE && !isNull) return;
    const { starts, members } = isNull ? writes : next;
    const group = isNull ? key : writeOf(steps, seen, key);
    for (let i = starts[group]!; i < starts[group + 1]!; i++) {
      visit(members[i]!);
    }
  };
}

/** By step, if it is a transaction's last write of a key, the writes of those that follow by `ww`. */
function writesAfter(
  graph: DependencyGraph,
  { steps, writes }: TxnHistory,
): Groups {
  const { starts, targets, kinds } = graph.edges();
  const { txns, keys } = steps;
  const before = new Column(), after = new Column();
  /** By transaction, the last one that it was found to follow. */
  const follows = new Int32Array(graph.size).fill(NONE);
  for (const write of writes.members) {
    const writer = txns[write]!, key = keys[write]!;
    for (let edge = starts[writer]!; edge < starts[writer + 1]!; edge++) {
      if (kinds[edge] === BIT.ww) follows[targets[edge]!] = writer;
    }
    for (let i = writes.starts[key]!; i < writes.starts[key + 1]!; i++) {
      const later = writes.members[i]!;
      if (follows[txns[later]!] !== writer) continue;
      before.push(write);
      after.push(later);
    }
  }
  return grouped(before.values, keys.length, after.values);
}
