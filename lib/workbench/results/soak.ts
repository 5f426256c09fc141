/**
 * Chaos for every program, over many seeds: what `make soak` does. Nothing waits for it,
 * so it may take hours.
 *
 *     deno run -A lib/workbench/results/soak.ts [SEEDS]
 *
 * Ends with a table, and with status 1 where a seed does not pass.
 */
import { campaign, campaignVerdict } from "../campaign/campaign.ts";
import { tableOf } from "./readme.ts";
import { hasProgram } from "./results.ts";
import { scenarios } from "../scenarios.ts";
import { anomalyLines, ProgressLine } from "../terminal/text.ts";

/** Seeds a program, unless told otherwise. */
const SEEDS = 1_000;

const count = Number(Deno.args[0] ?? SEEDS);
if (!Number.isInteger(count) || count < 1) {
  console.error(
    `Cannot simulate ${Deno.args[0]} seeds: give a whole number, at least 1`,
  );
  Deno.exit(254);
}
const seeds = Array.from({ length: count }, (_, i) => i + 1);
const progress = new ProgressLine();
const rows: string[][] = [];
let failed = false;

for (const { name } of scenarios.filter(({ name }) => hasProgram(name))) {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1e3).toFixed(0);
  let done = 0;
  const result = await campaign({ name, faults: "chaos" }, seeds, {
    workers: navigator.hardwareConcurrency,
    onResult: () =>
      progress.show(`${name}: ${++done} of ${seeds.length}, ${seconds()} s`),
    onShrink: (seed) => progress.show(`${name}: makes seed ${seed} smaller`),
  });
  progress.end();
  failed ||= campaignVerdict(result) !== true;
  for (const { replay, anomalies } of result.failures) {
    console.log([replay, ...anomalyLines(anomalies)].join("\n"));
  }
  const passed = seeds.length - result.failures.length;
  rows.push([name, `${passed} of ${seeds.length}`, seconds()]);
}

console.log(tableOf(["program", "passed chaos", "seconds"], rows));
if (failed) Deno.exit(1);
