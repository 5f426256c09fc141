/**
 * Draws the plot in challenges/README.md of what broadcasts cost: messages between servers per
 * operation, against the worst stable latency, under the command of challenges 3d and 3e.
 *
 *     deno run -A lib/workbench/results/broadcast-plot.ts
 *
 * One line is the simulated algorithm of broadcast-3d and 3e over its budget; the other is a bound
 * that no hub can beat. Points are our programs and what others have published.
 */
import type { TopLevelSpec } from "vega-lite";
import {
  gatherAndScatter,
  gossipProtocol,
  SCHEDULE as SCHEDULE_3D,
} from "../../../challenges/broadcast-3d.ts";
import { SCHEDULE as SCHEDULE_3E } from "../../../challenges/broadcast-3e.ts";
import { type Program, program, type ProtocolOf } from "../../maelstrom.ts";
import { quantile } from "../checkers/figures.ts";
import { nodesOf, type Options } from "../history/options.ts";
import { published } from "./published.ts";
import { scenarioOf, scenarios } from "../scenarios/scenarios.ts";
import { simulate } from "../campaign/simulate.ts";
import { ProgressLine } from "../terminal/text.ts";
import { drawPlots } from "../report/plots.ts";

/** The seeds of each point: it shows the median of messages and the worst latency. */
const SEEDS = [1, 2, 3, 4, 5];

/** Budgets of the algorithm, in milliseconds: see broadcast-3d. */
const BUDGETS_MS = [460, 555, 655, 860, 1_160, 1_500, 1_925, 2_100];

/** From this budget on, the window is that of 3e. */
const LONG_MS = 1_000;

const WIDTH = 760, HEIGHT = 440;

/** The two lines. */
const MEASURED = "gather and scatter, measured", BOUND = "its bound";

/** The two challenges of the command and the limits. */
const CHALLENGES = ["broadcast-3d", "broadcast-3e"] as const;

/** A point of the plot. */
interface Point {
  what: string;
  /** Milliseconds until the slowest value could be read everywhere. */
  maxMs: number;
  /** Messages between servers for each operation. */
  messages: number;
}

/** Simulates the command of 3d with a program, given or named. */
async function measure(
  name: string,
  what: string,
  program?: Program<ProtocolOf<typeof gossipProtocol>>,
): Promise<Point> {
  const messages: number[] = [], maxima: number[] = [];
  for (const seed of SEEDS) {
    const { figures } = await simulate({
      name,
      seed,
      faults: "official",
      ...(program && { program: program as Program<Record<never, never>> }),
    });
    messages.push(figures["servers.msgs-per-op"]!);
    maxima.push(figures["stable-latency.max-ms"]!);
  }
  return {
    what,
    messages: quantile(messages, 0.5)!,
    maxMs: Math.max(...maxima),
  };
}

/**
 * What gather and scatter through one hub costs at best. In a period of G, the hub sends n - 1
 * messages, and each node sends one if it has had a new value, which has probability 1 - exp(-v G)
 * under a Poisson stream of v values a second for each node. The latency is G + L, as Maelstrom
 * measures it: see broadcast-3d.
 */
export function bound(periodMs: number, flags: Options): Point {
  const others = nodesOf(flags).length - 1;
  const operations = Number(flags["rate"]) / 1e3;
  // Half of the operations are reads.
  const values = operations / 2 / (others + 1);
  const messages = others * (2 - Math.exp(-values * periodMs)) /
    (operations * periodMs);
  return { what: "", messages, maxMs: periodMs + Number(flags["latency"]) };
}

/** The official limits, as corners of what they allow. */
function limits(): Point[] {
  return CHALLENGES.map((name) => {
    const { official } = scenarioOf(name).runs[0]!;
    const below = (figure: string) =>
      official.find((limit) => limit.figure === figure)!.below!;
    return {
      what: `limit of ${name.slice(-2)}`,
      messages: below("servers.msgs-per-op"),
      maxMs: below("stable-latency.max-ms"),
    };
  });
}

/** What others have published for both challenges. */
function others(): Point[] {
  return CHALLENGES.flatMap((name) =>
    (published[name] ?? []).flatMap(({ msgsPerOp, maxMs, remark }) =>
      msgsPerOp === undefined || maxMs === undefined
        ? []
        : [{ what: `published, ${remark}`, messages: msgsPerOp, maxMs }]
    )
  );
}

/** One layer of a plot. */
type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];

/**
 * Names beside points: ours and the limits' above, others' below, and that of the lower line, which
 * falls, below to the left, so that they do not overlap.
 */
function texts(points: (Point & { series: string })[]): Layer[] {
  const at = (side: Side, ...series: string[]): Layer => ({
    data: { values: points.filter((point) => series.includes(point.series)) },
    mark: { type: "text", ...side, fontSize: 11 },
    encoding: { text: { field: "what" } },
  });
  return [
    at({ align: "left", dx: 8, dy: -8 }, "ours", "official limit"),
    at({ align: "left", dx: 8, dy: 14 }, "published"),
    at({ align: "right", dx: -2, dy: 14 }, "below"),
  ];
}

/** On which side of a point its name is, in pixels. */
type Side = { align: "left" | "right"; dx: number; dy: number };

/** The plot's description for vega-lite. */
function broadcastPlot(
  { curve, programs, best }: {
    curve: Point[];
    programs: Point[];
    best: Point[];
  },
): TopLevelSpec {
  const series = { type: "nominal", title: null } as const;
  const points = [
    ...programs.map((point) => ({ ...point, series: "ours" })),
    ...others().map((point) => ({ ...point, series: "published" })),
    ...limits().map((point) => ({ ...point, series: "official limit" })),
  ];
  const lines = [
    ...curve.map((point) => ({ ...point, series: MEASURED })),
    ...best.map((point) => ({ ...point, series: BOUND })),
  ];
  const middle = (line: Point[]) => line[line.length >> 1]!;
  const ends = [
    { ...middle(curve), what: MEASURED, series: "ours" },
    { ...middle(best), what: BOUND, series: "below" },
  ];
  return {
    width: WIDTH,
    height: HEIGHT,
    config: {
      font: "system-ui, sans-serif",
      background: "white",
      axis: { gridColor: "#eeeef3", labelColor: "#333", titleColor: "#333" },
      legend: { orient: "top", direction: "horizontal", symbolLimit: 0 },
    },
    encoding: {
      x: {
        field: "maxMs",
        type: "quantitative",
        title: "worst stable latency, ms",
        scale: { domain: [0, 2_200] },
      },
      y: {
        field: "messages",
        type: "quantitative",
        title: "messages between servers for each operation",
        scale: { type: "log", domain: [0.2, 60] },
        axis: { values: [0.2, 0.5, 1, 2, 5, 10, 20, 50], format: "~g" },
      },
    },
    layer: [
      {
        data: { values: lines },
        mark: { type: "line" },
        encoding: {
          strokeDash: {
            field: "series",
            ...series,
            legend: null,
            scale: { domain: [MEASURED, BOUND], range: [[1, 0], [4, 4]] },
          },
          color: { value: "#3b6ea5" },
        },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: {
          shape: { field: "series", ...series },
          color: { field: "series", ...series },
        },
      },
      ...texts([...points, ...ends]),
    ],
  };
}

/** Simulates everything that the plot shows, and draws it. */
async function drawBroadcastPlot(): Promise<string> {
  const flags = scenarioOf("broadcast-3d").runs[0]!.flags;
  const progress = new ProgressLine();
  const curve: Point[] = [];
  for (const budgetMs of BUDGETS_MS) {
    progress.show(`gather and scatter in ${budgetMs} ms`);
    const { windowMs } = budgetMs < LONG_MS ? SCHEDULE_3D : SCHEDULE_3E;
    const timed = program(
      gossipProtocol,
      (node) => gatherAndScatter(node, { budgetMs, windowMs }),
    );
    curve.push(await measure("broadcast-3d", "", timed));
  }
  const programs: Point[] = [];
  for (const { name, variantOf } of scenarios) {
    const main = CHALLENGES.find((main) => main === name || main === variantOf);
    if (main === undefined) continue;
    progress.show(name);
    programs.push(await measure(name, name));
  }
  progress.end();
  const best = Array.from({ length: 40 }, (_, i) => bound(200 + 50 * i, flags))
    .filter(({ maxMs }) => maxMs <= 2_200);
  const spec = broadcastPlot({ curve, programs, best });
  const [drawn] = await drawPlots([{ title: "", lead: "", spec }]);
  if (drawn === undefined || "missing" in drawn) {
    throw new Error(`Cannot draw the plot: ${drawn?.missing}`);
  }
  return drawn.svg;
}

if (import.meta.main) {
  const url = new URL("./pictures/", import.meta.url);
  await Deno.mkdir(url, { recursive: true });
  const file = new URL("broadcast.svg", url);
  await Deno.writeTextFile(file, await drawBroadcastPlot() + "\n");
  console.log(file.pathname);
}
