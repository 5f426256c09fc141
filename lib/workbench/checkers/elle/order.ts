/** Edges between transactions from what clients saw, whatever the values. */
import type { Op } from "../../history.ts";
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
 * It is had in one pass, by keeping the frontier: the transactions that have
 * ended with no other one begun and ended since. There are never more of these
 * than processes, so the edges are at most transactions times processes.
 */
export function linkRealtimeOrder(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
): void {
  const events = transactions
    .filter(({ op }) => op.type !== "fail")
    .flatMap((t) => [
      { at: t.invocation.index, id: t.id, ends: false, ok: false },
      { at: t.op.index, id: t.id, ends: true, ok: t.op.type === "ok" },
    ])
    .sort((a, b) => a.at - b.at);
  const frontier = new Set<number>();
  const before = new Map<number, number[]>();
  for (const { id, ends, ok } of events) {
    if (!ends) {
      before.set(id, [...frontier]);
      continue;
    }
    for (const earlier of before.get(id)!) {
      graph.link(earlier, id, { kind: "realtime" });
      if (ok) frontier.delete(earlier);
    }
    before.delete(id);
    if (ok) frontier.add(id);
  }
}
