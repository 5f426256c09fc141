/** Edges between transactions from what clients saw, whatever the values. */
import type { Op } from "../../history/history.ts";
import type { DependencyGraph } from "./graph.ts";
import type { Transaction } from "./txn.ts";

/**
 * Links each transaction to the next one of its process. What failed did not
 * happen, and has no place in the order.
 */
export function linkProcessOrder(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
): void {
  const last = new Map<Op["process"], number>();
  for (const { id, op } of transactions) {
    if (op.type === "fail") continue;
    const before = last.get(op.process);
    if (before !== undefined) graph.link(before, id, { kind: "process" });
    last.set(op.process, id);
  }
}

/**
 * Links each transaction that succeeded to those that began after its end, except
 * where a third one lies between: the transitive reduction of real-time order.
 */
export function linkRealtimeOrder(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
): void {
  forEachRealtimePair(transactions, (earlier, later) => {
    const { id } = transactions[earlier]!;
    graph.link(id, transactions[later]!.id, { kind: "realtime" });
  });
}

/**
 * Calls back with the places in a list of two transactions, the first of which had succeeded
 * when the second began, without a third one between.
 *
 * Nothing is between if the first ended after the latest beginning of all that had ended by then.
 * So what comes immediately before a transaction is a range of what has succeeded, in the order
 * of ends, and the limits of the range only grow: one pass finds all.
 */
export function forEachRealtimePair(
  transactions: readonly Pick<Transaction, "op" | "invocation">[],
  visit: (earlier: number, later: number) => void,
): void {
  const { length } = transactions;
  const begins = new Float64Array(length), ends = new Float64Array(length);
  const happened: number[] = [];
  for (let i = 0; i < length; i++) {
    const { op, invocation } = transactions[i]!;
    begins[i] = invocation.index;
    ends[i] = op.index;
    if (op.type !== "fail") happened.push(i);
  }
  const byEnd = inOrder(happened, ends);
  const succeeded = byEnd.filter((i) => transactions[i]!.op.type === "ok");
  const firsts = new Int32Array(length), lasts = new Int32Array(length);
  let first = 0, last = 0, latest = -Infinity;
  for (const i of inOrder(happened, begins)) {
    const begin = begins[i]!;
    while (last < succeeded.length && ends[succeeded[last]!]! < begin) {
      latest = Math.max(latest, begins[succeeded[last++]!]!);
    }
    while (first < last && ends[succeeded[first]!]! < latest) first++;
    firsts[i] = first;
    lasts[i] = last;
  }
  for (const i of byEnd) {
    for (let at = firsts[i]!; at < lasts[i]!; at++) visit(succeeded[at]!, i);
  }
}

/** Places in the order of their positions in the history, which most of them have already. */
function inOrder(
  places: readonly number[],
  positions: Float64Array,
): readonly number[] {
  for (let i = 1; i < places.length; i++) {
    if (positions[places[i]!]! < positions[places[i - 1]!]!) {
      return places.toSorted((a, b) => positions[a]! - positions[b]!);
    }
  }
  return places;
}
