/**
 * Many seeds of one scenario: runs them on all cores, sums them up, and gives for each failure
 * the smallest run that still shows it, with the command that repeats it.
 */
import type { Anomaly, Validity } from "../checkers/verdict.ts";
import { quantile } from "../checkers/figures.ts";
import type { FigureName } from "../scenarios/limits.ts";
import type { MachineName } from "../world/machine.ts";
import { GuestError } from "./guests.ts";
import { runInProcesses, RunsApart } from "./processes.ts";
import { runSeed } from "./run-seed.ts";
import { passed, type SeedResult } from "./seed-result.ts";
import { shrink } from "./shrink.ts";
import { replayCommand, type Simulation } from "./simulate.ts";

/** Figures that are better when higher. */
const ASCENDING: ReadonlySet<string> = new Set<FigureName>([
  "availability",
  "answered.share",
  "answered.majority-share",
  "answered.others-share",
]);

/** How often a judge gave each verdict. */
export interface Tally {
  true: number;
  false: number;
  unknown: number;
}

/** A seed that did not pass, after shrinking. */
export interface Failure {
  seed: number;
  judge: "faithful" | "strict" | "both";
  anomalies: Anomaly[];
  replay: string;
  /** The smallest run that shows it, which the command repeats. */
  smallest: Simulation;
}

/** The results of all seeds. */
export interface CampaignResults {
  program: string;
  seeds: number;
  faults: string;
  machine: MachineName;
  faithful: Tally;
  strict: Tally;
  figures: { [name in FigureName]?: { median: number; worst: number } };
  failures: Failure[];
  /** By label, how many seeds reached it: what must happen for the runs to prove anything. */
  labels: { [label: string]: number };
  /** By note of the strict judge, in how many seeds it was made. */
  notes: { [type: string]: number };
}

/** How a campaign runs. */
export interface CampaignOptions {
  /** How many processes; 0 for this one alone, which a program that is not a file requires. */
  workers?: number;
  /** How many failures are shrunk at most: it takes time. */
  shrinkAtMost?: number;
  /** When aborted, current runs are finished, no others begin, and nothing is shrunk. */
  signal?: AbortSignal;
  /** Called for each run as it ends, in no order. */
  onResult?(result: SeedResult): void;
  /** Called for every run that only shrinks the failure of a seed. */
  onShrink?(seed: number): void;
}

/**
 * Runs many seeds and sums them up.
 *
 * @throws {GuestError} there is no program to run
 */
export async function campaign(
  simulation: Omit<Simulation, "seed">,
  seeds: readonly number[],
  options: CampaignOptions = {},
): Promise<CampaignResults> {
  const results = await resultsOf(simulation, seeds, options);
  const hopeless = results.find(({ isHopeless }) => isHopeless);
  if (hopeless !== undefined) {
    throw new GuestError(hopeless.anomalies[0]!.because[0]);
  }
  const failed = results.filter((result) => !passed(result));
  return {
    program: simulation.mutant ?? simulation.name,
    seeds: results.length,
    faults: simulation.faults,
    machine: simulation.machine ?? "quiet",
    faithful: tally(results.map(({ faithful }) => faithful)),
    strict: tally(results.map(({ strict }) => strict)),
    figures: distributions(results),
    failures: await failuresOf(simulation, failed, options),
    labels: countSeeds(results.map(({ labels }) => labels)),
    notes: countSeeds(results.map(({ notes }) => notes)),
  };
}

/** Runs all seeds; the results are in their order. */
async function resultsOf(
  simulation: Omit<Simulation, "seed">,
  seeds: readonly number[],
  { workers = 0, signal, ...options }: CampaignOptions,
): Promise<SeedResult[]> {
  const results: SeedResult[] = [];
  const onResult = (result: SeedResult) => {
    results.push(result);
    options.onResult?.(result);
  };
  if (workers > 0) {
    const processes = { processes: workers, ...(signal ? { signal } : {}) };
    const runs = seeds.map((seed) => ({ ...simulation, seed }));
    await runInProcesses(runs, processes, onResult);
  } else {
    for (const seed of seeds) {
      if (!signal?.aborted) onResult(await runSeed({ ...simulation, seed }));
    }
  }
  return results.sort((a, b) => a.seed - b.seed);
}

/** The failures that these results are, shrunk. */
async function failuresOf(
  simulation: Omit<Simulation, "seed">,
  failed: readonly SeedResult[],
  { shrinkAtMost = 3, signal, onShrink }: CampaignOptions,
): Promise<Failure[]> {
  // A guest may do anything to the process that it runs in.
  const apart = simulation.guest === undefined ? null : new RunsApart();
  const perform = async (smaller: Simulation) =>
    apart === null ? await runSeed(smaller) : (await apart.run(smaller)).result;
  const failures: Failure[] = [];
  for (const result of failed) {
    const { seed } = result;
    let smallest = { simulation: { ...simulation, seed }, result };
    // A run that never ends cannot be repeated for shrinking.
    const ended = !result.anomalies.some(({ type }) => type === "no-verdict");
    if (ended && failures.length < shrinkAtMost && !signal?.aborted) {
      smallest = await shrink(smallest, perform, () => onShrink?.(seed));
    }
    failures.push({
      seed,
      judge: judgeOf(result),
      anomalies: smallest.result.anomalies,
      replay: replayCommand(smallest.simulation),
      smallest: smallest.simulation,
    });
  }
  await apart?.end();
  return failures;
}

/** The verdict of a whole campaign. */
export function campaignVerdict(
  { faithful, strict }: CampaignResults,
): Validity {
  if (faithful.false + strict.false > 0) return false;
  return faithful.unknown + strict.unknown > 0 ? "unknown" : true;
}

/** The judge that a run did not pass. */
function judgeOf({ faithful, strict }: SeedResult): Failure["judge"] {
  if (strict === true) return "faithful";
  return faithful === true ? "strict" : "both";
}

function tally(verdicts: Validity[]): Tally {
  const counts = { true: 0, false: 0, unknown: 0 };
  for (const verdict of verdicts) counts[`${verdict}`]++;
  return counts;
}

/** By name, in how many seeds it occurred. */
function countSeeds(seeds: readonly string[][]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of seeds.flat().toSorted()) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** For each figure its median and its worst value over the seeds. */
function distributions(
  results: readonly SeedResult[],
): CampaignResults["figures"] {
  const values = new Map<string, number[]>();
  for (const { figures } of results) {
    for (const [name, value] of Object.entries(figures)) {
      const list = values.get(name) ?? [];
      values.set(name, list);
      list.push(value);
    }
  }
  return Object.fromEntries(
    [...values].map(([name, list]) => [name, {
      median: quantile(list, 0.5)!,
      worst: quantile(list, ASCENDING.has(name) ? 0 : 1)!,
    }]),
  );
}
