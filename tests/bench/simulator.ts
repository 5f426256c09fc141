/**
 * How fast the simulator is: simulated seconds in a second of one core, and seeds in a
 * minute of all cores, by scenario and as nodes and rate grow.
 *
 *     deno run -A tests/bench/simulator.ts [PROGRAM ...]
 *
 * First comes what each program takes in a campaign, once its code is compiled. All other figures
 * are medians of a few seeds after one that warms up; running and judging are timed apart. If
 * programs are named, only the first table is made, and only for these.
 */
import { campaign } from "../../lib/workbench/campaign/campaign.ts";
import { runInProcesses } from "../../lib/workbench/campaign/processes.ts";
import { quantile } from "../../lib/workbench/checkers/figures.ts";
import type { Recording } from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { carried, plain } from "../../lib/workbench/history/copies.ts";
import { textLength } from "../../lib/workbench/history/json.ts";
import {
  record,
  type Simulation,
} from "../../lib/workbench/campaign/simulate.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { VirtualClock } from "../../lib/workbench/world/clock.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";
import { cpuMs, progress, simulatedSeconds } from "./measure.ts";
import { digits, table } from "./table.ts";

const SEEDS = [1, 2, 3, 4, 5];

/** How many seeds the campaigns have that all cores run. */
const CAMPAIGN_SEEDS = 24;

/**
 * How much CPU time a program's seeds take before its speed is measured, in milliseconds, and how
 * many seeds are measured then. V8 takes seconds to optimize all code.
 */
const WARM_UP_MS = 8_000;
const WARM_SEEDS = 10;

const HEAD = [
  "run",
  "events",
  "simulated s/s",
  "with judging",
  "run ms",
  "judge ms",
];

async function measure(
  label: string,
  simulation: Omit<Simulation, "seed">,
): Promise<string[]> {
  const runs: { run: number; judging: number; seconds: number }[] = [];
  let events = 0;
  progress.show(label);
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
  progress.end();
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
      progress.show(`${name}, ${faults}`);
      const seeds = Array.from({ length: CAMPAIGN_SEEDS }, (_, i) => i + 1);
      const began = performance.now();
      await campaign({ name, faults }, seeds, { workers, shrinkAtMost: 0 });
      const minutes = (performance.now() - began) / 60_000;
      found.push([name, faults, digits(seeds.length / minutes)]);
    }
  }
  progress.end();
  return found;
}

/** What becomes of each program, one after the other. */
async function inRow<R>(
  what: string,
  names: readonly string[],
  work: (name: string) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const name of names) {
    progress.show(`${what}: ${name}`);
    results.push(await work(name));
  }
  progress.end();
  return results;
}

const PIECES_HEAD = [
  "run",
  "messages",
  "x real time",
  "us/message",
  "run ms",
  "judges ms",
  "copies",
  "lengths",
  "journal",
  "floor",
];

/**
 * What a run is made of, in CPU time. Copies, lengths and the journal are measured by doing
 * them once more for all messages of the run; the floor is a bare loop that lets as many
 * events happen at the same times and copies every message once.
 */
async function pieces(name: string): Promise<string[]> {
  const rows: number[][] = [];
  for (let seed = 0; seed <= SEEDS.length; seed++) {
    let recording!: Recording;
    const run = await cpuMs(async () => {
      recording = await record({ name, seed, faults: "official" });
    });
    const judging = await cpuMs(() => judge(recording));
    const events = [...recording.journal];
    const bodies = events.flatMap(([kind, , , , , body]) =>
      kind === "send" ? [body] : []
    );
    const copies = await cpuMs(() => {
      for (const body of bodies) plain(carried(body));
    });
    const lengths = await cpuMs(() => bodies.forEach(textLength));
    const journal = await cpuMs(() => Journal.from(events));
    const floor = await cpuMs(() => {
      const clock = new VirtualClock();
      const done = Promise.withResolvers<void>();
      const happen = (i: number) => {
        const [kind, time, , , , body] = events[i]!;
        if (kind === "send") carried(body);
        const next = events[i + 1];
        if (next === undefined) return done.resolve();
        clock.schedule(next[1] - time, () => happen(i + 1));
      };
      happen(0);
      return clock.run(done.promise);
    });
    const seconds = simulatedSeconds(recording);
    const speed = seconds / (run + judging) * 1e3;
    const each = run / bodies.length * 1e3;
    const whole = [bodies.length, speed, each, run, judging];
    if (seed > 0) rows.push([...whole, copies, lengths, journal, floor]);
  }
  const columns = rows[0]!.map((_, i) =>
    digits(quantile(rows.map((row) => row[i]!), 0.5))
  );
  return [name, ...columns];
}

/** What the seeds of a campaign's process take: CPU time in ms, and the most memory so far in MB. */
async function costs(name: string): Promise<{ ms: number; mb: number }[]> {
  const enough = new AbortController();
  const found: { ms: number; mb: number }[] = [];
  const runs = Array.from(
    { length: 10_000 },
    (_, i) => ({ name, seed: i + 1, faults: "official" }) as const,
  );
  let takenMs = 0;
  let warm = 0;
  await runInProcesses(
    runs,
    { processes: 1, signal: enough.signal },
    (_result, _simulation, ms, mb) => {
      found.push({ ms, mb });
      takenMs += ms;
      if (takenMs > WARM_UP_MS && ++warm === WARM_SEEDS) enough.abort();
    },
  );
  return found;
}

/** How long a run of a program's official command is, in simulated seconds. */
async function length(name: string): Promise<number> {
  return simulatedSeconds(await record({ name, seed: 1, faults: "official" }));
}

if (import.meta.main) {
  const subjects = ["broadcast-3d", "kafka-5b", "txn-6c"];
  // First, while this process is small: a child's peak begins with its parent's memory.
  const programs = Deno.args.length > 0
    ? Deno.args
    : scenarios.map(({ name }) => name);
  const taken = await inRow("campaign", programs, costs);
  const lengths = await inRow("length", programs, length);
  console.log(
    "A campaign's process: CPU of a seed with its own command, judged, and its memory\n",
  );
  console.log(
    table(
      ["program", "ms, 1st seed", "ms", "x real time", "MB, 1 seed", "4 seeds"],
      programs.map((name, i) => {
        const all = taken[i]!;
        const ms = quantile(
          all.slice(-WARM_SEEDS).map(({ ms }) => ms),
          0.5,
        )!;
        return [
          name,
          ...[all[0]!.ms, ms, lengths[i]! * 1e3 / ms, all[0]!.mb, all[3]!.mb]
            .map(digits),
        ];
      }),
    ) + "\n",
  );
  if (Deno.args.length > 0) Deno.exit();
  console.log("CPU of a seed with its own command, judged, in ms\n");
  console.log(
    table(PIECES_HEAD, await inRow("pieces", subjects, pieces)) + "\n",
  );
  const names = ["broadcast-3e", "kafka-5c"] as const;
  console.log("One core, the scenario's own command and changes of it\n");
  const all = [
    ...await rows(names[0], [
      {},
      { "node-count": 1 },
      { "node-count": 5 },
      { "node-count": 100 },
      { rate: 10 },
      { rate: 1000 },
    ]),
    ...await rows(names[1], [
      {},
      { "node-count": 1 },
      { "node-count": 5 },
      { "node-count": 25 },
      { rate: 10 },
      { rate: 100 },
    ]),
  ];
  console.log(table(HEAD, all));
  console.log(
    `\nAll cores (${navigator.hardwareConcurrency}), judged, ${CAMPAIGN_SEEDS} seeds\n`,
  );
  console.log(
    table(["scenario", "faults", "seeds/min"], await seedsPerMinute(names)),
  );
}
