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
  for (const [earlier, later] of realtimePairs(transactions)) {
    const { id } = transactions[earlier]!;
    graph.link(id, transactions[later]!.id, { kind: "realtime" });
  }
}

/**
 * The places of transactions in a list of which the first had succeeded when the second began,
 * without a third one between. They are found in one pass, by keeping the frontier: the
 * transactions that have ended with no other one begun and ended since. There are never more of
 * these than processes, so the pairs are at most transactions times processes.
 */
export function realtimePairs(
  transactions: readonly Pick<Transaction, "op" | "invocation">[],
): [earlier: number, later: number][] {
  const { length } = transactions;
  // Begins and ends, as numbers that are in the order of the history.
  const events: number[] = [], endless: number[] = [];
  for (let i = 0; i < length; i++) {
    const { op, invocation } = transactions[i]!;
    if (op.type === "fail") continue;
    events.push(2 * invocation.index * length + i);
    if (op.index < Infinity) events.push((2 * op.index + 1) * length + i);
    else endless.push(i);
  }
  const pairs: [number, number][] = [];
  const frontier = new Set<number>();
  const before: number[][] = [];
  for (const event of Float64Array.from(events).sort()) {
    const i = event % length;
    const isEnd = (event - i) / length % 2 === 1;
    if (!isEnd) {
      before[i] = [...frontier];
      continue;
    }
    const isOk = transactions[i]!.op.type === "ok";
    for (const earlier of before[i]!) {
      pairs.push([earlier, i]);
      if (isOk) frontier.delete(earlier);
    }
    before[i] = [];
    if (isOk) frontier.add(i);
  }
  for (const i of endless) {
    for (const earlier of before[i]!) pairs.push([earlier, i]);
  }
  return pairs;
}
