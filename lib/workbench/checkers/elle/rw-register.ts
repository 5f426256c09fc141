/**
 * The checker of txn-rw-register, after Elle: transactions that read and write
 * registers, judged by what they read. Every value is written once a key.
 */
import type { Op } from "../../history/history.ts";
import type { Options } from "../../history/options.ts";
import type { JsonObject } from "../../history/json.ts";
import { lostUpdates } from "./lost-updates.ts";
import {
  type Anomalies,
  cyclicAnomalies,
  elleResults,
  modelsOf,
} from "./results.ts";
import { cyclicVersionCases, registerDependencies } from "./rw-versions.ts";
import { isRepeated, isWrite, NONE, type Steps, versionOf } from "./steps.ts";
import {
  failedWrites,
  intermediateWrites,
  named,
  shown,
  stepsOf,
  type Transaction,
  transactions,
} from "./txn.ts";
import { opJson } from "../json-key.ts";
import type { Results } from "../verdict.ts";

/** The first read of each transaction that contradicts its own earlier reads and writes. */
function internal(
  all: readonly Transaction[],
  steps: Steps,
): JsonObject[] {
  const { versions, starts, txns, keys } = steps;
  const found: JsonObject[] = [];
  /** By key, the last step of it. */
  const lastAt = new Int32Array(versions.keys.length).fill(NONE);
  for (let step = 0; step < keys.length; step++) {
    const id = txns[step]!, transaction = all[id]!;
    const before = lastAt[keys[step]!]!;
    lastAt[keys[step]!] = step;
    if (!isRepeated(steps, step) || transaction.op.type !== "ok") continue;
    const own = versionOf(steps, before), expected = versions.values[own]!;
    // To Elle, false is nothing, too.
    if (expected === null || expected === false) continue;
    if (versionOf(steps, step) === own) continue;
    const mop = transaction.mops[step - starts[id]!]!;
    found.push({
      op: opJson(transaction.op),
      mop: [...mop],
      expected,
      explanation: `${named(transaction, 1)} read ${shown(mop[2])} of key ${
        shown(mop[1])
      } after it had itself read or written ${shown(expected)}.`,
    });
    // The first is enough: go on with the next transaction.
    step = starts[id + 1]! - 1;
  }
  return found;
}

/** Reads, by others, of what these transactions wrote. */
function readsOf(
  writes: readonly (Transaction | undefined)[] | null,
  all: readonly Transaction[],
  steps: Steps,
  because: string,
): JsonObject[] {
  if (writes === null) return [];
  const { starts, txns } = steps;
  const found: JsonObject[] = [];
  for (let step = 0; step < txns.length; step++) {
    if (isWrite(steps, step)) continue;
    const id = txns[step]!, transaction = all[id]!;
    const writer = writes[versionOf(steps, step)];
    if (writer === undefined || writer === transaction) continue;
    if (transaction.op.type !== "ok") continue;
    const mop = transaction.mops[step - starts[id]!]!;
    found.push({
      op: opJson(transaction.op),
      mop: [...mop],
      writer: opJson(writer.op),
      explanation: `${named(transaction, 1)} read ${shown(mop[2])} of key ${
        shown(mop[1])
      }, which ${named(writer, 2)} wrote ${because}.`,
    });
  }
  return found;
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
  const steps = stepsOf(all, "w");
  const { graph, cyclic } = registerDependencies(all, steps);
  const anomalies: Anomalies = {
    internal: internal(all, steps),
    "lost-update": lostUpdates(all, steps),
    "cyclic-versions": cyclicVersionCases(cyclic),
    G1a: readsOf(failedWrites(all, steps), all, steps, "and then failed"),
    G1b: readsOf(
      intermediateWrites(all, steps),
      all,
      steps,
      "and then wrote over itself",
    ),
    ...cyclicAnomalies(graph, all, models, {
      write: "w",
      read: (value) => value,
      initial: null,
    }),
  };
  const results = elleResults(anomalies, models);
  const found = (results["anomalies"] ?? null) as JsonObject | null;
  const { "cycle-search-timeout": _, ...reported } = found ?? {};
  const types = Object.keys(reported).sort();
  return {
    ...results,
    "valid?": types.length === 0,
    "anomaly-types": types,
    anomalies: found && reported,
  };
}
