/**
 * What programs that promise `survivesRestart: "told"` are held to. An acknowledged operation may be
 * lost if its node was killed before it may have told another. It must survive if there is a node that
 * has been alive since and that has shown it, or must have been told (`toldBefore`). Nothing else is
 * excused: what is acknowledged after a return is as safe as ever, no offset is given twice, and no
 * reader goes back.
 */
import { isClientOp, type Op, type Recording } from "../history/history.ts";
import { networkMs, nodeOf, nodesOf } from "../history/options.ts";
import { type Json, stringify } from "../history/json.ts";
import type { Promises } from "../scenarios/promises.ts";
import { dueBy, troubles } from "./faults.ts";
import { type JsonKey, jsonKey } from "./json-key.ts";
import { pairs } from "./pairs.ts";
import { toldBefore } from "./reached.ts";
import { returnsOf } from "./returns.ts";
import { ADDS } from "./set-full.ts";
import { type At, logsAsTold } from "./told-logs.ts";

/** How soon a node must have told others, if its program does not say, in milliseconds. */
const TOLD_MS = 2_000;

/**
 * For how long a node that has come back lets clients wait for what it had told others, in ns: a
 * second, less rounding.
 */
export const WAITS_NS = 999e6;

/**
 * How soon a node must get back what it had told others once it is in touch with them, in ns, network
 * latency excluded.
 */
const BACK_NS = 2e9;

/** The error of an operation that succeeded and whose outcome is taken as unknown. */
const KILLED: Json = ["killed", "its node may have told nobody"];

/** How long after a kill a reply that was sent before it may arrive, in ns. */
const ON_ITS_WAY_NS = 100e6;

/**
 * A recording in which operations that a killed node may have told nobody have unknown outcomes, and
 * their replies are gone. While a fault is active, a node may be unable to tell others; and what it has
 * told is lost as well if all the others are killed after it. A node that has come back, and has let
 * its clients wait in vain, is not judged as long as it is not in touch with the others.
 */
export function asTold(recording: Recording, promises: Promises): Recording {
  const { history, incidents = [], options, workload } = recording;
  const kills = incidents.filter(({ type }) => type === "kill")
    .map(({ node, time }) => ({ node, time, end: time + ON_ITS_WAY_NS }));
  if (promises.survivesRestart !== "told" || kills.length === 0) {
    return recording;
  }
  const mayBeLost = losses(recording, promises, kills);
  const isReturning = returning(recording, promises);
  const addF = ADDS[workload];
  if (addF !== undefined) {
    return withoutLost(recording, addF, mayBeLost, isReturning);
  }
  const invocations = new Map(
    pairs(history).map((
      { invocation, completion },
    ) => [completion, invocation]),
  );
  if (workload === "kafka") {
    return logsAsTold(recording, {
      mayBeLost,
      isReturning,
      unknown: (op) => unknown(op, invocations.get(op)!),
    });
  }
  const isExcused = (op: Op, node: string) =>
    mayBeLost(node, op.time) || shows(op) && isReturning(node, op.time);
  const left = {
    ...recording,
    history: history.map((op) => {
      const isEnd = op.type === "ok" && isClientOp(op);
      return isEnd && isExcused(op, nodeOf(op.process, options))
        ? unknown(op, invocations.get(op)!)
        : op;
    }),
  };
  return promises.transactions === "read-uncommitted"
    ? withoutLostWrites(left)
    : left;
}

/** A kill, and the time until which a reply from before it may arrive, in ns of the history. */
type Kill = { node: string; time: number; end: number };

/**
 * Returns whether what a node acknowledged at a time may be lost: it was killed later, and may have
 * told nobody who is left.
 */
function losses(
  recording: Recording,
  { convergenceMs = TOLD_MS }: Promises,
  kills: readonly Kill[],
): At {
  const { options, workload } = recording;
  const nodes = nodesOf(options);
  const due = dueBy(recording, { boundMs: convergenceMs });
  // Reads show who has a value, and values may go by way of other nodes.
  const told = ADDS[workload] === undefined
    ? toldBefore(recording, kills, convergenceMs)
    : () => -Infinity;
  const tolds = kills.map((kill) => ({ ...kill, told: told(kill) }));
  // What counts is the kill that ended the life which acknowledged it: what a later life told others
  // does not show what an earlier one had told.
  const isTold = (node: string, time: number) => {
    const first = tolds.find((kill) => kill.node === node && time < kill.end);
    return first !== undefined && time <= first.told;
  };
  const isKilledAfter = (node: string, time: number) =>
    kills.some((kill) => kill.node === node && kill.end > time);
  const hadNoTime = (node: string, time: number) =>
    kills.some((kill) =>
      kill.node === node && kill.end > time && time > due(kill.time - 1)
    );
  return (node, time) =>
    isKilledAfter(node, time) && !isTold(node, time) &&
    (hadNoTime(node, time) ||
      nodes.every((other) => isKilledAfter(other, time)));
}

/** Returns whether a node has come back at a time, and need not yet have what it had told others. */
function returning(recording: Recording, { backMs = 0 }: Promises): At {
  const networkNs = networkMs(recording.options) * 1e6;
  const healed = Math.max(0, ...troubles(recording).map(({ to }) => to));
  const returns = returnsOf(recording).map(
    ({ node, at, actsAt, inTouchAt }) => ({
      node,
      from: backMs > 0 ? at : actsAt + WAITS_NS,
      to: Math.max(actsAt, Math.min(inTouchAt, healed)) +
        Math.max(BACK_NS, backMs * 1e6) + networkNs,
    }),
  );
  return (node, time) =>
    returns.some((one) =>
      one.node === node && time >= one.from && time <= one.to
    );
}

/**
 * A recording of transactions whose writes are replicated one by one. Of a transaction that may be
 * lost, only those writes are left that somebody has read.
 */
function withoutLostWrites(recording: Recording): Recording {
  const { history, aftermath } = recording;
  const stepsOf = ({ value }: Op) => value as [string, Json, Json][];
  const read = new Set(
    [...history, ...aftermath?.history ?? []].filter(({ type, f }) =>
      type === "ok" && f === "txn"
    ).flatMap(stepsOf).filter(([f]) => f === "r").flatMap(([, key, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) =>
        stringify([key, one])
      )
    ),
  );
  const isLeft = ([f, key, value]: [string, Json, Json]) =>
    f === "r" || read.has(stringify([key, value]));
  const left = new Map<Op, Op>();
  for (const { invocation, completion } of pairs(history)) {
    if (!isOpened(completion)) continue;
    for (const op of [invocation, completion!]) {
      left.set(op, { ...op, value: stepsOf(op).filter(isLeft) });
    }
  }
  return { ...recording, history: history.map((op) => left.get(op) ?? op) };
}

function isOpened(op: Op | undefined): boolean {
  return op?.type === "info" && op.error === KILLED;
}

/** Whether an operation reads. */
function shows({ f, value }: Op): boolean {
  return f === "read" ||
    f === "txn" && (value as Json[][]).some(([step]) => step === "r");
}

/** A successful operation, with an unknown outcome. */
function unknown(op: Op, invocation: Op): Op {
  return {
    ...op,
    type: "info",
    value: invocation.value ?? null,
    error: KILLED,
  };
}

/**
 * A recording of values that are added and read, without those that a killed node may have told
 * nobody. Reads show which these are: all nodes that have acknowledged or shown such a value have been
 * killed since.
 */
function withoutLost(
  recording: Recording,
  addF: string,
  mayBeLost: At,
  isReturning: At,
): Recording {
  const { history, incidents = [], options } = recording;
  const killedAt = new Map<string, number>();
  for (const { type, node, time } of incidents) {
    if (type === "kill") killedAt.set(node, time);
  }
  const ended = pairs(history).flatMap(({ invocation, completion }) =>
    completion?.type === "ok" && isClientOp(completion)
      ? [{
        invocation,
        op: completion,
        node: nodeOf(completion.process, options),
      }]
      : []
  );
  const isAdd = ({ f }: Op) => f === addF;
  const alive = new Set<JsonKey>();
  for (const { op, node, invocation } of ended) {
    // The reply may have been on its way when its node was killed.
    if (invocation.time <= (killedAt.get(node) ?? -1)) continue;
    for (const value of isAdd(op) ? [op.value] : valuesOf(op)) {
      alive.add(jsonKey(value));
    }
  }
  const isLost = (value: Json) => !alive.has(jsonKey(value));
  const firm = new Set(
    ended.filter(({ op, node }) => isAdd(op) && !mayBeLost(node, op.time))
      .map(({ op }) => jsonKey(op.value)),
  );
  const goesOn = new Map<Op, Op>(ended.map(({ invocation, op, node }) => {
    if (isAdd(op)) {
      const isOpen = isLost(op.value) && mayBeLost(node, op.time);
      return [op, isOpen ? unknown(op, invocation) : op];
    }
    if (isReturning(node, op.time)) return [op, unknown(op, invocation)];
    const all = valuesOf(op);
    const left = all.filter((value) =>
      !isLost(value) || firm.has(jsonKey(value))
    );
    // A read that loses nothing keeps its list: judges go only once through a list that reads share.
    return [op, left.length === all.length ? op : { ...op, value: left }];
  }));
  return { ...recording, history: history.map((op) => goesOn.get(op) ?? op) };
}

function valuesOf({ value }: Op): Json[] {
  return Array.isArray(value) ? value : [];
}
