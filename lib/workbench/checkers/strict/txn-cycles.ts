/** Reports cycles of dependencies in the strict judge's words. */
import { explainCycle } from "../elle/explain.ts";
import type { Json } from "../../history/json.ts";
import type { DependencyGraph } from "../elle/graph.ts";
import { forbiddenBy } from "../elle/models.ts";
import { findCycles } from "../elle/search.ts";
import { Findings } from "../findings.ts";
import type { TxnHistory } from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** All names of cycles. */
const ALL = forbiddenBy(["strong-serializable"]);

/**
 * The cycles of a graph, sort by sort, with a sentence each. Cycles of writes are called
 * `cyclic-versions` if all are of one key.
 *
 * @param order what the graph's time edges mean: the order at each node (names then end in
 * `-session`), or everywhere (`-realtime`)
 * @param forbidden the names that count, in Elle's words; all if not given
 */
export function cycleAnomalies(
  graph: DependencyGraph,
  history: TxnHistory,
  order: "session" | "realtime",
  forbidden: ReadonlySet<string> = ALL,
): Finding[] {
  const { cycles, unnamed } = findCycles(graph, forbidden);
  const renamed = (type: string) => type.replace("realtime", order);
  const findings = new Findings();
  for (const [type, found] of cycles) {
    for (const cycle of found) {
      const oneKey = type === "G0" && keysOf(graph, cycle).size === 1;
      const { explanation } = explainCycle(graph, history.all, cycle, type, {
        write: history.write,
        read: (value) => Array.isArray(value) ? value.at(-1) ?? null : value,
        initial: null,
      });
      findings.add(
        oneKey ? "cyclic-versions" : renamed(type),
        String(explanation),
      );
    }
  }
  if (unnamed !== undefined) {
    findings.add(
      renamed(unnamed.type),
      `${unnamed.scc.length} transactions all precede each other, by ${
        unnamed.subgraph.join(", ")
      }`,
    );
  }
  return findings.all();
}

/** The keys that a cycle's edges are about. */
function keysOf(graph: DependencyGraph, cycle: readonly number[]): Set<Json> {
  return new Set(cycle.map((from, i) => {
    const to = cycle[(i + 1) % cycle.length]!;
    return graph.dependencies(from, to)[0]?.key ?? null;
  }));
}
