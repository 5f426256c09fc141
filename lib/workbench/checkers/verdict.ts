/** What judges say: verdicts, results, anomalies and notes. */
import type { Json } from "../history/json.ts";

/** A verdict of three values: `"unknown"` means that the checker could not tell. */
export type Validity = true | false | "unknown";

/** A verdict in one word. */
export function verdictText(verdict: Validity): string {
  return verdict === "unknown" ? "unknown" : verdict ? "valid" : "invalid";
}

/** The results of one of Maelstrom's checkers, with its keys, `valid?` among them. */
export type Results = { "valid?": Validity } & { [key: string]: Json };

/**
 * The one key of results that is not Maelstrom's: sentences that say where Maelstrom's checker
 * throws, and so has no verdict, although the history clearly has one.
 */
export const THROWS = "maelstrom-throws";

/** Results with such sentences, if there are any. */
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
  /** Sentences that name the operations, times and nodes that contradict the promise. */
  because: string[];
}

/** A checker cannot judge the history. The verdict is then unknown. */
export class CheckerError extends Error {
  override name = "CheckerError";
}

/** The worse of two verdicts: false, then unknown, then true. */
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
  /** Whether there were more sentences than are kept. */
  isCut?: boolean;
}

/** What the strict judge returns. */
export interface StrictResults {
  "valid?": Validity;
  /** These alone decide the verdict. */
  anomalies: Anomaly[];
  /** Findings that decide nothing: weak patterns, and what may do harm elsewhere. */
  notes: Anomaly[];
}
