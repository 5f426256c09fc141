/**
 * How fast the simulator is: simulated seconds in a second of one core, and seeds in a
 * minute of all cores, by scenario and as nodes and rate grow.
 *
 *     deno run -A tests/bench/simulator.ts
 *
 * Every figure is the median of a few seeds after one that warms up; running and judging
 * are timed apart.
 */
import { campaign } from "../../lib/workbench/campaign/campaign.ts";
import { quantile } from "../../lib/workbench/checkers/figures.ts";
import type { Options, Recording } from "../../lib/workbench/history.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { hasProgram } from "../../lib/workbench/results/results.ts";
import {
  record,
  type Simulation,
} from "../../lib/workbench/campaign/simulate.ts";
import { digits, table } from "./table.ts";

const SEEDS = [1, 2, 3, 4, 5];
const CAMPAIGN_SEEDS = 24;

const HEAD = [
  "run",
  "events",
  "simulated s/s",
  "with judging",
  "run ms",
  "judge ms",
];

/** The end of a run, in simulated seconds. */
function simulatedSeconds({ history, aftermath }: Recording): number {
  const last = aftermath?.history.at(-1) ?? history.at(-1);
  return (last?.time ?? 0) / 1e9;
}

async function measure(
  label: string,
  simulation: Omit<Simulation, "seed">,
): Promise<string[]> {
  const runs: { run: number; judging: number; seconds: number }[] = [];
  let events = 0;
  for (const seed of [0, ...SEEDS]) {
    const began = performance.now();
    const recording = await record({ ...simulation, seed });
    const ran = performance.now();
    judge(recording);
    const judged = performance.now();
    if (seed === 0) continue;
    events = recording.journal.length;
    runs.push({
      run: ran - began,
      judging: judged - ran,
      seconds: simulatedSeconds(recording),
    });
  }
  const median = (of: (run: typeof runs[number]) => number) =>
    digits(quantile(runs.map(of), 0.5));
  return [
    label,
    String(events),
    median(({ run, seconds }) => seconds / run * 1e3),
    median(({ run, judging, seconds }) => seconds / (run + judging) * 1e3),
    median(({ run }) => run),
    median(({ judging }) => judging),
  ];
}

/** Rows of one table: each changes these flags of a scenario. */
async function rows(
  name: string,
  changes: readonly Options[],
): Promise<string[][]> {
  const found: string[][] = [];
  for (const overrides of changes) {
    const flags = Object.entries(overrides)
      .map(([flag, value]) => `--${flag} ${value}`).join(" ");
    const label = `${name} ${flags}`.trim();
    found.push(await measure(label, { name, faults: "official", overrides }));
  }
  return found;
}

async function seedsPerMinute(names: readonly string[]): Promise<string[][]> {
  const workers = navigator.hardwareConcurrency;
  const found: string[][] = [];
  for (const name of names) {
    for (const faults of ["official", "chaos"] as const) {
      const seeds = Array.from({ length: CAMPAIGN_SEEDS }, (_, i) => i + 1);
      const began = performance.now();
      await campaign({ name, faults }, seeds, { workers, shrinkAtMost: 0 });
      const minutes = (performance.now() - began) / 60_000;
      found.push([name, faults, digits(seeds.length / minutes)]);
    }
  }
  return found;
}

if (import.meta.main) {
  const names = ["broadcast-3e", "kafka-5c"].filter(hasProgram);
  const [spread, log] = names;
  console.log("One core, the scenario's own command and changes of it\n");
  const all = [
    ...(spread === undefined ? [] : await rows(spread, [
      {},
      { "node-count": 1 },
      { "node-count": 5 },
      { "node-count": 100 },
      { rate: 10 },
      { rate: 1000 },
    ])),
    ...(log === undefined ? [] : await rows(log, [
      {},
      { "node-count": 1 },
      { "node-count": 5 },
      { "node-count": 25 },
      { rate: 10 },
      { rate: 100 },
    ])),
  ];
  console.log(table(HEAD, all));
  console.log(
    `\nAll cores (${navigator.hardwareConcurrency}), judged, ${CAMPAIGN_SEEDS} seeds\n`,
  );
  console.log(
    table(["scenario", "faults", "seeds/min"], await seedsPerMinute(names)),
  );
}
