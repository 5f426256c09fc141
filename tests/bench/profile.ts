/**
 * Where a simulated run's time goes: which part of the code takes it, and the ten functions that
 * take most.
 *
 *     deno run -A tests/bench/profile.ts [PROGRAM ...]
 *
 * Seeds are run and judged on one core, first until their code is compiled, then under V8's sampling
 * profiler. What a built-in function takes counts for its caller.
 */
import { type Profiler, Session } from "node:inspector/promises";
import { record } from "../../lib/workbench/campaign/simulate.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { cpuMs, progress, simulatedSeconds } from "./measure.ts";
import { digits, table } from "./table.ts";

/** How long seeds are run before and under the profiler, in milliseconds. */
const WARM_UP_MS = 8_000;
const PROFILED_MS = 12_000;

const GARBAGE = "(garbage collector)";

const PARTS = ["program", "library", "judges", "simulator", GARBAGE, "other"];

/** What a share of the time is for, by the first part of the path within the project that matches. */
const PLACES: readonly [path: string, part: string][] = [
  ["/lib/workbench/checkers/", "judges"],
  ["/lib/workbench/", "simulator"],
  ["/lib/", "library"],
  ["/challenges/", "program"],
];

const ROOT = new URL("../..", import.meta.url).href.replace(/\/$/, "");

/** Time by part of the code and by function, in microseconds, and the speed of the run. */
interface Shares {
  totalUs: number;
  parts: Map<string, number>;
  functions: Map<string, number>;
  /** Simulated seconds in a second of CPU time. */
  speed: number;
}

/** Runs and judges seeds for some time; returns simulated seconds in a second of CPU time. */
async function runFor(name: string, ms: number): Promise<number> {
  let simulated = 0;
  const taken = await cpuMs(async () => {
    const end = performance.now() + ms;
    for (let seed = 1; performance.now() < end; seed++) {
      const recording = await record(
        { name, seed, faults: "official" },
        { forVerdict: true },
      );
      judge(recording);
      simulated += simulatedSeconds(recording);
    }
  });
  return simulated / taken * 1e3;
}

async function profile(name: string): Promise<Shares> {
  progress.show(`compiling ${name}`);
  await runFor(name, WARM_UP_MS);
  progress.show(`profiling ${name}`);
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    const speed = await runFor(name, PROFILED_MS);
    const { profile } = await session.post("Profiler.stop");
    return { ...sharesOf(profile), speed };
  } finally {
    session.disconnect();
  }
}

function sharesOf(profile: Profiler.Profile): Omit<Shares, "speed"> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) {
    for (const child of children) callers.set(child, id);
  }
  /** The part to which a place in the tree of calls belongs: its own, or else its caller's. */
  const partOf = (id: number | undefined): string => {
    if (id === undefined) return "other";
    const { functionName, url } = nodes.get(id)!.callFrame;
    if (functionName === GARBAGE) return GARBAGE;
    const path = url.startsWith(ROOT) ? url.slice(ROOT.length) : "";
    const place = PLACES.find(([start]) => path.startsWith(start));
    return place?.[1] ?? partOf(callers.get(id));
  };
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, us: number) =>
    to.set(key, (to.get(key) ?? 0) + us);
  let totalUs = 0;
  profile.samples?.forEach((id, i) => {
    const us = profile.timeDeltas?.[i] ?? 0;
    totalUs += us;
    add(parts, partOf(id), us);
    const { functionName, url } = nodes.get(id)!.callFrame;
    const file = url.split("/").at(-1)!;
    add(functions, `${functionName || "(anonymous)"} ${file}`.trim(), us);
  });
  return { totalUs, parts, functions };
}

const percent = (us: number, totalUs: number) =>
  `${(100 * us / totalUs).toFixed(1)} %`;

if (import.meta.main) {
  const programs = Deno.args.length > 0
    ? Deno.args
    : ["broadcast-3d", "kafka-5b", "txn-6c"];
  const all: Shares[] = [];
  for (const name of programs) all.push(await profile(name));
  progress.end();
  console.log(
    "Where a seed's time goes, with its own command, judged. The last column is the speed if only\n" +
      "the program, the library and the judges took time.\n",
  );
  const rows = all.map(({ parts, totalUs, speed }, i) => {
    const us = (part: string) => parts.get(part) ?? 0;
    const needed = us("program") + us("library") + us("judges");
    return [
      programs[i]!,
      ...PARTS.map((part) => percent(us(part), totalUs)),
      digits(speed),
      digits(speed * totalUs / needed),
    ];
  });
  console.log(table(["program", ...PARTS, "x real time", "at most"], rows));
  for (const [i, { functions, totalUs }] of all.entries()) {
    const most = [...functions].sort(([, a], [, b]) => b - a).slice(0, 10);
    console.log("");
    console.log(table(
      [programs[i]!, "itself"],
      most.map(([name, us]) => [name, percent(us, totalUs)]),
    ));
  }
}
