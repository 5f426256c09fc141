/**
 * A table of programs and phenomena, as in Hermitage (Kleppmann, 2014): for each program of
 * challenge 6, what it prevents and what it allows, and in how many simulated runs that was seen.
 *
 * The runs use the list-append workload, because lists show the order of all writes, with few keys.
 * Every program treats lists like registers.
 *
 *     deno run --allow-read --allow-env lib/workbench/results/anomaly-table.ts [SEEDS]
 */
import {
  PHENOMENA,
  phenomenaIn,
  type Phenomenon,
} from "../checkers/strict/txn-phenomena.ts";
import type { Options } from "../history/options.ts";
import { scenarios } from "../scenarios/scenarios.ts";
import { record } from "../campaign/simulate.ts";
import { tableOf } from "./readme.ts";

/** How many runs each program gets by default. */
const DEFAULT_SEEDS = 20;

/** What a totally available store cannot prevent. */
const AVAILABLE: readonly Phenomenon[] = [
  "lost update",
  "write skew",
  "real-time violation",
];

/** What each program allows; it prevents the rest. */
const ALLOWED: { readonly [program: string]: readonly Phenomenon[] } = {
  "txn-6a": [],
  "txn-6a-lock": [],
  "txn-6b": ["causality violation", ...AVAILABLE],
  "txn-6b-writes": [
    "fractured read",
    "non-monotonic session",
    "causality violation",
    ...AVAILABLE,
  ],
  "txn-6c": AVAILABLE,
  "txn-6c-staged": AVAILABLE,
  "txn-6-strict": [],
};

/** What was found about a program. */
export interface AnomalyRow {
  program: string;
  /** How many runs were made. */
  seeds: number;
  allowed: ReadonlySet<Phenomenon>;
  /** In how many runs each phenomenon was seen. */
  seen: { [phenomenon in Phenomenon]: number };
}

/** The programs of the table: all transaction programs, once each. */
export function transactionPrograms(): string[] {
  return scenarios.filter(({ workload }) => workload === "txn-rw-register")
    .map(({ name }) => name);
}

/**
 * Runs one program and counts what is seen.
 *
 * @throws {Error} it is not known what the program allows
 */
export async function anomalyRow(
  program: string,
  seeds: number,
): Promise<AnomalyRow> {
  const allowed = ALLOWED[program];
  if (allowed === undefined) {
    throw new Error(
      `Cannot judge ${program}: it is not said what it allows`,
    );
  }
  const seen = Object.fromEntries(
    PHENOMENA.map((phenomenon) => [phenomenon, 0]),
  ) as AnomalyRow["seen"];
  for (let seed = 1; seed <= seeds; seed++) {
    const overrides = flagsFor(program);
    const faults = "partition";
    const recording = await record({ name: program, seed, faults, overrides });
    for (const phenomenon of phenomenaIn(recording)) seen[phenomenon]++;
  }
  return { program, seeds, allowed: new Set(allowed), seen };
}

/**
 * Three nodes, except for single-node programs; few keys, so that transactions conflict; random
 * latencies, so that messages overtake each other.
 */
function flagsFor(program: string): Options {
  return {
    workload: "txn-list-append",
    "node-count": program === "txn-6a" ? 1 : 3,
    concurrency: "3n",
    "time-limit": 4,
    rate: 300,
    "key-count": 4,
    latency: 10,
    "latency-dist": "exponential",
  };
}

/** The table in Markdown: a row a program, a column a phenomenon. */
export function anomalyTable(rows: readonly AnomalyRow[]): string {
  return tableOf(
    ["program", ...PHENOMENA],
    rows.map(({ program, seeds, allowed, seen }) => [
      `\`${program}\``,
      ...PHENOMENA.map((phenomenon) =>
        `${allowed.has(phenomenon) ? "allowed" : "prevented"}, ${
          seen[phenomenon]
        } of ${seeds}`
      ),
    ]),
  );
}

if (import.meta.main) {
  const seeds = Number(Deno.args[0] ?? DEFAULT_SEEDS);
  const rows: AnomalyRow[] = [];
  for (const program of transactionPrograms()) {
    rows.push(await anomalyRow(program, seeds));
  }
  console.log(anomalyTable(rows));
}
