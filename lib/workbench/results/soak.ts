/**
 * What `make soak` does: many seeds of every program, under its official commands and under chaos.
 *
 *     deno run -A lib/workbench/results/soak.ts [SEEDS] [--shard I/N] [--out FILE]
 *     deno run -A lib/workbench/results/soak.ts --join FILE...
 *
 * A seed is a whole run: the set-up, requests while links are cut and nodes killed, the heal, the
 * last reads, and both judges. Only its main phase is shorter than an official one, see {@link
 * flagsOf}; the table says how long. A failure's command has the same flags.
 *
 * After only a few seeds, the estimate for a thousand is too high by up to a half: the first runs
 * of a process take twice as long as later ones, because their code is still being compiled.
 *
 * Every run becomes a line of a file as soon as it ends. If interrupted, the same command continues
 * where it stopped, unless the commit has changed. With `--shard`, each of N machines does an Nth
 * of the runs; `--join` makes one table of their files. The exit status is 1 if a run is invalid, 2
 * if some are unknown or missing.
 */
import { dirname } from "node:path";
import { runInProcesses } from "../campaign/processes.ts";
import { replayCommand, type Simulation } from "../campaign/simulate.ts";
import { type Anomaly, type Validity, worst } from "../checkers/verdict.ts";
import type { Options } from "../history/options.ts";
import { tableOf } from "./readme.ts";
import { scenarioOf, scenarios } from "../scenarios/scenarios.ts";
import { anomalyLines, ProgressLine } from "../terminal/text.ts";

/** How many seeds each program gets by default. */
const SEEDS = 1_000;

/** How many seeds it may get at most: a list of all runs is made first. */
const MOST_SEEDS = 1_000_000;

/** How many operations an official run asks for: a run costs what its operations cost. */
const OPERATIONS = 1_000;

/** The shortest main phase, in seconds, so that cuts and heals have their time. */
const SHORTEST_S = 2;

/** How often, on average, the nemesis acts in a main phase that was shortened, after the cut it begins with. */
const ACTS = 3;

/**
 * Under chaos a client may wait 5 s for an answer, so it takes many seconds, with few requests in
 * each. Two seconds of calm follow.
 */
const CHAOS = { seconds: 18, rate: 40 };

/** A part of the work: the `index`-th of `count`, from 1. */
export interface Shard {
  index: number;
  count: number;
}

/** The first line of a file. */
interface Head {
  seeds: number;
  shard: Shard;
  /** The commit of the sources that were run. */
  commit: string;
}

/** Another line: one run. */
interface Line {
  /** The program and how it was run, the same for all seeds. */
  name: string;
  faults: string;
  seed: number;
  /** The worse of both judges'. */
  verdict: Validity;
  /** CPU time, in milliseconds. */
  ms: number;
  /** The command that repeats it, if it is not valid. */
  replay?: string;
  anomalies?: Anomaly[];
}

/** What a file holds, without a last line that was cut short. */
export interface Part {
  head: Head;
  lines: Line[];
}

/**
 * The flags of a seed that differ from the scenario's: a main phase that is long enough, with
 * faults that come sooner, and a lower rate under chaos.
 */
export function flagsOf(
  { name, faults, run = 0 }: Omit<Simulation, "seed">,
): Options {
  const { flags } = scenarioOf(name).runs[run]!;
  const official = Number(flags["time-limit"] ?? 60);
  const rate = Number(flags.rate ?? 5);
  if (faults === "chaos") {
    return {
      "time-limit": Math.min(official, CHAOS.seconds),
      rate: Math.min(rate, CHAOS.rate),
    };
  }
  const limit = Math.max(SHORTEST_S, OPERATIONS / rate);
  if (limit >= official) return {};
  if (flags.nemesis === undefined) return { "time-limit": limit };
  const interval = Number(flags["nemesis-interval"] ?? 10);
  return {
    "time-limit": limit,
    "nemesis-interval": Math.min(interval, limit / ACTS),
  };
}

/** All runs of a shard, seed by seed through all programs, so that early results are of all kinds. */
export function workOf(seeds: number, { index, count }: Shard): Simulation[] {
  const one = scenarios.flatMap(
    ({ name, runs }): Omit<Simulation, "seed">[] => [
      ...runs.map((_, run) => ({ name, faults: "official" as const, run })),
      { name, faults: "chaos" as const },
    ],
  ).map((simulation) => ({ ...simulation, overrides: flagsOf(simulation) }));
  return Array.from({ length: seeds }, (_, i) => i + 1)
    .flatMap((seed) => one.map((simulation) => ({ ...simulation, seed })))
    .filter((_, i) => i % count === index - 1);
}

/**
 * Reads a file's text; null if it is not such a file, or empty. What is no line of a run is left
 * out, such as a last one that was cut in the middle: the run counts as missing.
 */
export function readPart(text: string): Part | null {
  const [head, ...lines] = text.split("\n").map((line) => {
    try {
      return Object(JSON.parse(line));
    } catch {
      return {};
    }
  });
  const { seeds, shard } = head;
  const { index, count } = Object(shard);
  const isHead = isCount(seeds) && isCount(index) && isCount(count);
  return isHead ? { head, lines: lines.filter(isLine) } : null;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 &&
    Number(value) <= MOST_SEEDS;
}

function isLine({ name, faults, seed, verdict, ms }: Line): boolean {
  return typeof name === "string" && typeof faults === "string" &&
    isCount(seed) && [true, false, "unknown"].includes(verdict) &&
    typeof ms === "number";
}

/**
 * The table of several parts, preceded by the failures, and an exit status.
 *
 * @param shard which runs should be there: all, if not given
 */
export function joined(
  parts: readonly Part[],
  shard: Shard = { index: 1, count: 1 },
): { text: string; status: 0 | 1 | 2 } {
  const lines = parts.flatMap(({ lines }) => lines);
  const runs = new Map(lines.map((line) => [keyOf(line), line]));
  const wanted = Math.max(0, ...parts.map(({ head }) => head.seeds));
  const all = workOf(wanted, shard);
  const rows = rowsOf(all, runs);
  const failures = [...runs.values()].filter(({ verdict }) => verdict !== true);
  const found = rows.flatMap(({ done }) => done);
  const missing = all.length - found.length;
  const commits = new Set(parts.map(({ head }) => head.commit));
  // As long as those of the same row have taken on average.
  const thousandMs = rows
    .reduce((sum, { done }) => sum + 1_000 * (meanMs(done) ?? 0), 0);
  const text = [
    ...failures.map(({ replay, anomalies = [] }) =>
      [replay, ...anomalyLines(anomalies)].join("\n")
    ),
    tableOf(HEAD, rows.map(cellsOf)),
    `${found.length} runs took ${
      minutesOf(found)
    } min of one core; a thousand seeds of these rows take ${
      (thousandMs / 60_000).toFixed(0)
    }`,
    ...(missing > 0 ? [`${missing} of ${all.length} runs are missing`] : []),
    ...(commits.size > 1
      ? [
        `these are runs of ${commits.size} commits: ${[...commits].join(", ")}`,
      ]
      : []),
  ].join("\n");
  const isWrong = failures.some(({ verdict }) => verdict === false);
  const status = isWrong ? 1 : failures.length + missing > 0 ? 2 : 0;
  return { text, status };
}

/** The runs of one program that differ in the seed alone. */
interface Row {
  /** One of them. */
  simulation: Simulation;
  wanted: number;
  done: Line[];
}

/** The rows of all runs that should be there, with those that are. */
function rowsOf(
  all: readonly Simulation[],
  runs: ReadonlyMap<string, Line>,
): Row[] {
  const rows = new Map<string, Row>();
  for (const simulation of all) {
    const line = lineOf(simulation);
    const title = titleOf(line);
    const row = rows.get(title) ?? { simulation, wanted: 0, done: [] };
    rows.set(title, row);
    row.wanted++;
    const done = runs.get(keyOf(line));
    if (done !== undefined) row.done.push(done);
  }
  return [...rows.values()];
}

/** The columns of the table. */
const HEAD = [
  "program",
  "faults",
  "main phase",
  "valid",
  "unknown",
  "invalid",
  "missing",
  "ms a seed",
] as const;

function cellsOf({ simulation, wanted, done }: Row): string[] {
  const { name, run = 0, overrides } = simulation;
  const flags = { ...scenarioOf(name).runs[run]!.flags, ...overrides };
  const count = (verdict: Validity) =>
    `${done.filter((line) => line.verdict === verdict).length}`;
  return [
    name,
    lineOf(simulation).faults,
    `${flags["time-limit"] ?? 60} s at ${flags.rate ?? 5}/s`,
    count(true),
    count("unknown"),
    count(false),
    `${wanted - done.length}`,
    meanMs(done)?.toFixed(0) ?? "-",
  ];
}

function meanMs(lines: readonly Line[]): number | undefined {
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, { ms }) => sum + ms, 0) / lines.length;
}

function minutesOf(lines: readonly Line[]): string {
  return (lines.reduce((sum, { ms }) => sum + ms, 0) / 60_000).toFixed(1);
}

function titleOf({ name, faults }: Pick<Line, "name" | "faults">): string {
  return `${name}, ${faults}`;
}

function keyOf(line: Pick<Line, "name" | "faults" | "seed">): string {
  return `${titleOf(line)}, ${line.seed}`;
}

function lineOf({ name, faults, run = 0, seed }: Simulation) {
  return { name, faults: run === 0 ? faults : `${faults} ${run}`, seed };
}

/** Estimates how long the remaining runs will take, from how long runs of their kind took. */
export class Estimate {
  readonly #kinds = new Map<
    string,
    { left: number; made: number; ms: number }
  >();

  /** Adds a run that is still to be done. */
  add(simulation: Simulation): void {
    this.#kind(titleOf(lineOf(simulation))).left++;
  }

  /** Takes in a run that is done, in this session or before. */
  made(line: Pick<Line, "name" | "faults" | "ms">, wasLeft = true): void {
    const kind = this.#kind(titleOf(line));
    kind.made++;
    kind.ms += line.ms;
    if (wasLeft) kind.left--;
  }

  /** Milliseconds of one thread. Kinds not seen yet count as the mean of those seen. */
  get leftMs(): number {
    const kinds = [...this.#kinds.values()];
    const seen = kinds.filter(({ made }) => made > 0);
    const means = seen.map(({ ms, made }) => ms / made);
    const mean = means.reduce((sum, ms) => sum + ms, 0) / means.length;
    return kinds.reduce(
      (sum, { left, made, ms }) => sum + left * (made > 0 ? ms / made : mean),
      0,
    );
  }

  #kind(title: string) {
    const kind = this.#kinds.get(title) ?? { left: 0, made: 0, ms: 0 };
    this.#kinds.set(title, kind);
    return kind;
  }
}

/**
 * Performs the runs of a shard that its file lacks.
 *
 * @returns what the file then holds
 */
export async function soak(
  seeds: number,
  shard: Shard,
  file: string,
  threads = navigator.hardwareConcurrency,
): Promise<Part> {
  const head = { seeds, shard, commit: await commit() };
  const before = readPart(await Deno.readTextFile(file).catch(() => ""));
  const isSame = JSON.stringify(before?.head) === JSON.stringify(head);
  const lines = isSame ? before!.lines : [];
  await Deno.mkdir(dirname(file), { recursive: true });
  // Rewritten, without a line that was cut short.
  const text = [head, ...lines].map((line) => JSON.stringify(line) + "\n");
  await Deno.writeTextFile(file, text.join(""));
  const done = new Set(lines.map(keyOf));
  const all = workOf(seeds, shard);
  const left = all.filter((simulation) => !done.has(keyOf(lineOf(simulation))));

  const estimate = new Estimate();
  for (const simulation of left) estimate.add(simulation);
  for (const line of lines) estimate.made(line, false);
  const progress = new ProgressLine();
  const began = performance.now();
  let failed = lines.filter(({ verdict }) => verdict !== true).length;
  let cpuMs = 0;
  const out = await Deno.open(file, { append: true });
  await runInProcesses(
    left,
    { processes: threads },
    (result, simulation, ms) => {
      const verdict = worst(result.faithful, result.strict);
      const line: Line = {
        ...lineOf(simulation),
        verdict,
        ms: Math.round(ms),
        ...(verdict === true ? {} : {
          replay: replayCommand(simulation),
          anomalies: result.anomalies,
        }),
      };
      out.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
      lines.push(line);
      estimate.made(line);
      if (verdict !== true) failed++;
      cpuMs += ms;
      const minutes = (performance.now() - began) / 60_000;
      // As much CPU a minute as so far, whatever else the machine does.
      const leftMinutes = estimate.leftMs * minutes / Math.max(1, cpuMs);
      progress.show(
        `${lines.length} of ${all.length} runs, ${failed} not valid, ${
          minutes.toFixed(0)
        } min, about ${leftMinutes.toFixed(0)} to go`,
      );
    },
  );
  progress.end();
  out.close();
  return { head, lines };
}

/** The commit of the sources; without one, resuming is trusted. */
async function commit(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("git", {
      args: ["rev-parse", "--short", "HEAD"],
      cwd: import.meta.dirname!,
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return "";
  }
}

function fail(text: string): never {
  console.error(text);
  Deno.exit(254);
}

function readShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (isCount(index) && isCount(count) && index <= count) {
    return { index, count };
  }
  fail(`Cannot do shard "${text}": give I/N, such as 2/8`);
}

if (import.meta.main) {
  const args = [...Deno.args];
  const flag = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at === -1 ? undefined : args.splice(at, 2)[1];
  };
  const parts: Part[] = [];
  const isJoin = args[0] === "--join";
  if (isJoin) {
    for (const file of args.slice(1)) {
      const part = readPart(await Deno.readTextFile(file).catch(() => ""));
      if (part === null) {
        fail(`Cannot join ${file}: it is not a file of a soak`);
      }
      parts.push(part);
    }
    if (parts.length === 0) fail("Cannot join nothing: name the files");
  } else {
    const shard = readShard(flag("--shard") ?? "1/1");
    const file = flag("--out") ??
      `store/soak/${shard.index}-of-${shard.count}.jsonl`;
    const seeds = Number(args[0] ?? SEEDS);
    if (!isCount(seeds) || args.length > 1) {
      fail(
        `Cannot simulate ${
          args.join(" ")
        } seeds: give a whole number, 1 to ${MOST_SEEDS}`,
      );
    }
    parts.push(await soak(seeds, shard, file));
    console.log(`${file}: the runs of shard ${shard.index} of ${shard.count}`);
  }
  const [{ head: { shard } }] = parts as [Part];
  const { text, status } = joined(parts, isJoin ? undefined : shard);
  console.log(text);
  Deno.exit(status);
}
