/**
 * The results table of the README, from runs of the workbench's own simulator: the
 * official command of every program, and chaos, over fixed seeds. `make results` runs
 * this file; the same seeds give the same table.
 *
 *     deno run -A lib/workbench/results.ts [--seeds N] [--chaos N] [--print]
 *
 * With `--print` the README stays as it is.
 */
import { parseArgs } from "node:util";
import { campaign, type CampaignResults } from "./campaign.ts";
import { figureText, limitText } from "./limits.ts";
import { published, publishedText } from "./published.ts";
import {
  type FigureName,
  type Limit,
  type Scenario,
  scenarios,
} from "./scenarios.ts";
import { ProgressLine } from "./text.ts";

/** Between these lines of the README the table stands. */
export const BEGIN = "<!-- results:begin -->";
export const END = "<!-- results:end -->";

/** Seeds of the official command, and of chaos, that a table is made from. */
const SEEDS = 10;
const CHAOS_SEEDS = 30;

/** What was measured of one program. */
export interface Measured {
  official: CampaignResults;
  chaos: CampaignResults;
}

/** The columns that the scenarios alone decide, and those that are measured. */
const HEAD = [
  "program",
  "algorithm",
  "guarantee",
  "official limit",
  "S",
  "A",
  "visible after, ms",
  "availability",
  "passed chaos",
  "best published",
] as const;

/** Whether a program's file is there. */
export function hasProgram(name: string): boolean {
  try {
    return Deno.statSync(
      new URL(`../../challenges/${name}.ts`, import.meta.url),
    ).isFile;
  } catch {
    return false;
  }
}

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

/** What the challenges' pages set limits to, as briefly as a table needs. */
const SHORT: { readonly [name in FigureName]?: string } = {
  "servers.msgs-per-op": "S",
  "stable-latency.median-ms": "median",
  "stable-latency.max-ms": "max",
};

function officialText(limit: Limit): string {
  return `${SHORT[limit.figure] ?? limit.figure} ${limitText(limit)}`;
}

/** A program's row; without measurements where its file is not there. */
export function row(scenario: Scenario, measured: Measured | null): string[] {
  const { program, algorithm, guarantee, limit, published } = describedCells(
    scenario,
  );
  return [
    program,
    algorithm,
    guarantee,
    limit,
    ...(measured === null
      ? ["–", "–", "–", "–", "–"]
      : measuredCells(measured)),
    published,
  ];
}

function measuredCells({ official, chaos }: Measured): string[] {
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

/** The whole text between the README's markers. */
export function tableText(
  rows: readonly string[][],
  seeds: number,
  chaosSeeds: number,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(HEAD),
    line(HEAD.map(() => "---")),
    ...rows.map(line),
    "",
    `Bold: the main programs; the others are variants of the one above them. S counts messages between servers (services included) for each operation, A all messages: medians over seeds 1 to ${seeds} of the official command, the worst seed in parentheses. "Visible after" is Maelstrom's stable latency for broadcasts, median and worst maximum, and the lag until an acknowledged message can be polled everywhere for logs. Availability is that of the worst seed. "Passed chaos" counts which of seeds 1 to ${chaosSeeds} both judges find valid under loss, duplication, reordering, slow nodes and links, partitions of every kind, cuts during the last operations, and restarts where a program promises to survive them. All of it is simulated, by \`make results\`; \`make NAME\` measures in real time.`,
  ].join("\n");
}

/** A README with a new table between its markers. */
export function withTable(readme: string, table: string): string {
  const begin = readme.indexOf(BEGIN), end = readme.indexOf(END);
  if (begin === -1 || end < begin) {
    throw new Error(
      `Cannot write the results: the README has no lines ${BEGIN} and ${END}`,
    );
  }
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${
    readme.slice(end)
  }`;
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
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seeds: { type: "string", default: String(SEEDS) },
      chaos: { type: "string", default: String(CHAOS_SEEDS) },
      print: { type: "boolean", default: false },
    },
  });
  const seeds = Number(values.seeds), chaosSeeds = Number(values.chaos);
  const rows: string[][] = [];
  for (const scenario of scenarios) {
    const there = hasProgram(scenario.name);
    if (!there) console.error(`${scenario.name} is not there yet: skipped`);
    const measured = there
      ? await measure(scenario.name, seeds, chaosSeeds)
      : null;
    rows.push(row(scenario, measured));
  }
  const table = tableText(rows, seeds, chaosSeeds);
  console.log(table);
  if (!values.print) {
    const readme = new URL("../../README.md", import.meta.url);
    await Deno.writeTextFile(
      readme,
      withTable(await Deno.readTextFile(readme), table),
    );
    // The formatter sets tables in its own way.
    await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--quiet", readme.pathname],
    }).output();
  }
}
