/**
 * The figures of a run, and limits on them. `scenarios.ts` says which program has which limits.
 */

/** The names of the figures. S is `servers.msgs-per-op`, and A is `all.msgs-per-op`. */
export type FigureName =
  | "servers.msgs-per-op"
  | "all.msgs-per-op"
  | "servers.bytes-per-op"
  | "servers.bytes-per-value"
  | "servers.bytes-to-least"
  | "availability"
  | "answered.share"
  | "answered.majority-share"
  | "answered.others-share"
  | "rate.share"
  | "stable-latency.median-ms"
  | "stable-latency.max-ms"
  | "visibility-lag.max-ms"
  | "client-latency.p99-ms";

/** A bound on a figure. `below` excludes the bound itself, `atMost` and `atLeast` include it. */
export interface Limit {
  figure: FigureName;
  below?: number;
  atMost?: number;
  atLeast?: number;
}

/** What was measured. A figure that does not apply to the run is absent. */
export type Figures = { [name in FigureName]?: number };

/** By figure, its title for people, with its unit. */
export const figureTitles: { readonly [name in FigureName]: string } = {
  "servers.msgs-per-op": "messages per op, servers (S)",
  "all.msgs-per-op": "messages per op, all (A)",
  "servers.bytes-per-op": "bytes per op, servers",
  "servers.bytes-per-value": "bytes per value and node",
  "servers.bytes-to-least": "bytes, multiple of the least",
  "availability": "availability",
  "answered.share": "requests answered",
  "answered.majority-share": "answered, majority side",
  "answered.others-share": "answered, other nodes",
  "rate.share": "share of --rate reached",
  "stable-latency.median-ms": "stable latency, median (ms)",
  "stable-latency.max-ms": "stable latency, maximum (ms)",
  "visibility-lag.max-ms": "visibility lag, maximum (ms)",
  "client-latency.p99-ms": "client latency, p99 (ms)",
};

/** Whether a figure is within a limit; one that was not measured is not. */
export function isMet(limit: Limit, value: number | undefined): boolean {
  if (value === undefined || Number.isNaN(value)) return false;
  const { below, atMost, atLeast } = limit;
  return (below === undefined || value < below) &&
    (atMost === undefined || value <= atMost) &&
    (atLeast === undefined || value >= atLeast);
}

/** A limit as text: `"< 400"`, `"<= 1.05"`, `">= 1"`. */
export function limitText(limit: Limit): string {
  const parts: string[] = [];
  if (limit.atLeast !== undefined) parts.push(`>= ${limit.atLeast}`);
  if (limit.below !== undefined) parts.push(`< ${limit.below}`);
  if (limit.atMost !== undefined) parts.push(`<= ${limit.atMost}`);
  return parts.join(", ");
}

/** A figure as text, with five digits, which tell 0.99995 from 1, and 1.0504 from a limit of 1.05. */
export function figureText(value: number): string {
  return String(Number(value.toPrecision(5)));
}

/** The limit that every operation succeeds. */
export const availability: Limit = { figure: "availability", atLeast: 1 };

/** A limit on messages between servers per operation. */
export const S = (atMost: number): Limit => ({
  figure: "servers.msgs-per-op",
  atMost,
});

/** A limit on bytes between servers, as a multiple of what it takes to send each value to each node once. */
export const bytes = (atMost: number): Limit => ({
  figure: "servers.bytes-to-least",
  atMost,
});

/** A limit on the share of operations that are answered by nodes that can talk to a majority. */
export const answered = (atLeast: number): Limit => ({
  figure: "answered.majority-share",
  atLeast,
});

/** A limit on the median of stable latencies, in milliseconds. */
export const median = (below: number): Limit => ({
  figure: "stable-latency.median-ms",
  below,
});

/** A limit on the longest stable latency, in milliseconds. */
export const maximum = (below: number): Limit => ({
  figure: "stable-latency.max-ms",
  below,
});
