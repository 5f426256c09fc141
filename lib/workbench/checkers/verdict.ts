import type { Json } from "../history.ts";

/** A verdict of three values: `"unknown"` means that the checker could not tell. */
export type Validity = true | false | "unknown";

/** What a faithful checker returns: Maelstrom's own keys, `valid?` among them. */
export type Results = { "valid?": Validity } & { [key: string]: Json };

/**
 * The one key of a checker's results that is not Maelstrom's: sentences that say where its
 * checker throws, so that it has no verdict, although the history leaves no doubt about one.
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

/** Something the strict judge found to contradict a promise. */
export interface Anomaly {
  /** A stable name in kebab-case (or the literature's: `G1a`), which mutants are held to. */
  type: string;
  /** Sentences that name the operations, times and nodes which contradict the promise. */
  because: string[];
}

/** A checker could not tell: the history is not one that it can judge. The verdict is then unknown. */
export class CheckerError extends Error {
  override name = "CheckerError";
}

/** The worse of two verdicts: false, then unknown, then true. */
export function worst(...verdicts: Validity[]): Validity {
  if (verdicts.includes(false)) return false;
  return verdicts.includes("unknown") ? "unknown" : true;
}

/**
 * What a check of the strict judge has found: an anomaly, which makes the run invalid, or a
 * note, which is worth knowing but contradicts nothing that anybody asked or promised.
 */
export interface Finding extends Anomaly {
  rank?: "note";
}

/** What the strict judge returns. */
export interface StrictResults {
  "valid?": Validity;
  /** These alone decide the verdict. */
  anomalies: Anomaly[];
  /** Findings that decide nothing: weak patterns, and what may do harm elsewhere. */
  notes: Anomaly[];
}
