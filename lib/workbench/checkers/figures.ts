/** The figures of a run: Maelstrom's are taken from the results, the others from the recording. */
import { type Json, stringify } from "../history/json.ts";
import { pairs } from "./pairs.ts";
import { partOfRate } from "./rate.ts";
import type { Results } from "./verdict.ts";
import {
  type Events,
  isBetweenServers,
  lengthAt,
  type Recording,
  visit,
} from "../history/history.ts";
import { nodesOf } from "../history/options.ts";
import type { FigureName, Figures } from "../scenarios/limits.ts";

/** By workload, a function that takes figures that only this workload has. */
export type WorkloadFigures = {
  readonly [workload: string]: (recording: Recording) => Figures;
};

/** The figures that Maelstrom measures, and their paths in its results. */
const FIGURES: { readonly [name in FigureName]?: readonly string[] } = {
  "servers.msgs-per-op": ["net", "servers", "msgs-per-op"],
  "all.msgs-per-op": ["net", "all", "msgs-per-op"],
  "availability": ["availability", "ok-fraction"],
  "stable-latency.median-ms": ["workload", "stable-latencies", "0.5"],
  "stable-latency.max-ms": ["workload", "stable-latencies", "1"],
};

/** Whether Maelstrom measures a figure. */
export function isTakenByMaelstrom(figure: FigureName): boolean {
  return FIGURES[figure] !== undefined;
}

/** The figures in results with Maelstrom's keys. */
export function figuresIn(results: Results): Figures {
  const figures: Figures = {};
  for (const [figure, path] of Object.entries(FIGURES)) {
    let value: Json | undefined = results;
    for (const key of path) {
      const inside: Json | undefined = value;
      value = typeof inside === "object" && inside !== null &&
          !Array.isArray(inside)
        ? inside[key]
        : undefined;
    }
    if (typeof value === "number") figures[figure as FigureName] = value;
  }
  return figures;
}

/** All figures that apply to a run. */
export function figuresOf(
  recording: Recording,
  results: Results,
  more: WorkloadFigures,
): Figures {
  const figures = figuresIn(results);
  const part = partOfRate(recording);
  if (part !== undefined) figures["rate.share"] = part.share;
  const calls = pairs(recording.history);
  if (calls.length > 0) {
    const bytes = serverBytes(recording.journal);
    figures["servers.bytes-per-op"] = bytes / calls.length;
    const latencies: number[] = [];
    for (const { invocation, completion } of calls) {
      if (completion?.type !== "ok") continue;
      latencies.push(completion.time - invocation.time);
    }
    const p99 = quantile(latencies, 0.99);
    if (p99 !== undefined) figures["client-latency.p99-ms"] = p99 / 1e6;
  }
  return { ...figures, ...more[recording.workload]?.(recording) };
}

/**
 * What it costs to bring a value to another node: bytes of all messages between servers, divided by
 * values and nodes, and as a multiple of the least possible, which is the value's text and a separator,
 * once. Values that were never acknowledged add to the cost, but do not count as values.
 */
export function bytesOfValues(
  { history, journal, options }: Recording,
): Figures {
  const others = nodesOf(options).length - 1;
  const texts = history
    .filter(({ type, f }) => type === "ok" && f === "broadcast")
    .map(({ value }) => `${stringify(value)},`);
  if (others === 0 || texts.length === 0) return {};
  const bytes = serverBytes(journal) / others;
  return {
    "servers.bytes-per-value": bytes / texts.length,
    "servers.bytes-to-least": bytes / texts.join("").length,
  };
}

/** The total size of all messages between servers: the lengths of their bodies as JSON text. */
function serverBytes(journal: Events): number {
  let bytes = 0;
  visit(journal, (kind, _time, _id, src, dest, index) => {
    if (kind === "recv" || !isBetweenServers(src, dest)) return;
    bytes += lengthAt(journal, index);
  });
  return bytes;
}

/** A quantile, as Maelstrom's checkers define it; undefined if there are no values. */
export function quantile(
  values: readonly number[],
  part: number,
): number | undefined {
  const sorted = new Float64Array(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
