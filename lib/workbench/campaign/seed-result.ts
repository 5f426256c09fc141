/** What a seed of a campaign comes to: what is worth keeping of thousands of runs. */
import type { Anomaly, Validity } from "../checkers/verdict.ts";
import type { Figures } from "../scenarios/limits.ts";

/** What is kept of one run. */
export interface SeedResult {
  seed: number;
  faithful: Validity;
  strict: Validity;
  anomalies: Anomaly[];
  /** The names of the strict judge's notes. */
  notes: string[];
  figures: Figures;
  labels: string[];
  /** Whether no other seed can be run either: there is no program. */
  isHopeless?: boolean;
}

/** The result of a seed without a verdict. */
export function noVerdict(seed: number, reason: string): SeedResult {
  return {
    seed,
    faithful: "unknown",
    strict: "unknown",
    anomalies: [{ type: "no-verdict", because: [reason] }],
    notes: [],
    figures: {},
    labels: [],
  };
}

/** Whether both verdicts are valid. */
export function passed({ faithful, strict }: SeedResult): boolean {
  return faithful === true && strict === true;
}
