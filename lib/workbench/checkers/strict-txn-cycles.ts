/** Cycles of dependencies in the strict judge's words. */
import { explainCycle } from "./elle-explain.ts";
import type { DependencyGraph } from "./elle-graph.ts";
import { forbiddenBy } from "./elle-models.ts";
import { findCycles } from "./elle-search.ts";
import type { TxnHistory } from "./strict-txn-history.ts";
import type { Anomaly } from "./verdict.ts";

/** Everything that a cycle can be called. */
const ALL = forbiddenBy(["strong-serializable"]);

/**
 * The cycles of a graph, one sort after the other, with a sentence each.
 *
 * @param order what the graph's edges of time stand for: the order at each node
 * (names then end in `-session`), or everywhere (`-realtime`)
 */
export function cycleAnomalies(
  graph: DependencyGraph,
  history: TxnHistory,
  order: "session" | "realtime",
): Anomaly[] {
  const { cycles, unnamed } = findCycles(graph, ALL);
  const renamed = (type: string) => type.replace("realtime", order);
  const anomalies = [...cycles].map(([type, found]) => ({
    type: renamed(type),
    because: found.map((cycle) =>
      String(
        explainCycle(graph, history.all, cycle, type, {
          write: history.write,
          read: (value) => Array.isArray(value) ? value.at(-1) ?? null : value,
          initial: null,
        }).explanation,
      )
    ),
  }));
  if (unnamed !== undefined) {
    anomalies.push({
      type: renamed(unnamed.type),
      because: [
        `${unnamed.scc.length} transactions all precede each other, by ${
          unnamed.subgraph.join(", ")
        }`,
      ],
    });
  }
  return anomalies;
}
