/** When faults were active. Promises that hold only without faults are judged only at other times. */
import { NEMESIS, type Recording } from "../history/history.ts";
import { networkMs } from "../history/options.ts";

/**
 * How long after the main phase a simulated run's faults may last, in ns: while clients wait for
 * their last replies.
 */
const LAST_REPLIES_NS = 10e9;

/** A stretch of time in which a fault was active, in ns of the history. */
export interface Trouble {
  from: number;
  to: number;
}

/** By operation of the nemesis that starts a fault, the one that ends it. */
const ENDS: { readonly [begin: string]: string } = {
  "start-partition": "stop-partition",
  "kill": "start",
  "pause": "resume",
};

/**
 * When faults were active: partitions, and nodes that were killed or paused. Other faults of
 * simulated runs are not recorded; if there may have been any, a fault counts as active during the
 * whole main phase.
 */
export function troubles(recording: Recording): Trouble[] {
  const { history, options, faults = "official" } = recording;
  if (faults !== "official") {
    const limit = Number(options["time-limit"] ?? 60) * 1e9;
    return [{ from: -Infinity, to: limit + LAST_REPLIES_NS }];
  }
  const end = recording.aftermath?.healedAt ?? Infinity;
  const found: Trouble[] = [];
  const open = new Map<string, Trouble>();
  const begin = (what: string, time: number) => {
    if (open.has(what)) return;
    const trouble = { from: time, to: end };
    found.push(trouble);
    open.set(what, trouble);
  };
  const finish = (what: string, time: number) => {
    const trouble = open.get(what);
    if (trouble !== undefined) trouble.to = time;
    open.delete(what);
  };
  for (const { process, f, time } of history) {
    if (process !== NEMESIS) continue;
    // If there are incidents, they say more exactly when a node was down.
    if (recording.incidents && !f.endsWith("-partition")) continue;
    if (f in ENDS) begin(ENDS[f]!, time);
    else finish(f, time);
  }
  for (const { from, to } of [...absences(recording).values()].flat()) {
    found.push({ from, to: to === Infinity ? end : to });
  }
  return found;
}

/**
 * By node, when it was down or paused, in ns of the history; until Infinity if it never came back.
 * A node that is killed while it is paused comes back by its restart alone.
 */
export function absences(
  { incidents = [] }: Recording,
): Map<string, Trouble[]> {
  const found = new Map<string, Trouble[]>();
  for (const { type, node, time } of incidents) {
    const own = found.get(node) ?? [];
    found.set(node, own);
    const last = own.at(-1);
    const isAway = last?.to === Infinity;
    if (type === "kill" || type === "pause") {
      if (!isAway) own.push({ from: time, to: Infinity });
    } else if (isAway && (type === "restart" || type === "resume")) {
      last.to = time;
    }
  }
  return found;
}

/**
 * Returns a function that says, for a time of the history in ns, since when no fault had been active:
 * Infinity if one was active then, 0 if there had been none.
 */
export function calmSince(recording: Recording): (timeNs: number) => number {
  const all = troubles(recording);
  return (time) => {
    let since = 0;
    for (const { from, to } of all) {
      if (from > time) continue;
      if (to > time) return Infinity;
      since = Math.max(since, to);
    }
    return since;
  };
}

/** How long a fault's effects may last after it, in ns: elections and retries take a while. */
const RECOVERY_NS = 5e9;

/** Returns whether a request that was open from one time to another may have met a fault or its after-effects. */
export function disturbed(
  recording: Recording,
): (fromNs: number, toNs: number) => boolean {
  const all = troubles(recording);
  return (from, to) =>
    all.some((trouble) =>
      trouble.from <= to && from <= trouble.to + RECOVERY_NS
    );
}

/** How soon a program promises that other nodes show what was acknowledged, in milliseconds. */
export interface Bounds {
  /** After the acknowledgement, if there are no faults. */
  boundMs: number;
  /** After the end of a fault; `boundMs` if not given. */
  afterHealMs?: number | undefined;
  /** For how many hops network latency is added; 2 if not given. */
  hops?: number | undefined;
  /** Whether the bounds hold under faults too. */
  underFaults?: boolean | undefined;
}

/**
 * Returns a function that says, for the time of a request, by when something must have been
 * acknowledged if the request is to show it. Both are in ns of the history. It is -Infinity if nothing
 * is promised, because a fault is active or has just ended.
 */
export function dueBy(
  recording: Recording,
  { boundMs, afterHealMs = boundMs, hops, underFaults = false }: Bounds,
): (requestNs: number) => number {
  if (underFaults) return (time) => time - boundMs * 1e6;
  const network = networkMs(recording.options, hops);
  const bound = (boundMs + network) * 1e6;
  const afterHeal = (afterHealMs + network) * 1e6;
  const since = calmSince(recording);
  return (time) => {
    const healed = since(time);
    return healed === 0 || time >= healed + afterHeal
      ? time - bound
      : -Infinity;
  };
}
