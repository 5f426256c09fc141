/**
 * Whether programs keep their promises in networks that nobody asked for: every number of
 * nodes with every latency, distribution and rate, without faults, two seeds each.
 *
 *     deno run -A tests/bench/shapes.ts [NAME...]
 *
 * Simulated; ten minutes for the two programs that are run when none is named. Prints the
 * command that replays each run that is not valid, and ends with status 1 if there is one.
 */
import { campaign } from "../../lib/workbench/campaign/campaign.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import {
  anomalyLines,
  ProgressLine,
} from "../../lib/workbench/terminal/text.ts";

const NAMES = ["broadcast-3d", "broadcast-3e"];
const SEEDS = [1, 2];
const NODES = [1, 2, 3, 5, 25, 100];
const RATES = [1, 10, 100, 1000];
const LATENCIES = [10, 100, 500].flatMap((latency) =>
  ["constant", "uniform", "exponential"].map((dist) => ({
    latency,
    "latency-dist": dist,
  }))
);

/** Seconds of a run: less where there is much to simulate. */
const seconds = (nodes: number, rate: number) =>
  nodes === 100 || rate === 1000 ? 3 : 8;

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : NAMES;
  names.forEach(scenarioOf);
  const shapes: Options[] = NODES.flatMap((nodes) =>
    RATES.flatMap((rate) =>
      [{ latency: 0 }, ...LATENCIES].map((network) => ({
        "node-count": nodes,
        rate,
        "time-limit": seconds(nodes, rate),
        ...network,
      }))
    )
  );
  const progress = new ProgressLine();
  let failed = 0;
  for (const name of names) {
    for (const [i, overrides] of shapes.entries()) {
      progress.show(`${name}: ${i} of ${shapes.length} shapes`);
      const { failures } = await campaign(
        { name, faults: "official", overrides },
        SEEDS,
        { workers: 1, shrinkAtMost: 0 },
      );
      failed += failures.length;
      for (const { replay, anomalies } of failures) {
        progress.end();
        console.log([replay, ...anomalyLines(anomalies)].join("\n"));
      }
    }
  }
  progress.end();
  const runs = names.length * shapes.length * SEEDS.length;
  console.log(`${failed} of ${runs} runs are not valid`);
  Deno.exit(failed > 0 ? 1 : 0);
}
