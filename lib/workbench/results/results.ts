/**
 * Generates the results tables of the READMEs from simulated runs: of every program's official
 * command, and of chaos, over fixed seeds. `make results` runs this file; the same seeds give the
 * same tables.
 *
 *     deno run -A lib/workbench/results/results.ts [NAME...] [--seeds N] [--chaos N] [--keep] [--print]
 *
 * With names, it runs only those programs, and with `--keep` none; the other rows keep their
 * figures, and get the descriptions that the scenarios have now. With `--print`, the READMEs stay
 * as they are.
 */
import { parseArgs } from "node:util";
import { campaign, type CampaignResults } from "../campaign/campaign.ts";
import {
  type FigureName,
  figureText,
  type Limit,
  limitText,
} from "../scenarios/limits.ts";
import { published, publishedText } from "./published.ts";
import { partOf, readmeOf, rowsOf, tableOf, writePart } from "./readme.ts";
import {
  type Scenario,
  scenarioOf,
  scenarios,
} from "../scenarios/scenarios.ts";
import { ProgressLine } from "../terminal/text.ts";

/** The part with the table of all programs. */
export const PART = "results";

/** How many seeds of the official command, and of chaos, a table is made from. */
const SEEDS = 10;
const CHAOS_SEEDS = 40;

/** What was measured of one program. */
export interface Measured {
  official: CampaignResults;
  chaos: CampaignResults;
}

/** The columns from the scenarios, and those that are measured. */
const HEAD = [
  "program",
  "algorithm",
  "guarantee",
  "official limit",
  "S",
  "A",
  "bytes",
  "visible after, ms",
  "availability",
  "passed chaos",
  "best published",
] as const;

/** The cells of a program's row that need no run. */
export function describedCells(scenario: Scenario): {
  program: string;
  algorithm: string;
  guarantee: string;
  limit: string;
  published: string;
} {
  const { name, variantOf, algorithm, guarantee, runs } = scenario;
  const best = published[name] ?? [];
  return {
    program: variantOf === undefined ? `**\`${name}\`**` : `\`${name}\``,
    algorithm,
    guarantee,
    limit: runs[0]!.official.map(officialText).join(", ") || "valid",
    published: best.map(publishedText).join("; ") || "–",
  };
}

/** The figures that challenges limit, in the table's short names. */
const SHORT: { readonly [name in FigureName]?: string } = {
  "servers.msgs-per-op": "S",
  "stable-latency.median-ms": "median",
  "stable-latency.max-ms": "max",
};

function officialText(limit: Limit): string {
  return `${SHORT[limit.figure] ?? limit.figure} ${limitText(limit)}`;
}

/** How many cells of a row are measured, and how many precede them. */
const MEASURED = 6;
const DESCRIBED = 4;

/** A program's row, with the cells that were measured; dashes stand for none. */
export function row(
  scenario: Scenario,
  measured: readonly string[] | undefined,
): string[] {
  const { program, algorithm, guarantee, limit, published } = describedCells(
    scenario,
  );
  const cells = measured ?? Array.from({ length: MEASURED }, () => "–");
  return [program, algorithm, guarantee, limit, ...cells, published];
}

/** The rows of the table in a README, without its head. */
export function rowsIn(readme: string): string[][] {
  return rowsOf(partOf(readme, PART));
}

/** From how many seeds the table in a README was made, if it has one: official, chaos. */
export function seedsIn(readme: string): [number, number] | undefined {
  const counts = [...partOf(readme, PART).matchAll(/seeds 1 to\s+(\d+)/g)];
  if (counts.length !== 2) return undefined;
  return counts.map(([, count]) => Number(count)) as [number, number];
}

/** The measured cells of a row. */
export function measuredIn(row: readonly string[]): string[] {
  return row.slice(DESCRIBED, DESCRIBED + MEASURED);
}

/** What was measured, as cells. */
export function measuredCells({ official, chaos }: Measured): string[] {
  const { figures } = official;
  const spread = (name: FigureName) => {
    const figure = figures[name];
    if (figure === undefined) return "–";
    const { median, worst } = figure;
    return `${short(median)} (${short(worst)})`;
  };
  return [
    spread("servers.msgs-per-op"),
    spread("all.msgs-per-op"),
    bytes(figures),
    visibility(figures),
    figures.availability === undefined
      ? "–"
      : figureText(figures.availability.worst),
    passed(official) === official.seeds
      ? `${passed(chaos)} of ${chaos.seeds}`
      : `${passed(chaos)} of ${chaos.seeds}; official: ${
        passed(official)
      } of ${official.seeds}`,
  ];
}

/** Bytes per value and node, and how many times the least that is. */
function bytes(figures: CampaignResults["figures"]): string {
  const each = figures["servers.bytes-per-value"];
  const times = figures["servers.bytes-to-least"];
  if (each === undefined || times === undefined) return "–";
  return `${short(each.median)}, ${short(times.median)} (${
    short(times.worst)
  }) times the least`;
}

/** Stable latencies of broadcasts, the lag of logs: median of medians, worst of maxima. */
function visibility(figures: CampaignResults["figures"]): string {
  const median = figures["stable-latency.median-ms"];
  const max = figures["stable-latency.max-ms"];
  if (median !== undefined && max !== undefined) {
    return `${short(median.median)}, at most ${short(max.worst)}`;
  }
  const lag = figures["visibility-lag.max-ms"];
  return lag === undefined ? "–" : `at most ${short(lag.worst)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Seeds that both judges pass. */
function passed({ seeds, failures }: CampaignResults): number {
  return seeds - failures.length;
}

/** The whole text of the README's part. */
export function tableText(
  rows: readonly string[][],
  seeds: number,
  chaosSeeds: number,
): string {
  return [
    tableOf(HEAD, rows),
    "",
    `Main programs are in bold, each followed by its variants. All figures are simulated, by \`make results\`; \`make NAME\` measures in real time. S and A are medians over seeds 1 to ${seeds} of the official command, with the worst seed in parentheses. "Bytes" is what broadcasts send between servers per value and per node that it has to reach; the least possible is the value's own digits and a comma. "Visible after" is, for broadcasts, Maelstrom's stable latency, the median and the worst maximum (with partitions in the command, it can be as long as a partition); for logs, it is the time until an acknowledged message can be polled from every node. Availability is that of the worst seed; crashes that Maelstrom's Kafka generator asks for count against it. "Passed chaos" counts which of seeds 1 to ${chaosSeeds} both judges find valid under loss, duplication, reordering, slow nodes and links, partitions of every kind, cuts during the last operations, pauses, wrong clocks, and kills where a program promises to survive them; in the calm at the end every node must answer again.`,
  ].join("\n");
}

/** The columns of the table of main programs, by their heads in the table of all. */
const SUMMARY = [
  "program",
  "algorithm",
  "guarantee",
  "S",
  "best published",
] as const;

/** The table of the main programs, whose rows are among these. */
export function summaryText(rows: readonly string[][]): string {
  const columns = SUMMARY.map((name) => HEAD.indexOf(name));
  const main = rows.filter(([program]) => program!.startsWith("**"));
  return tableOf(
    SUMMARY,
    main.map((cells) => columns.map((i) => cells[i]!.replaceAll("**", ""))),
  );
}

async function measure(
  name: string,
  seeds: number,
  chaosSeeds: number,
): Promise<Measured> {
  const progress = new ProgressLine();
  const workers = navigator.hardwareConcurrency;
  const one = async (faults: "official" | "chaos", count: number) => {
    let done = 0;
    const list = Array.from({ length: count }, (_, i) => i + 1);
    const onResult = () =>
      progress.show(`${name}: ${faults}, ${++done} of ${count} seeds`);
    const settings = { workers, shrinkAtMost: 0, onResult };
    return await campaign({ name, faults }, list, settings);
  };
  const measured = {
    official: await one("official", seeds),
    chaos: await one("chaos", chaosSeeds),
  };
  progress.end();
  for (const results of [measured.official, measured.chaos]) {
    for (const { seed, replay } of results.failures.slice(0, 3)) {
      console.error(`${name}: seed ${seed} does not pass; ${replay}`);
    }
  }
  return measured;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      seeds: { type: "string" },
      chaos: { type: "string" },
      keep: { type: "boolean", default: false },
      print: { type: "boolean", default: false },
    },
  });
  positionals.forEach(scenarioOf);
  const readme = await Deno.readTextFile(readmeOf(PART));
  const some = values.keep || positionals.length > 0;
  // All rows of a table are over the same seeds.
  const usual = (some ? seedsIn(readme) : undefined) ?? [SEEDS, CHAOS_SEEDS];
  const seeds = Number(values.seeds ?? usual[0]);
  const chaosSeeds = Number(values.chaos ?? usual[1]);
  const before = new Map(rowsIn(readme).map((cells) => [cells[0]!, cells]));
  const rows: string[][] = [];
  for (const scenario of scenarios) {
    const { name } = scenario;
    const wanted = !values.keep &&
      (positionals.length === 0 || positionals.includes(name));
    const old = before.get(describedCells(scenario).program);
    if (wanted) {
      const measured = await measure(name, seeds, chaosSeeds);
      rows.push(row(scenario, measuredCells(measured)));
    } else rows.push(row(scenario, old && measuredIn(old)));
  }
  const table = tableText(rows, seeds, chaosSeeds);
  console.log(table);
  if (!values.print) {
    await writePart(PART, table);
    await writePart("summary", summaryText(rows));
  }
}
