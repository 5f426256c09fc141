/**
 * The checker of txn-rw-register, after Elle: transactions that read and write
 * registers, judged by what they read. Every value is written once a key.
 */
import type { Op, Options } from "../../history/history.ts";
import type { Json, JsonObject } from "../../history/json.ts";
import { type Anomalies, cyclicAnomalies } from "./results.ts";
import { elleResults, modelsOf } from "./results.ts";
import { cyclicVersionCases, registerDependencies } from "./rw-versions.ts";
import {
  committed,
  failedWrites,
  intermediateWrites,
  lostUpdates,
  named,
  shown,
  type Table,
  type Transaction,
  transactions,
} from "./txn.ts";
import { type JsonKey, jsonKey, opJson } from "../json-key.ts";
import type { Results } from "../verdict.ts";

/** The first read of each transaction that contradicts its own earlier reads and writes. */
function internal(ok: readonly Transaction[]): JsonObject[] {
  return ok.flatMap((transaction) => {
    const state = new Map<JsonKey, Json>();
    for (const mop of transaction.mops) {
      const [f, key, value] = mop;
      const expected = state.get(jsonKey(key)) ?? null;
      if (
        f === "r" && expected !== null && jsonKey(expected) !== jsonKey(value)
      ) {
        return [{
          op: opJson(transaction.op),
          mop: [...mop],
          expected,
          explanation: `${named(transaction, 1)} read ${shown(value)} of key ${
            shown(key)
          } after it had itself read or written ${shown(expected)}.`,
        }];
      }
      state.set(jsonKey(key), value);
    }
    return [];
  });
}

/** Reads, by others, of what these transactions wrote. */
function readsOf(
  writes: Table<Transaction>,
  ok: readonly Transaction[],
  because: string,
): JsonObject[] {
  if (writes.empty) return [];
  return ok.flatMap((transaction) =>
    transaction.mops.flatMap((mop) => {
      const [f, key, value] = mop;
      const writer = f === "r" ? writes.get(key, value) : undefined;
      if (!writer || writer === transaction) return [];
      return [{
        op: opJson(transaction.op),
        mop: [...mop],
        writer: opJson(writer.op),
        explanation: `${named(transaction, 1)} read ${shown(value)} of key ${
          shown(key)
        }, which ${named(writer, 2)} wrote ${because}.`,
      }];
    })
  );
}

/**
 * Judges a history of txn-rw-register as Maelstrom does. Only the replies of nodes are judged,
 * never the requests.
 *
 * @param options `consistency-models` says what may not happen
 * @returns `valid?`, `anomaly-types`, `anomalies`; and when there are any, `not` and
 * `also-not`: the models that do not hold. Maelstrom's wrapper around Elle makes
 * every reported anomaly a failure but a search that was given up.
 * @throws {CheckerError} the history cannot be judged; the verdict is unknown
 */
export function checkRwRegister(history: Op[], options: Options): Results {
  const models = modelsOf(options);
  const all = transactions(history, "w");
  const ok = committed(all);
  const unaborted = all.filter(({ op }) => op.type !== "fail");
  const { graph, cyclic } = registerDependencies(all);
  const anomalies: Anomalies = {
    internal: internal(ok),
    "lost-update": lostUpdates(ok, "w"),
    "cyclic-versions": cyclicVersionCases(cyclic),
    G1a: readsOf(failedWrites(all, "w"), ok, "and then failed"),
    G1b: readsOf(
      intermediateWrites(unaborted, "w"),
      ok,
      "and then wrote over itself",
    ),
    ...cyclicAnomalies(graph, all, models, {
      write: "w",
      read: (value) => value,
      initial: null,
    }),
  };
  const results = elleResults(anomalies, models);
  const { "cycle-search-timeout": _, ...reported } =
    (results["anomalies"] ?? {}) as JsonObject;
  const types = Object.keys(reported).sort();
  return {
    ...results,
    "valid?": types.length === 0,
    "anomaly-types": types,
    anomalies: reported,
  };
}
