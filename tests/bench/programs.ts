/**
 * What the programs cost as the number of nodes, the latency of the network and the rate
 * of requests grow: messages, bytes, how long values take to be visible, how long clients
 * wait.
 *
 *     deno run -A tests/bench/programs.ts [NAME...]
 *
 * Simulated, without faults; every figure is the median of a few seeds.
 */
import { campaign } from "../../lib/workbench/campaign/campaign.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import type { FigureName } from "../../lib/workbench/scenarios/limits.ts";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import { progress } from "./measure.ts";
import { digits, table } from "./table.ts";

const SEEDS = [1, 2, 3];

/** Programs that have something to say to each other. */
const NAMES = [
  "broadcast-3d",
  "broadcast-3e",
  "counter-4",
  "counter-4-crdt",
  "kafka-5b",
  "kafka-5c",
  "txn-6b",
  "txn-6c",
];

const NODES = [1, 2, 5, 9, 25];
const LATENCIES = [0, 10, 100, 500];
const RATES = [10, 100, 1000];

const COLUMNS: readonly [title: string, figure: FigureName][] = [
  ["S", "servers.msgs-per-op"],
  ["A", "all.msgs-per-op"],
  ["bytes/op", "servers.bytes-per-op"],
  ["stable median", "stable-latency.median-ms"],
  ["stable max", "stable-latency.max-ms"],
  ["lag max", "visibility-lag.max-ms"],
  ["client p99", "client-latency.p99-ms"],
  ["available", "availability"],
];

/** The scenario's first command with one flag changed, without its nemesis. */
async function row(
  name: string,
  flag: string,
  value: number,
): Promise<string[]> {
  progress.show(`${name}: ${flag} ${value}`);
  const overrides: Options = {
    nemesis: undefined,
    "time-limit": 10,
    [flag]: value,
  };
  const workers = Math.min(SEEDS.length, navigator.hardwareConcurrency);
  const { figures, faithful, strict } = await campaign(
    { name, faults: "official", overrides },
    SEEDS,
    { workers, shrinkAtMost: 0 },
  );
  const valid = faithful.true === SEEDS.length && strict.true === SEEDS.length;
  return [
    `${flag} ${value}`,
    ...COLUMNS.map(([, figure]) => digits(figures[figure]?.median)),
    valid ? "valid" : "NOT VALID",
  ];
}

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : NAMES;
  for (const name of names) {
    const { algorithm, runs } = scenarioOf(name);
    const { "node-count": nodes, rate, latency = 0 } = runs[0]!.flags;
    const rows: string[][] = [];
    for (const count of NODES) rows.push(await row(name, "node-count", count));
    for (const ms of LATENCIES) rows.push(await row(name, "latency", ms));
    for (const each of RATES) rows.push(await row(name, "rate", each));
    progress.end();
    console.log(
      `\n${name}: ${algorithm}\notherwise ${nodes} nodes, ${latency} ms, ${rate} requests/s; times in ms\n`,
    );
    const head = ["changed", ...COLUMNS.map(([title]) => title), "verdicts"];
    console.log(table(head, rows));
  }
}
