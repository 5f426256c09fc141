/**
 * The strict judge of txn-rw-register and txn-list-append. At read uncommitted or read committed,
 * Maelstrom passes stores that forget or invent values, or never replicate. Here replies are compared
 * with their requests, values with their writers, and replicas with each other; and the whole history
 * is judged at the level that the program promises, and by the models that the command asks for.
 */
import type { Recording } from "../../history/history.ts";
import type { Options } from "../../history/options.ts";
import { forbiddenBy } from "../elle/models.ts";
import { modelsOf } from "../elle/results.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { causalAnomalies } from "./txn-causal.ts";
import { endings, missingEndings, refusingNodes } from "./txn-convergence.ts";
import { type TxnHistory, txnHistory } from "./txn-history.ts";
import { badReads } from "./txn-reads.ts";
import { isolation } from "./txn-isolation.ts";
import { serialAnomalies, sessionAnomalies } from "./txn-serial.ts";
import { dirtyWrites, vanished, writeOrder } from "./txn-versions.ts";
import type { Finding } from "../verdict.ts";

/** Judges a recording of either transaction workload. */
export function strictTxn(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const history = txnHistory(recording);
  const forbidden = forbiddenByCommand(recording.options);
  const found = promises.transactions === undefined
    ? anybody(recording, history, forbidden)
    : promised(history, promises.transactions);
  // A program's promise may already hold it to more than the command.
  const strict = promises.transactions === "strict-serializable" ||
    !forbidden.has("G0-realtime") ||
    (promises.transactions && !recording.options["consistency-models"]);
  if (!strict) return [...found, ...serialAnomalies(history, forbidden)];
  return forbidden.has("G0-process") && !forbidden.has("G0-realtime")
    ? [...found, ...sessionAnomalies(history, forbidden)]
    : found;
}

/** The findings of a program that promises a level. */
function promised(
  history: TxnHistory,
  level: NonNullable<Promises["transactions"]>,
): Finding[] {
  const committed = {
    aborted: false,
    intermediate: false,
    unrepeatable: false,
  };
  switch (level) {
    case "strict-serializable":
      return [
        ...badReads(history, committed),
        ...serialAnomalies(history),
        ...missingEndings(history),
      ];
    case "causal":
      return [
        ...badReads(history, committed),
        ...causalAnomalies(history),
        ...endings(history),
      ];
    case "read-uncommitted":
      return [
        ...badReads(history, { ...committed, intermediate: true }),
        ...vanished(history, "node"),
        ...dirtyWrites(history),
        ...endings(history),
      ];
  }
}

/** The findings of any other program, which is held to the workload's description, and to the models asked for. */
function anybody(
  recording: Recording,
  history: TxnHistory,
  forbidden: ReadonlySet<string>,
): Finding[] {
  return [
    ...badReads(history, {
      aborted: !forbidden.has("G1a"),
      intermediate: !forbidden.has("G1b"),
      unrepeatable: !forbidden.has("internal"),
    }),
    ...isolation(recording, history),
    ...dirtyWrites(history, writeOrder(history)),
    // Nodes that refuse everything are judged by the availability asked for.
    ...endings(history, refusingNodes(history)),
    ...unruly(recording.options),
  ];
}

/** A note if a model is asked for that nothing can contradict. */
function unruly(options: Options): Finding[] {
  const models = knownModels(options);
  if (models.length === 0 || forbiddenBy(models).size > 0) return [];
  const because = `no anomaly is known to contradict ${
    models.join(" and ")
  }: the verdict says nothing about it`;
  return [{ type: "model-without-rules", because: [because], rank: "note" }];
}

/**
 * What the command's models forbid; nothing if there is no such model, which the faithful judge
 * reports.
 */
function forbiddenByCommand(options: Options): ReadonlySet<string> {
  return forbiddenBy(knownModels(options));
}

function knownModels(options: Options): string[] {
  try {
    return modelsOf(options);
  } catch {
    return [];
  }
}
