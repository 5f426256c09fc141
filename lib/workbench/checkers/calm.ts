/** When nothing was broken: promises that hold without faults are judged only then. */
import { NEMESIS, networkMs, type Recording } from "../history.ts";

/**
 * How long after the end of the main phase faults of a simulated run may last, in ns: as
 * long as clients wait for their last replies.
 */
const LAST_REPLIES_NS = 10e9;

/**
 * Tells, for a time of the history, since when no fault had been active then: Infinity if
 * one was, 0 if there had been none. Partitions are in the history, kills and pauses in the
 * incidents; what else a simulated run with other than official faults met is in neither,
 * and lasts for its whole main phase.
 */
export function calmSince(recording: Recording): (timeNs: number) => number {
  const events: { at: number; happens(): void }[] = [];
  let cut = false;
  const halted = new Set<string>();
  for (const { process, f, time: at } of recording.history) {
    if (process !== NEMESIS || !f.endsWith("-partition")) continue;
    events.push({ at, happens: () => cut = f === "start-partition" });
  }
  for (const { type, node, time: at } of recording.incidents ?? []) {
    if (type === "kill" || type === "pause") {
      events.push({ at, happens: () => halted.add(node) });
    } else if (type === "restart" || type === "resume") {
      events.push({ at, happens: () => halted.delete(node) });
    }
  }
  if ((recording.faults ?? "official") !== "official") {
    const limit = Number(recording.options["time-limit"] ?? 60) * 1e9;
    const chaosEnds = limit + LAST_REPLIES_NS;
    return (time) => time < chaosEnds ? Infinity : chaosEnds;
  }
  events.sort((a, b) => a.at - b.at);
  const changes = events.map(({ at, happens }) => {
    happens();
    return { at, broken: cut || halted.size > 0 };
  });
  return (time) => {
    const last = changes.findLast(({ at }) => at <= time);
    if (last === undefined) return 0;
    return last.broken ? Infinity : last.at;
  };
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
