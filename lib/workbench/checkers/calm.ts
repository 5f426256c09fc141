/** When nothing was broken: promises that hold without faults are judged only then. */
import { NEMESIS, networkMs, type Recording } from "../history.ts";

/**
 * How long after the end of the main phase faults of a simulated run may last, in ns: as
 * long as clients wait for their last replies.
 */
const LAST_REPLIES_NS = 10e9;

/** A stretch of time in which something was broken, in ns of the history. */
export interface Trouble {
  from: number;
  to: number;
}

/** What begins a fault, and what ends it: the nemesis' operations, and the incidents of single nodes. */
const ENDS: { readonly [begin: string]: string } = {
  "start-partition": "stop-partition",
  "kill": "start",
  "pause": "resume",
};

/**
 * When something was broken: cuts, and nodes that were killed or stopped. What else a
 * simulated run with other than official faults met is recorded nowhere, and lasts for its
 * whole main phase.
 */
export function troubles(recording: Recording): Trouble[] {
  const { history, incidents = [], options, faults = "official" } = recording;
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
    // Where incidents were recorded, they tell more exactly when a node was down.
    if (recording.incidents && !f.endsWith("-partition")) continue;
    if (f in ENDS) begin(ENDS[f]!, time);
    else finish(f, time);
  }
  for (const { type, node, time } of incidents) {
    if (type === "kill" || type === "pause") begin(node, time);
    else if (type === "restart" || type === "resume") finish(node, time);
  }
  return found;
}

/**
 * Tells, for a time of the history, since when nothing had been broken then: Infinity if
 * something was, 0 if nothing had ever been.
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

/** How long after a fault what it has disturbed may still be disturbed, in ns: elections and retries take their time. */
const RECOVERY_NS = 5e9;

/** Tells whether a request that was open from one time to another may have met a fault, or what a fault left behind. */
export function disturbed(
  recording: Recording,
): (fromNs: number, toNs: number) => boolean {
  const all = troubles(recording);
  return (from, to) =>
    all.some((trouble) =>
      trouble.from <= to && from <= trouble.to + RECOVERY_NS
    );
}

/** What a program promises of when others see what was acknowledged, in milliseconds. */
export interface Bounds {
  /** After its acknowledgement, without faults. */
  boundMs: number;
  /** After the end of a fault; `boundMs` if not given. */
  afterHealMs?: number | undefined;
  /** How many hops the network's own time is counted for; 2 if not given. */
  hops?: number | undefined;
  /** Whether faults change nothing. */
  underFaults?: boolean | undefined;
}

/**
 * Tells until when, in ns, something must have been acknowledged for a request at a given
 * time to show it: -Infinity where nothing is promised, since a fault is active, or has
 * just ended.
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
