/** Applies both judges to a recording, and takes its figures: what every command prints. */
import { judgeFaithful } from "./faithful.ts";
import { answeredShares } from "./registers/answered.ts";
import { visibilityLagMs } from "./strict/kafka-visibility.ts";
import { strictSet } from "./strict/broadcast.ts";
import { strictGCounter, strictPnCounter } from "./strict/counter.ts";
import { strictEcho } from "./strict/echo.ts";
import { strictKafka } from "./strict/kafka.ts";
import { strictLinKv } from "./strict/lin-kv.ts";
import { strictTxn } from "./strict/txn.ts";
import { strictUniqueIds } from "./strict/unique-ids.ts";
import { judgeStrict, type StrictChecks } from "./strict/strict.ts";
import type { Promises } from "../scenarios/promises.ts";
import {
  type Results,
  type StrictResults,
  type Validity,
  worst,
} from "./verdict.ts";
import { asTold } from "./told.ts";
import { bytesOfValues, figuresOf, type WorkloadFigures } from "./figures.ts";
import { isClientOp, type Op, type Recording } from "../history/history.ts";
import type { JsonObject } from "../history/json.ts";
import type { Figures } from "../scenarios/limits.ts";
import { scenarios } from "../scenarios/scenarios.ts";

/** The strict judge's checks by workload. */
const STRICT: StrictChecks = {
  "broadcast": strictSet("broadcast"),
  "echo": strictEcho,
  "g-counter": strictGCounter,
  "g-set": strictSet("add"),
  "kafka": strictKafka,
  "lin-kv": strictLinKv,
  "pn-counter": strictPnCounter,
  "txn-list-append": strictTxn,
  "txn-rw-register": strictTxn,
  "unique-ids": strictUniqueIds,
};

/** Workloads for which judges read the bodies of messages between nodes, not only their heads. */
export const READING_BODIES: ReadonlySet<string> = new Set([
  "broadcast",
  "g-set",
  "lin-kv",
]);

/** Figures that only some workloads have. */
const FIGURES: WorkloadFigures = {
  broadcast: bytesOfValues,
  kafka(recording) {
    const lag = visibilityLagMs(recording);
    return lag === null ? {} : { "visibility-lag.max-ms": lag };
  },
  "lin-kv": answeredShares,
};

/** A recording with its results. */
export interface Judged {
  recording: Recording;
  /**
   * The history that the verdicts and Maelstrom's figures are about: the recording's, or one in which
   * what a kill excuses is left out.
   */
  held: readonly Op[];
  /** The faithful judge's results, with Maelstrom's own keys. */
  results: Results;
  strict: StrictResults;
  figures: Figures;
}

/** Judges a recording. If its program is one of ours, the strict judge holds it to its promises. */
export function judge(recording: Recording): Judged {
  const promises = promisesOf(recording);
  const plain = verdicts(recording, promises);
  const verdict = overall(plain) === true
    ? plain
    : toldVerdicts(recording, promises, plain);
  const figures = figuresOf(recording, verdict.results, FIGURES);
  return { recording, ...verdict, figures };
}

/** The results of both judges, and what they are about. */
type Verdicts = Pick<Judged, "held" | "results" | "strict">;

function verdicts(recording: Recording, promises: Promises): Verdicts {
  const results = judgeFaithful(recording);
  const strict = judgeStrict(recording, results, promises, STRICT);
  return { held: recording.history, results, strict };
}

/** The results when kills excuse some of what was lost. */
function toldVerdicts(
  recording: Recording,
  promises: Promises,
  plain: Verdicts,
): Verdicts {
  const told = asTold(recording, promises);
  if (told === recording) return plain;
  const left = judgeFaithful(told);
  const isLeft = !isTooLittle(left) &&
    told.history.some((op) => op.type === "ok" && isClientOp(op));
  // If everything that was acknowledged may have been lost, there is nothing left to judge.
  const { aftermath: _, ...bare } = told;
  const held = isLeft ? told : { ...bare, history: [], journal: [] };
  const results = withAnswers(
    isLeft ? left : { ...left, workload: { "valid?": true } },
    plain.results,
  );
  const strict = judgeStrict(held, results, promises, STRICT);
  const { history } = held;
  // No kill excuses an offset that was given twice.
  const twice = plain.strict.anomalies.filter(({ type }) =>
    type === "inconsistent-offsets" &&
    !strict.anomalies.some((anomaly) => anomaly.type === type)
  );
  if (twice.length === 0) return { held: history, results, strict };
  const anomalies = [...strict.anomalies, ...twice];
  return {
    held: history,
    results,
    strict: { ...strict, "valid?": false, anomalies },
  };
}

/** Whether the only problem is that no two of the transactions that are left depend on each other. */
function isTooLittle({ workload }: Results): boolean {
  const types = (workload as JsonObject | null)?.["anomaly-types"];
  return Array.isArray(types) && types.length === 1 &&
    types[0] === "empty-transaction-graph";
}

/**
 * The results of what is left, with the statistics and the availability of the whole run, in which
 * excused operations count as answered. If too little is left for a verdict, the run is valid.
 */
function withAnswers(
  results: Results,
  { stats = null, availability = null }: Results,
): Results {
  const parts = { ...results, stats, availability, "valid?": null };
  const valid = worst(
    ...Object.values(parts).flatMap((part) =>
      ((part as JsonObject | null)?.["valid?"] ?? []) as Validity[]
    ),
  );
  return { ...parts, "valid?": valid !== false };
}

/** The verdict of one judge, `faithful` or `strict`; if neither is named, the worse of the two. */
export function overall(
  { results, strict }: Pick<Judged, "results" | "strict">,
  judge?: string,
): Validity {
  if (judge === "faithful") return results["valid?"];
  if (judge === "strict") return strict["valid?"];
  return worst(results["valid?"], strict["valid?"]);
}

/** Exit status for a verdict: 0 valid, 1 invalid, 2 unknown. */
export function exitStatus(verdict: Validity): 0 | 1 | 2 {
  return verdict === true ? 0 : verdict === false ? 1 : 2;
}

function promisesOf({ program }: Recording): Promises {
  return scenarios.find(({ name }) => name === program)?.promises ?? {};
}
