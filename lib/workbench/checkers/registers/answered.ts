/**
 * Which operations were answered, for the figures and the promise of programs that need a majority. An
 * error counts as an answer if it says that a register has another value or none.
 */
import { seconds } from "../findings.ts";
import { NEMESIS, type Op, type Recording } from "../../history/history.ts";
import { networkMs, nodeOf, nodesOf } from "../../history/options.ts";
import type { Json } from "../../history/json.ts";
import type { Figures } from "../../scenarios/limits.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { type Pair, pairs } from "../pairs.ts";
import { refusal } from "./linearizable.ts";

/** How long after a change in the network operations count for a side, in ms, if nothing is promised. */
const SETTLE_MS = 1_500;

/** How long an operation may take, in ns; it counts only if nothing in the network changed meanwhile. */
const PATIENCE_NS = 1e9;

/** How many messages in a row an answer takes: to the leader, to a majority, and back. */
const HOPS = 4;

/** How many messages it takes to find a leader: to notice, to elect one, and to announce it. */
const ELECTION_HOPS = 12;

/** Between two changes: the nodes that can talk to a majority, both ways. */
export interface Stretch {
  from: number;
  to: number;
  majority: ReadonlySet<string>;
}

function isAnswered(pair: Pair): boolean {
  return pair.completion?.type === "ok" || refusal(pair) !== undefined;
}

/** The figures: the share of operations that were answered, in all and by side of the cuts. */
export function answeredShares(recording: Recording): Figures {
  const all = pairs(recording.history);
  if (all.length === 0) return {};
  const share = (some: Pair[]) => some.filter(isAnswered).length / some.length;
  const figures: Figures = { "answered.share": share(all) };
  if (!recording.history.some(({ f }) => f === "start-partition")) {
    return figures;
  }
  const { majority, others } = bySide(recording, SETTLE_MS);
  if (majority.length > 0) figures["answered.majority-share"] = share(majority);
  if (others.length > 0) figures["answered.others-share"] = share(others);
  return figures;
}

/** Whether network latency alone may exceed a client's timeout, so that nothing is promised. */
export function isTooFar({ options }: Recording): boolean {
  return networkMs(options, HOPS) * 1e6 >= PATIENCE_NS;
}

/** How long it takes until there is a leader again, with network latency. */
export function settledMs({ options }: Recording, ms = SETTLE_MS): number {
  return ms + networkMs(options, ELECTION_HOPS);
}

/** Operations that a majority should have answered by its promise, and did not. */
export function unansweredByMajority(
  recording: Recording,
  { majorityMs }: Promises,
): string[] {
  if (majorityMs === undefined) return [];
  if (isTooFar(recording)) return [];
  const settleMs = settledMs(recording, majorityMs);
  const { majority } = bySide(recording, settleMs);
  const unanswered = majority.filter((pair) => !isAnswered(pair));
  return unanswered.map(({ invocation: { f, time, process } }) =>
    `the ${f} at ${
      seconds(time)
    } by process ${process} was not answered, though ${
      nodeOf(Number(process), recording.options)
    } had been able to talk to a majority for ${settleMs} ms`
  );
}

/**
 * The operations at nodes that had been able to talk to a majority for this long, and remained
 * so, and those at nodes that had not been for as long.
 */
function bySide(recording: Recording, settleMs: number) {
  const { options, history } = recording;
  const all = stretches(recording);
  const sides: Record<"majority" | "others", Pair[]> = {
    majority: [],
    others: [],
  };
  for (const pair of pairs(history)) {
    const { time, process } = pair.invocation;
    const stretch = all.find(({ from, to }) =>
      from + settleMs * 1e6 <= time && time + PATIENCE_NS <= to
    );
    if (stretch === undefined) continue;
    const isOfMajority = stretch.majority.has(nodeOf(Number(process), options));
    sides[isOfMajority ? "majority" : "others"].push(pair);
  }
  return sides;
}

/**
 * The stretches between changes in the network, as far as they are known. Nothing is known about
 * simulated runs with unofficial faults, nor after half of the nodes have lost their memory at once.
 */
export function stretches(recording: Recording): Stretch[] {
  const { history, incidents = [], options, faults } = recording;
  const settleNs = settledMs(recording) * 1e6;
  if ((faults ?? "official") !== "official") return [];
  const nodes = nodesOf(options);
  const events = [
    ...history.filter(({ process }) => process === NEMESIS)
      .filter(({ f }) => f.endsWith("-partition"))
      .map((op) => ({ time: op.time, act: () => cut(op) })),
    ...incidents.map(({ time, type, node }) => ({
      time,
      act: () => happens(type, node),
    })),
  ].sort((a, b) => a.time - b.time);
  const refused = new Map<string, Set<string>>();
  /**
   * Nodes that are not running, and nodes that have lost their memory and may not have been
   * told yet.
   */
  const down = new Set<string>(), forgetful = new Set<string>();
  function cut({ value }: Op): void {
    if (value === null) refused.clear();
    if (!Array.isArray(value)) return;
    const grudge = value[1] as { [receiver: string]: Json[] };
    for (const [receiver, sources] of Object.entries(grudge)) {
      refused.set(receiver, new Set(sources.map(String)));
    }
  }
  function happens(type: string, node: string): void {
    if (type === "kill") forgetful.add(node);
    if (type === "kill" || type === "pause") down.add(node);
    if (type === "restart" || type === "resume") down.delete(node);
  }
  const found: Stretch[] = [];
  let from = 0;
  for (const { time, act } of [...events, { time: Infinity, act() {} }]) {
    if (time > from) {
      const majority = majorityOf(nodes, refused, down, forgetful);
      found.push({ from, to: time, majority });
      if (time - from >= settleNs) {
        for (const node of majority) forgetful.delete(node);
      }
    }
    act();
    from = Math.max(0, time);
    if (2 * forgetful.size >= nodes.length) break;
  }
  return found;
}

/**
 * The nodes of a component that is a majority, over links that work both ways; nodes without
 * memory are told by one of them.
 */
function majorityOf(
  nodes: readonly string[],
  refused: ReadonlyMap<string, ReadonlySet<string>>,
  down: ReadonlySet<string>,
  forgetful: ReadonlySet<string>,
): Set<string> {
  const hears = (a: string, b: string) => !refused.get(a)?.has(b);
  const alive = nodes.filter((node) => !down.has(node));
  for (const start of alive) {
    // A leader must reach a majority itself: nothing is promised to nodes that hear only some
    // of it.
    const linked = alive.filter((node) =>
      node === start || hears(node, start) && hears(start, node)
    );
    const complete = linked.every((a) =>
      linked.every((b) => a === b || hears(a, b) && hears(b, a))
    );
    const knowing = linked.filter((node) => !forgetful.has(node));
    if (complete && 2 * knowing.length > nodes.length) return new Set(linked);
  }
  return new Set();
}
