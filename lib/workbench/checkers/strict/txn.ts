/**
 * The strict judge of txn-rw-register and txn-list-append. Maelstrom's verdict at read
 * uncommitted or committed lets pass stores that forget, invent or never replicate; here
 * answers are compared with requests, values with who wrote them, replicas with each
 * other, and the whole with the level that the program promises.
 */
import { nodesOf, type Options, type Recording } from "../../history.ts";
import { forbiddenBy } from "../elle/models.ts";
import { modelsOf } from "../elle/results.ts";
import type { Promises } from "../../promises.ts";
import { causalAnomalies } from "./txn-causal.ts";
import { endings, missingEndings } from "./txn-convergence.ts";
import { txnHistory } from "./txn-history.ts";
import { badReads } from "./txn-reads.ts";
import { isolation } from "./txn-isolation.ts";
import { serialAnomalies } from "./txn-serial.ts";
import { growingMessages } from "./txn-traffic.ts";
import { dirtyWrites, vanished } from "./txn-versions.ts";
import type { Finding } from "../verdict.ts";

/** Judges a recording of either transaction workload. */
export function strictTxn(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const history = txnHistory(recording);
  const level = promises.transactions ?? impliedLevel(recording.options);
  switch (level) {
    case "strict-serializable":
      return [
        ...badReads(history, { intermediate: false, unrepeatable: false }),
        ...serialAnomalies(history),
        ...missingEndings(history),
      ];
    case "causal":
      return [
        ...badReads(history, { intermediate: false, unrepeatable: false }),
        ...causalAnomalies(history),
        ...endings(history),
        ...growingMessages(recording),
      ];
    case "read-uncommitted":
      return [
        ...badReads(history, { intermediate: true, unrepeatable: false }),
        ...vanished(history, "node"),
        ...dirtyWrites(history),
        ...endings(history),
        ...growingMessages(recording),
      ];
    case undefined:
      return [
        ...badReads(history, {
          intermediate: !modelForbids(recording.options, "G1b"),
          unrepeatable: true,
        }),
        ...isolation(recording, history),
        ...endings(history),
      ];
  }
}

/**
 * What is asked of a program that is not ours: on the official command of 6a, one
 * order of everything, since one node can have no reason for less.
 */
function impliedLevel(options: Options): Promises["transactions"] {
  const lenient = options["consistency-models"] === "read-uncommitted";
  return lenient && nodesOf(options).length === 1
    ? "strict-serializable"
    : undefined;
}

function modelForbids(options: Options, anomaly: string): boolean {
  try {
    return forbiddenBy(modelsOf(options)).has(anomaly);
  } catch {
    return false; // an unknown model: the faithful judge says so
  }
}
