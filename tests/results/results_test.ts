/** The README's table of results says of every program what the scenarios say. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import type { CampaignResults } from "../../lib/workbench/campaign/campaign.ts";
import { busyRow } from "../../lib/workbench/results/busy.ts";
import { published } from "../../lib/workbench/results/published.ts";
import {
  describedCells,
  measuredCells,
  measuredIn,
  PART,
  row,
  rowsIn,
  seedsIn,
  summaryText,
  tableText,
} from "../../lib/workbench/results/results.ts";
import {
  partOf,
  readmeOf,
  rowsOf,
  withPart,
} from "../../lib/workbench/results/readme.ts";
import {
  scenarioOf,
  scenarios,
} from "../../lib/workbench/scenarios/scenarios.ts";
import { needs } from "../fixtures/permitted.ts";

function campaignOf(
  figures: CampaignResults["figures"],
  seeds: number,
  failing = 0,
): CampaignResults {
  const failure = {
    seed: 1,
    judge: "strict" as const,
    anomalies: [],
    replay: "",
    smallest: { name: "echo-1", seed: 1, faults: "official" as const },
  };
  const tally = { true: seeds - failing, false: failing, unknown: 0 };
  return {
    program: "",
    seeds,
    faults: "",
    machine: "quiet",
    faithful: tally,
    strict: tally,
    figures,
    labels: {},
    notes: {},
    failures: Array.from({ length: failing }, () => failure),
  };
}

Deno.test("a row has a program's description, medians, worst seeds, and what passed", () => {
  const official = campaignOf({
    "servers.msgs-per-op": { median: 0.34567, worst: 0.4 },
    "all.msgs-per-op": { median: 2.4, worst: 2.5 },
    "servers.bytes-per-value": { median: 5.21234, worst: 5.4 },
    "servers.bytes-to-least": { median: 1.3123, worst: 1.4 },
    "stable-latency.median-ms": { median: 700, worst: 720 },
    "stable-latency.max-ms": { median: 1200, worst: 1310 },
    availability: { median: 1, worst: 0.99951 },
  }, 10);
  const chaos = campaignOf({}, 30, 2);
  assertEquals(
    row(scenarioOf("broadcast-3e"), measuredCells({ official, chaos })),
    [
      "**`broadcast-3e`**",
      "as 3d, with a longer period",
      "every acknowledged value everywhere after the heal",
      "S < 20, median < 1000, max < 2000",
      "0.346 (0.4)",
      "2.4 (2.5)",
      "5.21, 1.31 (1.4) times the least",
      "700, at most 1310",
      "0.99951",
      "28 of 30",
      "S 1.92 at 764/1087 ms (safe)",
    ],
  );
});

Deno.test("a row shows it when seeds of the official command do not pass, and is empty without a program", () => {
  const official = campaignOf({}, 10, 1), chaos = campaignOf({}, 30);
  const scenario = scenarioOf("echo-1");
  const failing = row(scenario, measuredCells({ official, chaos }));
  assertEquals(failing[9], "30 of 30; official: 9 of 10");
  assertEquals(measuredIn(row(scenario, undefined)), Array(6).fill("–"));
});

Deno.test("a new text takes the place between a part's lines, and needs them", () => {
  const table = tableText([["a"]], 1, 2);
  const [begin, end] = ["<!-- results:begin -->", "<!-- results:end -->"];
  const readme = `before\n${begin}\nprevious\n${end}\nafter\n`;
  const changed = withPart(readme, PART, table);
  assert(changed.startsWith(`before\n${begin}\n\n| program |`));
  assert(changed.endsWith(`\n\n${end}\nafter\n`));
  assertEquals(changed.includes("previous"), false);
  assertEquals(withPart(changed, PART, table), changed);
  assertEquals(rowsIn(changed), [["a"]]);
  assertEquals(seedsIn(changed), [1, 2]);
  assertEquals(seedsIn(readme), undefined);
  assertThrows(() => withPart("nothing", PART, table), Error, "has no lines");
});

Deno.test("a row of the busy machine has medians, worst seeds, and how many seeds pass", () => {
  const results = campaignOf(
    {
      "servers.msgs-per-op": { median: 1.0712, worst: 1.21 },
      "stable-latency.median-ms": { median: 238, worst: 244 },
      "stable-latency.max-ms": { median: 511, worst: 598 },
    },
    100,
    2,
  );
  assertEquals(busyRow("busy", { ...results, program: "broadcast-3d" }), [
    "`broadcast-3d`",
    "busy",
    "1.07 (1.21)",
    "238 (244)",
    "511 (598)",
    "98 of 100",
  ]);
});

Deno.test("published figures are those of programs that exist", () => {
  const names = scenarios.map(({ name }) => name);
  for (const name of Object.keys(published)) assert(names.includes(name), name);
});

Deno.test({
  name:
    "the README's table has a row for every scenario, in their order, with what the scenarios say, and figures",
  ...needs("read"),
  async fn() {
    const readme = await Deno.readTextFile(readmeOf(PART));
    const rows = rowsIn(readme);
    const described = rows.map((cells) => [...cells.slice(0, 4), cells.at(-1)]);
    const expected = scenarios.map((scenario) => {
      const cells = describedCells(scenario);
      const { program, algorithm, guarantee, limit, published } = cells;
      return [program, algorithm, guarantee, limit, published];
    });
    assertEquals(described, expected, "run make results");
    for (const [i, { name }] of scenarios.entries()) {
      // Some figures do not apply to a program; chaos does to all.
      const chaos = measuredIn(rows[i]!).at(-1);
      assertNotEquals(chaos, "–", `${name}: run make results`);
    }
  },
});

Deno.test({
  name: "the table of main programs is made of rows of the table of all",
  ...needs("read"),
  async fn() {
    const all = rowsIn(await Deno.readTextFile(readmeOf(PART)));
    const readme = await Deno.readTextFile(readmeOf("summary"));
    const summary = rowsOf(partOf(readme, "summary"));
    assertEquals(summary, rowsOf(summaryText(all)), "run make results");
    const main = scenarios.filter(({ variantOf }) => variantOf === undefined);
    assertEquals(summary.length, main.length);
  },
});
