/**
 * The statistical plots of a run, drawn by vega-lite: latencies, their quantiles, rates of
 * operations and of messages. Partitions are shaded in all of them.
 */
import { carriedParts } from "../executable/carried.ts";
import type { TopLevelSpec } from "vega-lite";
import { ADDS, stableLatencies } from "../checkers/set-full.ts";
import type { Judged } from "../checkers/judges.ts";
import { pairs } from "../checkers/pairs.ts";
import { quantile } from "../checkers/figures.ts";
import { originOf } from "../checkers/origin.ts";
import {
  headsOf,
  isBetweenServers,
  type Op,
  type Recording,
  visit,
} from "../history/history.ts";
import { nodesOf } from "../history/options.ts";
import { cutsOf } from "./cuts.ts";
import { typesNamed } from "./messages.ts";
import { typeColour } from "./spacetime.ts";
import { callColour } from "./timeline.ts";
import { count } from "./words.ts";

/** A plot before it is drawn. */
export interface Plot {
  title: string;
  /** The text above it, which says how to read it. */
  lead: string;
  spec: TopLevelSpec;
}

/** The axes' size in pixels; the page scales the drawing, so a small one stays legible on a narrow screen. */
const WIDTH = 640, HEIGHT = 170;

/** How many points a plot has at most: more would blur together, and make the page large. */
const POINTS = 2_500;

/** The lowest latency drawn: a logarithmic scale has no zero. */
const LEAST_MS = 0.05;

/** One layer of a plot. */
type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];

/** An operation as a point. */
interface Point {
  /** Seconds at which it was invoked. */
  at: number;
  ms: number;
  type: string;
  f: string;
}

/** The greatest measure of any item. There may be too many items to pass them to Math.max. */
function greatest<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((most, item) => Math.max(most, of(item)), -Infinity);
}

/**
 * All plots of a run.
 *
 * @param types types of messages between servers, in the order in which they are coloured
 */
export function plotsOf(
  { recording, held }: Pick<Judged, "recording" | "held">,
  types: readonly string[],
): Plot[] {
  const points = pointsOf(recording);
  if (points.length === 0) return [];
  const last = Math.max(
    greatest(points, ({ at, ms }) => at + ms / 1e3),
    lastSent(recording),
  );
  const bucket = bucketSeconds(last);
  const end = Math.ceil(last / bucket) * bucket;
  const frame = framed(recording, end);
  return [
    latencyPlot(points, frame),
    quantilePlot(points, bucket, frame),
    ratePlot(points, bucket, frame),
    ...stablePlot(recording.workload, held, frame),
    ...messagePlot(recording, types, end, frame),
  ];
}

/** When the last message between servers was sent, in seconds. */
function lastSent(recording: Recording): number {
  const origin = originOf(recording);
  let last = -Infinity;
  visit(recording.journal, (kind, time, _id, src, dest) => {
    if (kind === "send" && isBetweenServers(src, dest)) {
      last = Math.max(last, time - origin);
    }
  });
  return last / 1e9;
}

function pointsOf({ history }: Recording): Point[] {
  return pairs(history).flatMap(({ invocation, completion }) =>
    completion === undefined ? [] : [{
      at: invocation.time / 1e9,
      ms: Math.max(LEAST_MS, (completion.time - invocation.time) / 1e6),
      type: completion.type,
      f: invocation.f,
    }]
  );
}

/** Puts layers between the partitions' shading and a time axis over the whole run. */
type Frame = (layers: Layer[]) => TopLevelSpec;

function framed({ history }: Recording, end: number): Frame {
  const cuts = cutsOf(history, end).filter(({ empty }) => !empty)
    .map(({ from, to }) => ({ from, to: Math.min(to, end) }));
  const shades: Layer = {
    data: { values: cuts },
    mark: { type: "rect", color: "#55556a", opacity: 0.15 },
    encoding: {
      x: { field: "from", type: "quantitative" },
      x2: { field: "to" },
    },
  };
  return (layers) => ({
    width: WIDTH,
    height: HEIGHT,
    config: {
      font: "system-ui, sans-serif",
      // The page's own.
      background: "transparent",
      view: { stroke: "#c9c9d4" },
      axis: {
        format: ",~r",
        gridColor: "#eeeef3",
        labelColor: "#333",
        titleColor: "#333",
      },
      axisX: { tickCount: 10, titlePadding: 8 },
      // The plots are stacked: their time axes must line up.
      // On a narrow screen their labels are larger.
      axisY: { minExtent: 66, maxExtent: 66, tickCount: 5 },
      legend: {
        orient: "top",
        direction: "horizontal",
        offset: 6,
        columnPadding: 28,
      },
    },
    encoding: {
      x: {
        type: "quantitative",
        title: "seconds since the main phase began",
        scale: { domain: [0, end], nice: false },
      },
    },
    layer: [shades, ...layers],
  });
}

/** The vertical axis of latencies: from one power of ten to another. */
function latencyAxis(latencies: readonly number[]) {
  const low = Math.floor(Math.log10(-greatest(latencies, (ms) => -ms)));
  const high = Math.max(
    low + 1,
    Math.ceil(Math.log10(greatest(latencies, (ms) => ms))),
  );
  const steps = high - low > 2 ? [1] : high - low === 2 ? [1, 3] : [1, 2, 5];
  const values = Array.from(
    { length: high - low + 1 },
    (_, i) => steps.map((step) => Number(`${step}e${low + i}`)),
  ).flat();
  return {
    field: "ms",
    type: "quantitative" as const,
    title: "latency (ms)",
    scale: {
      type: "log" as const,
      nice: false,
      domain: [10 ** low, 10 ** high],
    },
    // With a count of ticks lower than this, some of the values would get no label.
    axis: { format: ",~r", values, tickCount: 10 * values.length },
  };
}

/** The colours of an operation's ends. */
const ENDED_AS = {
  field: "type",
  type: "nominal",
  title: "ended as",
  scale: {
    domain: ["ok", "info", "fail"],
    range: [callColour("ok"), callColour("info"), callColour("fail")],
  },
} as const;

function latencyPlot(points: readonly Point[], frame: Frame): Plot {
  const values = thinned(points, ({ type }) => type !== "ok");
  const note = thinnedNote(
    `${points.length.toLocaleString("en")} operations`,
    points,
    values,
    "those that did not succeed, ",
  );
  return {
    title: "Latency of each operation",
    lead:
      `Each point is an operation, placed at its invocation; the scale is logarithmic.${note}`,
    spec: frame([{
      data: { values },
      mark: { type: "point", filled: true, opacity: 0.75, size: 22 },
      encoding: {
        x: { field: "at", type: "quantitative" },
        y: latencyAxis(values.map(({ ms }) => ms)),
        color: ENDED_AS,
        shape: { field: "f", type: "nominal", title: "operation" },
      },
    }]),
  };
}

/**
 * At most about {@link POINTS} points, among them all of the slowest and all that stand out
 * otherwise.
 */
function thinned<P extends { ms: number }>(
  points: readonly P[],
  standsOut: (point: P) => boolean = () => false,
): P[] {
  if (points.length <= POINTS) return [...points];
  const slow = quantile(points.map(({ ms }) => ms), 0.99)!;
  const every = Math.ceil(points.length / POINTS);
  return points.filter((point, i) =>
    standsOut(point) || point.ms > slow || i % every === 0
  );
}

function thinnedNote(
  what: string,
  all: readonly unknown[],
  drawn: readonly unknown[],
  standOut = "",
): string {
  if (drawn.length === all.length) return "";
  const count = drawn.length.toLocaleString("en");
  return ` Of ${what}, ${count} are drawn: ${standOut}the slowest hundredth, and every n-th of the others.`;
}

/** Bucket widths that give about 30 buckets a run. */
function bucketSeconds(end: number): number {
  return [0.1, 0.2, 0.5, 1, 2, 5, 10].find((width) => end / width <= 40) ?? 30;
}

const QUANTILES = [0.5, 0.95, 0.99, 1];

function quantilePlot(
  points: readonly Point[],
  bucket: number,
  frame: Frame,
): Plot {
  const byBucket = Map.groupBy(points, ({ at }) => Math.floor(at / bucket));
  const last = greatest([...byBucket.keys()], (key) => key);
  // A bucket without operations interrupts a line.
  const values = Array.from({ length: last + 1 }, (_, n) => {
    const latencies = byBucket.get(n)?.map(({ ms }) => ms) ?? [];
    return QUANTILES.map((q) => ({
      at: (n + 0.5) * bucket,
      ms: quantile(latencies, q) ?? null,
      quantile: q === 1 ? "maximum" : q === 0.5 ? "median" : String(q),
    }));
  }).flat();
  return {
    title: "Latency quantiles",
    lead:
      `For the operations invoked in each ${bucket} s: half were faster than the median, and 99 of 100 faster than the 0.99 quantile.`,
    spec: frame([{
      data: { values },
      mark: {
        type: "line",
        point: { size: 22 },
        invalid: "break-paths-show-path-domains",
      },
      encoding: {
        x: { field: "at", type: "quantitative" },
        y: latencyAxis(values.flatMap(({ ms }) => ms ?? [])),
        color: {
          field: "quantile",
          type: "nominal",
          sort: ["maximum", "0.99", "0.95", "median"],
          scale: {
            domain: ["maximum", "0.99", "0.95", "median"],
            range: ["#b4481e", "#e08b3c", "#8fb24a", "#1b66b5"],
          },
        },
      },
    }]),
  };
}

function ratePlot(
  points: readonly Point[],
  bucket: number,
  frame: Frame,
): Plot {
  const groups = Map.groupBy(
    points,
    ({ f, type, at, ms }) =>
      `${f} ${type} ${Math.floor((at + ms / 1e3) / bucket)}`,
  );
  const series = new Set(points.map(({ f, type }) => `${f} ${type}`));
  const last = greatest(
    points,
    ({ at, ms }) => Math.floor((at + ms / 1e3) / bucket),
  );
  const values = [...series].flatMap((name) =>
    Array.from({ length: last + 1 }, (_, n) => {
      const [f, type] = name.split(" ");
      const ended = groups.get(`${name} ${n}`)?.length ?? 0;
      return { at: (n + 0.5) * bucket, rate: ended / bucket, f, type };
    })
  );
  return {
    title: "Rate of operations",
    lead: `How many operations ended per second, counted over ${bucket} s.`,
    spec: frame([{
      data: { values },
      // One bucket makes no line.
      mark: { type: "line", strokeWidth: 2, point: last === 0 },
      encoding: {
        x: { field: "at", type: "quantitative" },
        y: {
          field: "rate",
          type: "quantitative",
          title: "operations per second",
        },
        color: ENDED_AS,
        strokeDash: { field: "f", type: "nominal", title: "operation" },
      },
    }]),
  };
}

function stablePlot(
  workload: string,
  history: readonly Op[],
  frame: Frame,
): Plot[] {
  const addF = ADDS[workload];
  if (addF === undefined) return [];
  const all = stableLatencies(history, addF).map((
    { knownNs, latencyMs },
  ) => ({ at: knownNs / 1e9, ms: latencyMs }));
  if (all.length === 0) return [];
  const values = thinned(all);
  const count = all.length.toLocaleString("en");
  return [{
    title: "Stable latency of each value",
    lead:
      `Each point is a value, placed at the time when it was acknowledged or first seen. Its height is for how long after that some read still lacked it. The official limits are on the median and the maximum.${
        thinnedNote(`${count} values`, all, values)
      }`,
    spec: frame([{
      data: { values },
      mark: { type: "point", filled: true, size: 22, color: "#1b66b5" },
      encoding: {
        x: { field: "at", type: "quantitative" },
        y: {
          field: "ms",
          type: "quantitative",
          title: "stable latency (ms)",
          // If all were 0, the axis would have no length.
          scale: { domainMax: Math.max(1, greatest(values, ({ ms }) => ms)) },
        },
      },
    }]),
  }];
}

/** About how many bars a plot has. */
const BARS = 220;

function messagePlot(
  recording: Recording,
  coloured: readonly string[],
  end: number,
  frame: Frame,
): Plot[] {
  const origin = originOf(recording);
  const width = end / BARS;
  const nameOf = typesNamed();
  const counts = new Map<string, number>();
  for (const [kind, time, , src, dest, head] of headsOf(recording.journal)) {
    if (kind !== "send" || time < origin || !isBetweenServers(src, dest)) {
      continue;
    }
    const key = `${Math.floor((time - origin) / 1e9 / width)} ${nameOf(head)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const values = [...counts].map(([key, messages]) => {
    const n = parseInt(key);
    return {
      at: n * width,
      to: (n + 0.9) * width,
      messages,
      type: key.slice(key.indexOf(" ") + 1),
    };
  });
  const types = [
    ...new Set([...coloured, ...values.map(({ type }) => type)]),
  ];
  return [{
    title: "Messages between servers",
    lead: `How many messages the ${
      count(nodesOf(recording.options).length, "node")
    } and the services sent each other in each ${
      width < 1 ? `${(width * 1e3).toFixed(0)} ms` : `${width.toFixed(1)} s`
    }. Nothing should be sent while there is nothing to say.`,
    spec: frame([{
      data: { values },
      mark: { type: "bar" },
      encoding: {
        x: { field: "at", type: "quantitative", bin: { binned: true } },
        x2: { field: "to" },
        y: {
          field: "messages",
          type: "quantitative",
          stack: "zero",
          title: "messages",
          axis: { tickMinStep: 1 },
        },
        color: {
          field: "type",
          type: "nominal",
          title: "type",
          scale: { domain: types, range: types.map((_, i) => typeColour(i)) },
          legend: { columns: legendColumns(types) },
        },
      },
    }]),
  }];
}

/** How many entries of a legend fit beside each other: a wider legend would shrink its plot. */
function legendColumns(entries: readonly string[]): number {
  const wide = greatest(entries, ({ length }) => length) * 7 + 46;
  return Math.max(1, Math.floor(WIDTH / wide));
}

/** A plot as an SVG document, or why it could not be drawn. */
export type Drawn = { svg: string } | { missing: string };

/**
 * Draws plots. The plotting library is loaded when it is first needed; without it, the plots
 * say why they are missing.
 */
export async function drawPlots(plots: readonly Plot[]): Promise<Drawn[]> {
  if (plots.length === 0) return [];
  let vega: typeof import("vega"), vegaLite: typeof import("vega-lite");
  try {
    // Not string literals, so that Deno does not download them for runs without a report.
    const names = ["vega", "vega-lite"] as const;
    [vega, vegaLite] = await (carriedParts()?.plots?.() ??
      Promise.all([import(names[0]), import(names[1])]));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return plots.map(() => ({
      missing:
        `This plot needs the npm package vega, which could not be loaded: ${reason}`,
    }));
  }
  return await Promise.all(plots.map(async ({ spec }) => {
    const parsed = vega.parse(vegaLite.compile(spec).spec);
    const view = new vega.View(parsed, {
      renderer: "none",
      logLevel: vega.Error,
    });
    return { svg: await view.toSVG() };
  }));
}
