/**
 * What is left of a program's margins on a machine that has other things to do: the
 * scenario's first command in real time, beside processes that do nothing but keep a
 * processor busy.
 *
 *     deno run -A tests/bench/load.ts [--runs N] [NAME...]     (or `make load`)
 *
 * A run takes 35 seconds. Programs are taken from `bin/`. Exit status 1 if a run failed that
 * had no more than two busy processes beside it; what more of them do is shown.
 */
import { parseArgs } from "node:util";
import { failures } from "../../lib/workbench/terminal/card.ts";
import { quantile } from "../../lib/workbench/checkers/figures.ts";
import {
  type FigureName,
  type Figures,
  limitText,
} from "../../lib/workbench/scenarios/limits.ts";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import { runTest } from "../../lib/workbench/commands/test.ts";
import { ProgressLine } from "../../lib/workbench/terminal/text.ts";
import { digits, table } from "./table.ts";

/** How many busy processes there are. */
const BUSY = [0, 1, 2, 4];

/** Beside how many a program must keep its limits. */
const BUSY_AND_WELL = 2;

/** Programs with a limit on how late a value may be. */
const NAMES = ["broadcast-3d", "broadcast-3e"];

const COLUMNS: readonly [title: string, figure: FigureName][] = [
  ["S", "servers.msgs-per-op"],
  ["bytes to least", "servers.bytes-to-least"],
  ["stable median", "stable-latency.median-ms"],
  ["stable max", "stable-latency.max-ms"],
  ["client p99", "client-latency.p99-ms"],
];

/** Keeps so many processors busy until it is stopped. */
function busy(count: number): () => void {
  const children = Array.from(
    { length: count },
    () =>
      new Deno.Command(Deno.execPath(), {
        // Whoever is killed cannot stop its children, so they look whether it is there.
        args: ["eval", `while (Deno.ppid === ${Deno.pid});`],
        stdin: "null",
      }).spawn(),
  );
  return () => {
    for (const child of children) child.kill("SIGKILL");
  };
}

/** One run, and why it failed, if it did. */
async function once(
  name: string,
  progress: (text: string) => void,
): Promise<{ figures: Figures; reasons: string[] }> {
  const { workload, runs } = scenarioOf(name);
  const run = runs[0]!;
  const { results, strict, figures } = await runTest({
    workload,
    options: run.flags,
    bin: `bin/${name}`,
    program: name,
    onProgress: ({ seconds }) => progress(`${seconds.toFixed(0)} s`),
  });
  const outcome = { faithful: results["valid?"], strict, figures };
  return { figures, reasons: failures(outcome, run) };
}

/** The median and the worst: all these figures are better when lower. */
function spread(values: readonly number[]): string {
  return `${digits(quantile(values, 0.5))} (${digits(quantile(values, 1))})`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    options: { runs: { type: "string", default: "3" } },
    allowPositionals: true,
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    console.error(`--runs ${values.runs}: give a number of runs, at least 1`);
    Deno.exit(254);
  }
  let failed = false;
  for (const name of positionals.length > 0 ? positionals : NAMES) {
    const limits = scenarioOf(name).runs[0]!;
    const rows: string[][] = [];
    const all: string[] = [];
    let isWell = true;
    for (const count of BUSY) {
      const progress = new ProgressLine();
      const stop = busy(count);
      const figures: Figures[] = [];
      let passed = 0;
      try {
        for (let i = 1; i <= runs; i++) {
          const result = await once(name, (text) =>
            progress.show(
              `${name}, ${count} busy processes: run ${i} of ${runs}, ${text}`,
            ));
          figures.push(result.figures);
          if (result.reasons.length === 0) passed++;
          else if (count <= BUSY_AND_WELL) isWell = false;
          all.push(...result.reasons.map((why) => `${count} busy: ${why}`));
        }
      } finally {
        stop();
        progress.end();
      }
      rows.push([
        `${count}`,
        ...COLUMNS.map(([, figure]) =>
          spread(figures.map((one) => one[figure] ?? NaN))
        ),
        `${passed} of ${runs}`,
      ]);
    }
    const asked = [...limits.official, ...limits.ours].map((limit) =>
      `${limit.figure} ${limitText(limit)}`
    );
    const { hardwareConcurrency: processors } = navigator;
    console.log(
      `\n${name} on ${processors} processors: median and worst of ${runs} runs, times in ms\nlimits: ${
        asked.join(", ")
      }\n`,
    );
    const head = ["busy", ...COLUMNS.map(([title]) => title), "passed"];
    console.log(table(head, rows));
    for (const line of all) console.log(line);
    failed ||= !isWell;
  }
  Deno.exit(failed ? 1 : 0);
}
