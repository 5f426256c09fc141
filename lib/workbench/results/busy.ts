/**
 * The table in challenges/README.md of how broadcasts with latency limits do on a busy machine:
 * the official command on a quiet, a busy and a stalled machine, over the same seeds.
 *
 *     deno run -A lib/workbench/results/busy.ts [--seeds N]
 */
import { parseArgs } from "node:util";
import { campaign, type CampaignResults } from "../campaign/campaign.ts";
import { figureText } from "../scenarios/limits.ts";
import { ProgressLine } from "../terminal/text.ts";
import { MACHINES } from "../world/machine.ts";
import { tableOf, writePart } from "./readme.ts";

/** The programs whose challenge sets limits in milliseconds. */
const PROGRAMS = ["broadcast-3d", "broadcast-3e"] as const;

const SEEDS = 100;

/** A campaign as a row of the table. */
export function busyRow(
  machine: string,
  { program, seeds, figures, failures }: CampaignResults,
): string[] {
  const spread = (name: keyof typeof figures) => {
    const figure = figures[name];
    return figure === undefined
      ? "–"
      : `${text(figure.median)} (${text(figure.worst)})`;
  };
  return [
    `\`${program}\``,
    machine,
    spread("servers.msgs-per-op"),
    spread("stable-latency.median-ms"),
    spread("stable-latency.max-ms"),
    `${seeds - failures.length} of ${seeds}`,
  ];
}

function text(value: number): string {
  return figureText(Number(value.toPrecision(3)));
}

/** The whole part of the README. */
function busyText(
  rows: readonly string[][],
  seeds: number,
): string {
  const head = [
    "program",
    "machine",
    "S",
    "visible after, median ms",
    "at most, ms",
    "valid for both judges",
  ];
  return [
    tableOf(head, rows),
    "",
    `All figures are simulated: medians over seeds 1 to ${seeds} of the official command, with the worst seed in parentheses. On a quiet machine nothing is late. On a busy one, timers and messages are as late as they were measured to be on two cores shared by 25 nodes and a JVM, and a few times everything stalls for 30 to 65 ms. A stalled machine is a busy one on which everything also stalls once for 180 ms.`,
  ].join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seeds: { type: "string" } } });
  const seeds = Number(values.seeds ?? SEEDS);
  const list = Array.from({ length: seeds }, (_, i) => i + 1);
  const rows: string[][] = [];
  const progress = new ProgressLine();
  for (const name of PROGRAMS) {
    for (const machine of MACHINES) {
      let done = 0;
      const results = await campaign(
        { name, faults: "official", machine },
        list,
        {
          workers: navigator.hardwareConcurrency,
          shrinkAtMost: 0,
          onResult: () =>
            progress.show(`${name}: ${machine}, ${++done} of ${seeds} seeds`),
        },
      );
      rows.push(busyRow(machine, results));
    }
  }
  progress.end();
  const part = busyText(rows, seeds);
  console.log(part);
  await writePart("busy", part);
}
