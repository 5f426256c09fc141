/** What a narrow screen must not spoil: names beside each other, and axes. */
import { assert, assertEquals } from "@std/assert";
import type { Op, Recording } from "../../lib/workbench/history/history.ts";
import { labelWidth } from "../../lib/workbench/report/axes.ts";
import { overviewSvg } from "../../lib/workbench/report/overview.ts";
import { drawPlots, plotsOf } from "../../lib/workbench/report/plots.ts";
import { spacetimeSvg } from "../../lib/workbench/report/spacetime.ts";
import { timelineSvg } from "../../lib/workbench/report/timeline.ts";
import { viewOf } from "../../lib/workbench/report/view.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";
import { needs } from "../fixtures/permitted.ts";

/** One value, acknowledged, and read by the other node at once. */
function broadcast(): Recording {
  const op = (index: number, process: number, type: Op["type"], f: string) => ({
    index,
    time: index * 1e6,
    process,
    type,
    f,
    value: f === "broadcast" ? 7 : type === "ok" ? [7] : null,
  });
  return {
    workload: "broadcast",
    options: { "node-count": 2, "time-limit": 1, rate: 10 },
    history: [
      op(0, 0, "invoke", "broadcast"),
      op(1, 0, "ok", "broadcast"),
      op(2, 1, "invoke", "read"),
      op(3, 1, "ok", "read"),
    ],
    journal: new Journal(),
    journalOrigin: 0,
  };
}

Deno.test("names of phases never overlap, however narrow the strip", () => {
  const phases = [
    { name: "main phase", from: 0, to: 20 },
    { name: "quiet", from: 20, to: 30 },
    { name: "final phase", from: 30, to: 30.5 },
    { name: "aftermath", from: 30.5, to: 35 },
  ];
  const view = { ...viewOf(broadcast(), []), from: 0, to: 35, phases };
  const shown = [1200, 700, 400, 300].map((width) => {
    const svg = overviewSvg(view, { from: 0, to: 4 }, width);
    const pattern =
      /<text x="([\d.-]+)" y="75" text-anchor="(start|end)"[^>]*>([^<]+)</g;
    const names = [...svg.matchAll(pattern)].map(([, x, anchor, name]) => {
      const wide = name!.length * 5.5;
      const left = anchor === "start" ? Number(x) : Number(x) - wide;
      return { left, right: left + wide };
    });
    names.slice(1).forEach(({ left }, i) =>
      assert(left >= names[i]!.right, `at ${width} px: ${svg}`)
    );
    assertEquals(svg.match(/<title>quiet<\/title>/g)?.length, 1);
    return names.length;
  });
  assertEquals(shown[0], 4);
});

Deno.test(
  "an axis has a length where all figures are 0",
  needs("env"),
  async () => {
    const recording = broadcast();
    const plots = plotsOf({ recording, held: recording.history }, []);
    const at = plots.findIndex(({ title }) => title.startsWith("Stable"));
    const drawn = (await drawPlots(plots))[at]!;
    assert("svg" in drawn);
    const labels = [...drawn.svg.matchAll(/<text [^>]*>([^<]+)</g)]
      .map(([, label]) => label);
    assert(labels.includes("0") && labels.includes("1"), labels.join(" "));
    assert(
      !labels.some((label) => label!.startsWith("0.000")),
      labels.join(" "),
    );
  },
);

Deno.test("long names of nodes get more room, and are cut at their beginning where they still do not fit", () => {
  const names = ["n-eu-central-frankfurt-1", "n-us-east-virginia-2"];
  const recording = broadcast();
  const options = { ...recording.options, nodes: names.join(",") };
  delete (options as { "node-count"?: number })["node-count"];
  const view = viewOf({ ...recording, options }, []);
  const window = { from: 0, to: 1 };
  for (const width of [320, 500, 1200]) {
    const room = labelWidth(width, view.workers);
    assert(room <= 0.3 * width);
    for (
      const svg of [
        timelineSvg(view, window, width, null),
        spacetimeSvg(view, window, width, { hidden: [], clients: true }),
      ]
    ) {
      const labels = [
        ...svg.matchAll(
          /text-anchor="end" fill="#333">([^<]+)<title>([^<]+)</g,
        ),
      ];
      assertEquals(labels.length, 2);
      for (const [, shown, whole] of labels) {
        assert(shown!.length * 6 < room, `${shown} at ${width} px`);
        assert(names.some((name) => whole!.endsWith(name)), whole);
      }
    }
  }
  assertEquals(labelWidth(1200, ["client 24 of n24"]), 108);
});
