/**
 * Strict serializability: one order of all transactions that agrees with real time.
 *
 * For lists this decides it, as far as elements were ever read: a reader comes after all
 * transactions whose elements it saw and before all whose elements it missed, so any acyclic
 * order will do. For registers it finds only certain contradictions, since the order of blind
 * writes is known only in part (deciding it is NP-complete: Papadimitriou 1979). So tests run
 * the same programs on both.
 */
import { DependencyGraph } from "../elle/graph.ts";
import { linkProcessOrder, linkRealtimeOrder } from "../elle/order.ts";
import { type JsonKey, keyJson } from "../json-key.ts";
import { linkReads } from "./txn-causal.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import type { Txn, TxnHistory } from "./txn-history.ts";
import {
  lastWritten,
  linkFoundVersions,
  linkVersions,
  readFrom,
} from "./txn-versions.ts";
import type { Finding } from "../verdict.ts";

/**
 * Cycles that rule out any serial order that agrees with real time, by Adya's names; and
 * `commit-order-cycle` for those that appear only if what was found later was written later.
 */
export function serialAnomalies(
  history: TxnHistory,
  forbidden?: ReadonlySet<string>,
): Finding[] {
  const graph = new DependencyGraph(history.all.length);
  linkVersions(graph, history, "cluster");
  linkDependencies(graph, history);
  linkRealtimeOrder(graph, history.effective);
  const plain = cycleAnomalies(graph, history, "realtime", forbidden);
  if (plain.length > 0 || history.write === "append") return plain;
  // If reads may be stale, what is found later need not have been written later.
  if (forbidden && !forbidden.has("G-single-item-realtime")) return plain;
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
  const graph = new DependencyGraph(history.all.length);
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
  const versions = history.write === "w" ? nextWriters(graph, history) : null;
  linkReads(graph, history);
  for (const reader of history.effective) {
    for (const [key, elements] of reader.reads) {
      const later = versions === null
        ? missing(history, key, elements)
        : versions(key, readFrom(history, reader, key), elements);
      for (const writer of later) {
        if (writer === reader) continue;
        graph.link(reader.id, writer.id, {
          kind: "rw",
          key: keyJson(key),
          value: keyJson(elements.at(-1) ?? null),
          next: lastWritten(writer, key),
        });
      }
    }
  }
}

/** For lists: the transactions that appended what was not there. */
function missing(
  history: TxnHistory,
  key: JsonKey,
  elements: readonly JsonKey[],
): Txn[] {
  const seen = new Set(elements);
  return history.writersOf(key).filter((writer) =>
    !seen.has(writer.writes.get(key)![0]!)
  );
}

/** For registers: the transactions known to have written after the version that was read. */
function nextWriters(graph: DependencyGraph, history: TxnHistory) {
  const next = new Map<number, Map<JsonKey, Txn[]>>();
  for (const writer of history.effective) {
    const after = graph.targetsBy("ww", writer.id);
    for (const key of writer.writes.keys()) {
      const later = history.writersOf(key).filter(({ id }) => after.has(id));
      const byKey = next.get(writer.id) ?? new Map<JsonKey, Txn[]>();
      next.set(writer.id, byKey.set(key, later));
    }
  }
  return (key: JsonKey, seen: Txn | undefined, elements: readonly JsonKey[]) =>
    elements.length === 0
      ? history.writersOf(key)
      : seen === undefined
      ? []
      : next.get(seen.id)?.get(key) ?? [];
}
