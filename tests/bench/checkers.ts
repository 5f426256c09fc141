/**
 * How long the judges take for histories ten times longer than any run of ours: none may
 * take more than the square of its length, nor run out of anything.
 *
 *     deno run -A tests/bench/checkers.ts [NAME...]
 *
 * Prints seconds of CPU and peak memory, each in a process of its own. The ratio of the whole
 * to a tenth is 10 where a checker is linear.
 */
import process from "node:process";
import { judgeFaithful } from "../../lib/workbench/checkers/faithful.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import type { Op } from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { progress } from "./measure.ts";
import { digits, table } from "./table.ts";

/** A history of operations that follow each other, some at a time. */
class Ops {
  readonly history: Op[] = [];

  /** An operation of a process, from one millisecond to the next. */
  add(process: number, f: string, asked: Json, got: Json): void {
    const { history } = this;
    const time = history.length * 1e5;
    const op = { process, f };
    history.push({
      index: history.length,
      time,
      type: "invoke",
      ...op,
      value: asked,
    });
    history.push({
      index: history.length,
      time: time + 5e4,
      type: "ok",
      ...op,
      value: got,
    });
  }
}

/** Correct transactions on ten keys at a time, each written sixteen times. */
function transactions(count: number, isList: boolean): Op[] {
  const ops = new Ops(), random = seeded(1);
  const values = new Map<number, number[]>();
  const live = Array.from({ length: 10 }, (_, i) => i);
  let next = 10;
  for (let i = 0; i < count; i++) {
    const asked: Json[] = [], got: Json[] = [];
    for (let n = 1 + random.int(4); n > 0; n--) {
      const at = random.int(10), key = live[at]!;
      const list = values.get(key) ?? [];
      values.set(key, list);
      if (random.chance(0.5)) {
        asked.push(["r", key, null]);
        got.push(["r", key, isList ? [...list] : list.at(-1) ?? null]);
        continue;
      }
      list.push(list.length + 1);
      const write = [isList ? "append" : "w", key, list.length];
      asked.push(write);
      got.push(write);
      if (list.length === 16) live[at] = next++;
    }
    ops.add(i % 10, "txn", asked, got);
  }
  return ops.history;
}

function ids(count: number): Op[] {
  const ops = new Ops();
  for (let i = 0; i < count; i++) ops.add(i % 3, "generate", null, i);
  return ops.history;
}

function messages(count: number): Op[] {
  const ops = new Ops(), random = seeded(1);
  const logs = Array.from({ length: 20 }, () => [] as number[]);
  const polled = [0, 1, 2, 3].map(() => logs.map(() => 0));
  for (let i = 0; i < count; i++) {
    const key = random.int(20), log = logs[key]!;
    log.push(i);
    const send = ["send", String(key), i];
    ops.add(i % 4, "send", [send], [["send", String(key), [
      log.length - 1,
      i,
    ]]]);
    if (i % 20 !== 19) continue;
    const worker = (i / 20 | 0) % 4, from = polled[worker]!;
    const got: { [key: string]: Json } = {};
    logs.forEach((log, k) => {
      got[k] = log.slice(from[k]!).map((value, n) => [from[k]! + n, value]);
      from[k] = log.length;
    });
    ops.add(worker, "poll", [["poll"]], [["poll", got]]);
  }
  return ops.history;
}

/** Registers under thirty processes that overlap, a key after the other. */
function registers(keys: number): Op[] {
  const history: Op[] = [], random = seeded(1);
  for (let key = 0; key < keys; key++) {
    let value: number | null = null, next = 0;
    const open: Op[] = [];
    const push = (op: Omit<Op, "index" | "time">) => {
      const line = {
        ...op,
        index: history.length,
        time: history.length * 1e5,
      } as Op;
      history.push(line);
      return line;
    };
    for (let i = 0; i < 1_000; i++) {
      const process = i % 30;
      const isWrite = random.chance(0.3);
      const asked: Json = [key, isWrite ? ++next : null];
      const f = isWrite ? "write" : "read";
      open.push(push({ type: "invoke", process, f, value: asked }));
      if (open.length < 30 && i < 999) continue;
      for (const { process, f, value: asked } of random.shuffle(open)) {
        const [, wanted] = asked as [number, number | null];
        if (f === "write") value = wanted;
        push({ type: "ok", process, f, value: [key, value] });
      }
      open.length = 0;
    }
  }
  return history;
}

/** A workload's history, and how many of its things make it ten times as long as ours. */
interface Case {
  name: string;
  size: number;
  workload: string;
  options?: Options;
  history: (size: number) => Op[];
}

const CASES: readonly Case[] = [
  {
    name: "txn-rw-register",
    size: 170_000,
    workload: "txn-rw-register",
    history: (size) => transactions(size, false),
  },
  {
    name: "txn-list-append",
    size: 170_000,
    workload: "txn-list-append",
    history: (size) => transactions(size, true),
  },
  { name: "unique-ids", size: 5_000_000, workload: "unique-ids", history: ids },
  { name: "kafka", size: 1_000_000, workload: "kafka", history: messages },
  { name: "lin-kv", size: 200, workload: "lin-kv", history: registers },
];

/** What judging one history took. */
interface Cost {
  /** Seconds of CPU: the faithful judge alone, then both. */
  faithful: number;
  both: number;
  /** Megabytes: with the history alone, and at most. */
  before: number;
  peak: number;
  verdicts: string;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The most memory this process has ever had, in megabytes. */
function peakMb(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1e3;
}

function costOf({ workload, history, options = {} }: Case, size: number): Cost {
  const recording = {
    workload,
    options: { "node-count": 2, concurrency: 10, ...options },
    history: history(size),
    journal: [],
  };
  const before = Deno.memoryUsage().rss / 1e6;
  const began = cpuSeconds();
  judgeFaithful(recording);
  const faithful = cpuSeconds() - began;
  const { results, strict } = judge(recording);
  const both = cpuSeconds() - began - faithful;
  const verdicts = `${results["valid?"]}, ${strict["valid?"]}`;
  return { faithful, both, before, peak: peakMb(), verdicts };
}

/** The cost in a process of its own, whose memory nothing else has used. */
async function costApart(name: string, size: number): Promise<Cost> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, "--one", name, `${size}`],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot judge ${size} of ${name}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  const [flag, ...rest] = Deno.args;
  if (flag === "--one") {
    const found = CASES.find(({ name }) => name === rest[0])!;
    console.log(JSON.stringify(costOf(found, Number(rest[1]))));
    Deno.exit();
  }
  const rows: string[][] = [];
  for (const { name, size } of CASES) {
    if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
    progress.show(`${name}: ${size}`);
    const tenth = await costApart(name, size / 10);
    const whole = await costApart(name, size);
    rows.push([
      name,
      String(size),
      digits(tenth.both),
      digits(whole.faithful),
      digits(whole.both),
      digits(whole.both / tenth.both),
      whole.before.toFixed(0),
      whole.peak.toFixed(0),
      whole.verdicts,
    ]);
  }
  progress.end();
  const head = [
    "workload",
    "size",
    "a tenth (s)",
    "faithful (s)",
    "both (s)",
    "ratio",
    "history (MB)",
    "peak (MB)",
    "faithful, strict",
  ];
  console.log(table(head, rows));
}
