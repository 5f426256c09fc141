/** Turns anomalies into a verdict, in the form of Elle's results. */
import type { Options } from "../../history/options.ts";
import type { Json, JsonObject } from "../../history/json.ts";
import { cyclicCases } from "./cases.ts";
import { REFUTED } from "./cycle-sorts.ts";
import { explainCycle, type Versions } from "./explain.ts";
import type { DependencyGraph } from "./graph.ts";
import { forbiddenBy, modelNamed, ruledOutBy } from "./models.ts";
import { linkProcessOrder, linkRealtimeOrder } from "./order.ts";
import type { Transaction } from "./txn.ts";
import { opJson } from "../json-key.ts";
import type { Results } from "../verdict.ts";

/** Anomalies by type; most types have a list of cases. */
export type Anomalies = { [type: string]: Json };

/** Anomalies that leave the verdict open. */
const UNKNOWN = ["cycle-search-timeout", "empty-transaction-graph"];

/**
 * The models asked for by `consistency-models`, strict serializability without
 * it. Maelstrom separates several by a comma with a space on either side; one
 * name with a mere comma in it is no model that it knows.
 *
 * @throws {CheckerError} there is no such model
 */
export function modelsOf(options: Options): string[] {
  const asked = options["consistency-models"] ?? "strict-serializable";
  const names = Array.isArray(asked)
    ? asked.map(String)
    : String(asked).trim().split(/\s+,\s+/);
  return names.map(modelNamed);
}

/**
 * Adds to a graph of dependencies the order in time that the models ask for, and
 * gives all its cycles that Elle lists, whether or not the models forbid them.
 */
export function cyclicAnomalies(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
  models: readonly string[],
  versions: Versions,
): Anomalies {
  const forbidden = forbiddenBy(models);
  // Real-time order contains the order of processes, and Elle wants no more then.
  if (forbidden.has("G0-realtime")) linkRealtimeOrder(graph, transactions);
  else if (forbidden.has("G0-process")) {
    const succeeded = transactions.filter(({ op }) => op.type === "ok");
    linkProcessOrder(graph, succeeded);
  }
  if (graph.isEmpty) return { "empty-transaction-graph": true };

  const { cycles, timeouts, signs } = cyclicCases(
    graph,
    (id) => transactions[id]!.op.index,
  );
  const anomalies: Anomalies = {};
  for (const [type, found] of cycles) {
    anomalies[type] = found.map((cycle) =>
      explainCycle(graph, transactions, cycle, type, versions)
    );
  }
  if (timeouts.length > 0) {
    anomalies["cycle-search-timeout"] = timeouts.map(({ type, size }) => ({
      type: "cycle-search-timeout",
      "anomaly-spec-type": type,
      "scc-size": size,
    }));
  }
  for (const [type, ofType] of Map.groupBy(signs, ({ type }) => type)) {
    const { not } = ruledOutBy([type]);
    const cases = ofType.map(({ subgraph, scc }): JsonObject => {
      const members = scc.map((id) => transactions[id]!.op);
      return {
        type,
        not,
        subgraph: ["union", ...subgraph],
        "scc-size": scc.length,
        scc: members.map(({ index }) => index),
        cycle: members.slice(0, 8).map(opJson),
        explanation: `The ${scc.length} transactions with these indices all ` +
          `precede each other by ${subgraph.join(", ")} dependencies.`,
      };
    });
    anomalies[type] = [...anomalies[type] as Json[] ?? [], ...cases];
  }
  return anomalies;
}

/**
 * Elle's results: of the anomalies those that the models forbid are reported, and
 * make the history invalid. `not` and `also-not` are the models it contradicts.
 */
export function elleResults(
  anomalies: Anomalies,
  models: readonly string[],
): Results {
  const forbidden = forbiddenBy(models);
  const occurring = Object.keys(anomalies).filter((type) => {
    const cases = anomalies[type];
    return !Array.isArray(cases) || cases.length > 0;
  });
  const reportable = occurring.filter((type) =>
    forbidden.has(type) || UNKNOWN.includes(type)
  );
  const refuted = ruledOutBy(reportable.filter((type) => !REFUTED.has(type)));
  const known = new Set([...refuted.not, ...refuted.alsoNot]);
  // That there is some cycle is said only where nothing better shows the same.
  const reported = reportable
    .filter((type) => !known.has(REFUTED.get(type) ?? ""))
    .sort();
  if (reported.length === 0) return { "valid?": true };
  const { not, alsoNot } = ruledOutBy(occurring);
  return {
    "valid?": reported.some((type) => forbidden.has(type)) ? false : "unknown",
    "anomaly-types": reported,
    anomalies: Object.fromEntries(
      reported.map((type) => [type, anomalies[type]!]),
    ) as JsonObject,
    not,
    "also-not": alsoNot,
  };
}
