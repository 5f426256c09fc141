/** What judges return: verdicts, results, anomalies and notes. */
import type { Json } from "../history/json.ts";

/** A verdict: valid, invalid, or `"unknown"` if the checker could not tell. */
export type Validity = true | false | "unknown";

/** A verdict in one word. */
export function verdictText(verdict: Validity): string {
  return verdict === "unknown" ? "unknown" : verdict ? "valid" : "invalid";
}

/** The results of one of Maelstrom's checkers, with Maelstrom's keys, among them `valid?`. */
export type Results = { "valid?": Validity } & { [key: string]: Json };

/**
 * The one key of results that is not Maelstrom's. It holds sentences that say where Maelstrom's checker
 * would throw, so that its verdict would be unknown, although the history allows a verdict.
 */
export const THROWS = "maelstrom-throws";

/** Results with the sentences of {@link THROWS}, if there are any. */
export function throwing(
  results: Results,
  because: readonly string[],
): Results {
  return because.length === 0
    ? results
    : { ...results, [THROWS]: [...because] };
}

/** Something that contradicts a promise. */
export interface Anomaly {
  /** A stable name in kebab-case (or the literature's: `G1a`). */
  type: string;
  /** Sentences that say which operations contradict the promise, with times and nodes. */
  because: string[];
}

/** A checker cannot judge the history, so the verdict is unknown. */
export class CheckerError extends Error {
  override name = "CheckerError";
}

/** The worst of several verdicts: false if there is one, else unknown if there is one, else true. */
export function worst(...verdicts: Validity[]): Validity {
  if (verdicts.includes(false)) return false;
  return verdicts.includes("unknown") ? "unknown" : true;
}

/**
 * A finding of the strict judge: an anomaly, which makes the run invalid, or a note, which
 * contradicts nothing that was asked or promised.
 */
export interface Finding extends Anomaly {
  rank?: "note";
  /** Whether there were more sentences than were kept. */
  isCut?: boolean;
}

/** What the strict judge returns. */
export interface StrictResults {
  "valid?": Validity;
  /** Contradictions, which alone decide the verdict. */
  anomalies: Anomaly[];
  /** Findings that do not affect the verdict: weak patterns, and things that may do harm elsewhere. */
  notes: Anomaly[];
}
