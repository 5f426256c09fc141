/**
 * Many seeds of one scenario: run on all cores, counted, and for each failure the
 * smallest run that still shows it, with the command that does it again.
 */
import type { Anomaly, Validity } from "./checkers/verdict.ts";
import { INGREDIENTS } from "./chaos.ts";
import { quantile } from "./figures.ts";
import type { Json, Options } from "./history.ts";
import { nodesOf } from "./history.ts";
import type { Judged } from "./judges.ts";
import type { Figures } from "./limits.ts";
import { type FigureName, scenarioOf } from "./scenarios.ts";
import {
  ingredientsOf,
  replayCommand,
  simulate,
  type Simulation,
} from "./simulate.ts";

/** What is kept of one run. */
export interface SeedResult {
  seed: number;
  faithful: Validity;
  strict: Validity;
  anomalies: Anomaly[];
  figures: Figures;
  labels: string[];
}

/** How often a judge gave which verdict. */
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
}

/** What `simulate --json` prints. */
export interface CampaignResults {
  program: string;
  seeds: number;
  faults: string;
  faithful: Tally;
  strict: Tally;
  figures: { [name in FigureName]?: { median: number; worst: number } };
  /** How many seeds reached each thing that must happen for the runs to prove anything. */
  labels: { [label: string]: number };
  failures: Failure[];
}

/** Does one run and keeps what a campaign needs of it. */
export async function runSeed(simulation: Simulation): Promise<SeedResult> {
  const { results, strict, figures, labels } = await simulate(simulation);
  return {
    seed: simulation.seed,
    faithful: results["valid?"],
    strict: strict["valid?"],
    anomalies: anomaliesOf({ results, strict }),
    figures,
    labels: [...labels],
  };
}

/** The anomalies of both judges; the faithful one's error types become sentences. */
function anomaliesOf(
  { results, strict }: Pick<Judged, "results" | "strict">,
): Anomaly[] {
  if (results["valid?"] === true) return strict.anomalies;
  const because = [`Maelstrom's own verdict is ${results["valid?"]}`];
  for (const part of ["workload", "availability", "stats"]) {
    const result = results[part] as { [key: string]: Json } | undefined;
    if (result !== undefined && result["valid?"] !== true) {
      because.push(`${part}: ${JSON.stringify(result).slice(0, 400)}`);
    }
  }
  return [{ type: "faithful-judge", because }, ...strict.anomalies];
}

/**
 * Runs many seeds and sums them up; `onResult` hears of each as it ends, in no order.
 * With more than one worker, each runs in a thread of its own.
 */
export async function campaign(
  simulation: Omit<Simulation, "seed">,
  seeds: readonly number[],
  { workers = 1, shrinkAtMost = 3, onResult = (_: SeedResult) => {} } = {},
): Promise<CampaignResults> {
  const results: SeedResult[] = [];
  const queue = [...seeds];
  const finished = (result: SeedResult) => {
    results.push(result);
    onResult(result);
  };
  const count = Math.min(workers, seeds.length);
  if (count <= 1) {
    for (const seed of queue) finished(await runSeed({ ...simulation, seed }));
  } else {
    await Promise.all(
      Array.from({ length: count }, () => thread(simulation, queue, finished)),
    );
  }
  results.sort((a, b) => a.seed - b.seed);
  const failed = results.filter((result) =>
    result.faithful !== true || result.strict !== true
  );
  const failures: Failure[] = [];
  for (const result of failed) {
    const whole = { ...simulation, seed: result.seed };
    const small = failures.length < shrinkAtMost
      ? await shrink(whole, result)
      : { simulation: whole, result };
    failures.push({
      seed: result.seed,
      judge: result.strict === true
        ? "faithful"
        : result.faithful === true
        ? "strict"
        : "both",
      anomalies: small.result.anomalies,
      replay: replayCommand(small.simulation),
    });
  }
  return {
    program: simulation.name,
    seeds: seeds.length,
    faults: simulation.faults,
    faithful: tally(results.map(({ faithful }) => faithful)),
    strict: tally(results.map(({ strict }) => strict)),
    figures: distributions(results),
    labels: countLabels(results),
    failures,
  };
}

/** One thread of a campaign: takes seeds from the queue until it is empty. */
function thread(
  simulation: Omit<Simulation, "seed">,
  queue: number[],
  finished: (result: SeedResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const url = import.meta.resolve("./campaign-worker.ts");
    const worker = new Worker(url, { type: "module" });
    const next = () => {
      const seed = queue.shift();
      if (seed !== undefined) {
        return worker.postMessage({ ...simulation, seed });
      }
      worker.terminate();
      resolve();
    };
    worker.onmessage = ({ data }) => {
      if (data.error !== undefined) {
        worker.terminate();
        reject(new Error(data.error));
      } else {
        finished(data.result);
        next();
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error(`Cannot simulate: ${event.message}`));
    };
    next();
  });
}

function tally(verdicts: Validity[]): Tally {
  const counts = { true: 0, false: 0, unknown: 0 };
  for (const verdict of verdicts) counts[`${verdict}`]++;
  return counts;
}

function countLabels(results: readonly SeedResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const label of results.flatMap(({ labels }) => labels).toSorted()) {
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

function distributions(
  results: readonly SeedResult[],
): CampaignResults["figures"] {
  const values = new Map<FigureName, number[]>();
  for (const { figures } of results) {
    for (const [name, value] of Object.entries(figures)) {
      const list = values.get(name as FigureName) ?? [];
      list.push(value);
      values.set(name as FigureName, list);
    }
  }
  return Object.fromEntries(
    [...values].map(([name, list]) => [name, {
      median: quantile(list, 0.5)!,
      worst: name === "availability" ? Math.min(...list) : Math.max(...list),
    }]),
  );
}

/**
 * Makes a failing run smaller while it fails in the same way: fewer operations, then
 * fewer faults, then fewer nodes. The seed stays, though what it decides may shift.
 */
export async function shrink(
  simulation: Simulation,
  result: SeedResult,
): Promise<{ simulation: Simulation; result: SeedResult }> {
  let best = { simulation, result };
  const types = new Set(result.anomalies.map(({ type }) => type));

  /** Keeps a smaller run if it fails in one of the ways of the first. */
  async function tryout(smaller: Partial<Simulation>): Promise<boolean> {
    const candidate = { ...best.simulation, ...smaller };
    const outcome = await runSeed(candidate);
    if (!outcome.anomalies.some(({ type }) => types.has(type))) return false;
    best = { simulation: candidate, result: outcome };
    return true;
  }
  const withFlag = (flag: string, value: number) =>
    tryout({ overrides: { ...best.simulation.overrides, [flag]: value } });
  const scenario = scenarioOf(simulation.name);
  const flag = (name: string, fallback: number): number => {
    const { run = 0, overrides = {} }: Simulation = best.simulation;
    const flags: Options = { ...scenario.runs[run]!.flags, ...overrides };
    return Number(flags[name] ?? fallback);
  };

  for (const name of ["time-limit", "rate"]) {
    while (flag(name, 5) > 1) {
      if (!await withFlag(name, Math.max(1, flag(name, 5) >> 1))) break;
    }
  }
  for (const ingredient of INGREDIENTS) {
    const { without = [] } = best.simulation;
    if (!ingredientsOf(best.simulation, scenario).includes(ingredient)) {
      continue;
    }
    await tryout({ without: [...without, ingredient] });
  }
  const { overrides = {}, run = 0 } = simulation;
  const nodes = nodesOf({ ...scenario.runs[run]!.flags, ...overrides }).length;
  for (const fewer of [1, 2, 3, 5]) {
    if (fewer < nodes && await withFlag("node-count", fewer)) break;
  }
  return best;
}

/** The verdict of a whole campaign. */
export function campaignVerdict(
  { faithful, strict }: CampaignResults,
): Validity {
  if (faithful.false + strict.false > 0) return false;
  return faithful.unknown + strict.unknown > 0 ? "unknown" : true;
}
