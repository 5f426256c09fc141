/** Finds which of the classic phenomena a recording of list-append shows, whatever its program promises. */
import type { Recording } from "../../history/history.ts";
import { BIT, type DependencyGraph } from "../elle/graph.ts";
import { lostUpdates } from "../elle/lost-updates.ts";
import { isWrite, NONE, writeOf } from "../elle/steps.ts";
import { causalAnomalies, linkReads } from "./txn-causal.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import { graphOf, type TxnHistory, txnHistory } from "./txn-history.ts";
import { badReads } from "./txn-reads.ts";
import { linkDependencies } from "./txn-serial.ts";
import { dirtyWrites, linkVersions } from "./txn-versions.ts";

/** The phenomena, from those that every level prevents to those that only the strictest prevents. */
export const PHENOMENA = [
  /** Two transactions each wrote over the other. */
  "G0",
  /** A read of an aborted write. */
  "G1a",
  /** A read of a state in the middle of a transaction. */
  "G1b",
  /** Two transactions each depend on the other by what they read or wrote over. */
  "G1c",
  /** A transaction was seen in part. */
  "fractured read",
  /** At one node, a read went back, missed an own write, or showed two writes in the wrong order. */
  "non-monotonic session",
  /** A write was seen, and what it follows was not. */
  "causality violation",
  /** Two transactions read one version and both replaced it. */
  "lost update",
  /** Two transactions each read what the other was about to change. */
  "write skew",
  /** A read missed what had been acknowledged before it began. */
  "real-time violation",
] as const;

/** One of {@link PHENOMENA}. */
export type Phenomenon = (typeof PHENOMENA)[number];

/** The phenomena behind the strict judge's names for violations of causality. */
const CAUSAL: { readonly [type: string]: Phenomenon } = {
  "fractured-read": "fractured read",
  "read-your-writes": "non-monotonic session",
  "monotonic-reads": "non-monotonic session",
  "monotonic-writes": "non-monotonic session",
  "writes-follow-reads": "causality violation",
  "causality-violation": "causality violation",
};

/**
 * The phenomena in a recording.
 *
 * @throws {Error} the workload is not txn-list-append: registers do not show enough
 */
export function phenomenaIn(recording: Recording): Set<Phenomenon> {
  const history = txnHistory(recording);
  if (history.write !== "append") {
    throw new Error(
      `Cannot tell the phenomena of ${recording.workload}: only lists show the order of all writes`,
    );
  }
  const found = new Set<Phenomenon>();
  const rules = {
    aborted: false,
    intermediate: false,
    unrepeatable: false,
  };
  for (const { type } of badReads(history, rules)) {
    if (type === "G1a" || type === "G1b") found.add(type);
  }
  if (dirtyWrites(history).length > 0) found.add("G0");
  if (circularFlow(history)) found.add("G1c");
  for (const { type } of causalAnomalies(history)) {
    const phenomenon = CAUSAL[type];
    if (phenomenon !== undefined) found.add(phenomenon);
  }
  if (lostUpdates(history.all, history.steps).length > 0) {
    found.add("lost update");
  }
  const antiDependencies = graphOf(history);
  linkDependencies(antiDependencies, history);
  if (hasWriteSkew(antiDependencies, history)) found.add("write skew");
  if (hasStaleRead(antiDependencies, history)) {
    found.add("real-time violation");
  }
  return found;
}

function circularFlow(history: TxnHistory): boolean {
  const graph = graphOf(history);
  linkVersions(graph, history, "node");
  linkReads(graph, history);
  return cycleAnomalies(graph, history, "session")
    .some(({ type }) => type === "G1c");
}

/** Whether transactions that write different keys missed each other's writes in a cycle. */
function hasWriteSkew(graph: DependencyGraph, history: TxnHistory): boolean {
  const { effective, steps } = history, skewed = graphOf(history);
  const keysWrittenBy = (txn: number): number[] => {
    const keys: number[] = [];
    for (let step = steps.starts[txn]!; step < steps.starts[txn + 1]!; step++) {
      if (isWrite(steps, step)) keys.push(steps.keys[step]!);
    }
    return keys;
  };
  for (const { id: reader } of effective) {
    const own = keysWrittenBy(reader);
    if (own.length === 0) continue;
    for (const [id, kinds] of graph.kinds(reader)) {
      if ((kinds & BIT.rw) === 0) continue;
      if (own.some((key) => writeOf(steps, id, key) !== NONE)) continue;
      skewed.link(reader, id, BIT.rw);
    }
  }
  return skewed.components().cyclic.length > 0;
}

/** Whether a transaction missed a write that had been acknowledged before it began. */
function hasStaleRead(
  graph: DependencyGraph,
  { all, effective }: TxnHistory,
): boolean {
  return effective.some((reader) =>
    [...graph.kinds(reader.id)].some(([id, kinds]) =>
      kinds & BIT.rw && all[id]!.outcome === "ok" &&
      all[id]!.op.index < reader.invocation.index
    )
  );
}
