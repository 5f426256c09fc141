/**
 * What programs are held to that promise `survivesRestart: "told"`: an acknowledgement
 * which its node may not have told another before it was killed is as good as none.
 */
import {
  type Events,
  headsOf,
  isClientOp,
  nodeOf,
  nodesOf,
  type Op,
  partOf,
  type Recording,
} from "../history.ts";
import type { Promises } from "../promises.ts";
import { dueBy } from "./calm.ts";
import { originOf } from "./origin.ts";
import { pairs } from "./pairs.ts";

/** How long it takes at most until others have been told, where a program does not say, in milliseconds. */
const TOLD_MS = 2_000;

/** How long a node has, once it is spoken to again, until it has back what it had told another, in ns. */
const BACK_NS = 2e9;

/** How long after a kill a reply may arrive that was sent before it, in ns. */
const ON_ITS_WAY_NS = 100e6;

/**
 * A recording in which what a killed node may have told nobody is open: its
 * operations end as unknown, and their replies are gone. As long as something is broken,
 * a node may have told nothing; and what it has told dies too, if all the others are
 * killed after it. Nor is a node asked what it has while it comes back.
 */
export function asTold(recording: Recording, promises: Promises): Recording {
  const { history, incidents = [], journal, options } = recording;
  const kills = incidents.filter(({ type }) => type === "kill")
    .map(({ node, time }) => ({ node, time, end: time + ON_ITS_WAY_NS }));
  if (promises.survivesRestart !== "told" || kills.length === 0) {
    return recording;
  }
  const due = dueBy(recording, { boundMs: promises.convergenceMs ?? TOLD_MS });
  const isKilledAfter = (node: string, time: number) =>
    kills.some((kill) => kill.node === node && kill.end > time);
  const mayBeLost = (node: string, time: number) =>
    kills.some((kill) =>
      kill.node === node && kill.end > time && time > due(kill.time - 1)
    ) ||
    isKilledAfter(node, time) &&
      nodesOf(options).every((other) => isKilledAfter(other, time));
  const origin = originOf(recording);
  const returns = incidents.filter(({ type }) => type === "restart")
    .map(({ node, time }) => ({
      node,
      from: time,
      to: spokenTo(journal, node, time + origin) - origin + BACK_NS,
    }));
  const isReturning = (node: string, time: number) =>
    returns.some((one) =>
      one.node === node && time >= one.from && time <= one.to
    );
  const isExcused = (node: string, time: number) =>
    mayBeLost(node, time) || isReturning(node, time);
  const lost = new Map<Op, Op>(
    pairs(history).flatMap(({ invocation, completion: op }) =>
      op?.type === "ok" && isClientOp(op) &&
        isExcused(nodeOf(op.process, options), op.time)
        ? [[op, {
          ...op,
          type: "info" as const,
          value: invocation.value ?? null,
          error: ["killed", "its node may have told nobody"],
        }]]
        : []
    ),
  );
  // Replies are sent, but do not arrive.
  const open = (events: Events): Events =>
    partOf(events, ([kind, time, , src, dest, { type }]) => {
      if (kind !== "recv" || !dest.startsWith("c")) return true;
      const at = time - origin;
      // What a client commits after a kill, it may have seen before.
      const isDoubtful = type === "commit_offsets_ok" &&
        kills.some((kill) => kill.time < at);
      return !isDoubtful && !isExcused(src, at);
    });
  const { aftermath } = recording;
  return {
    ...recording,
    history: history.map((op) => lost.get(op) ?? op),
    journal: open(journal),
    ...(aftermath &&
      {
        aftermath: {
          ...aftermath,
          journal: open(aftermath.journal),
        },
      }),
  };
}

/** When a node is spoken to that has come back: until then it says nothing by itself. */
function spokenTo(journal: Events, node: string, restartedNs: number): number {
  for (const [kind, time, , , dest, { type }] of headsOf(journal)) {
    if (kind !== "recv" || dest !== node || time <= restartedNs) continue;
    if (type !== "init") return time;
  }
  return Infinity;
}
