/**
 * Checks the steps from one message to the next, within an operation and between operations:
 * forward, skipping none.
 */
import type { Json, JsonObject } from "../../history/json.ts";
import { keyJson, opJson } from "../json-key.ts";
import { delta, type VersionOrders } from "./log.ts";
import type { Log, LogOp, Message, Part } from "./ops.ts";

/** Errors of one kind of step: those that skip messages, and those that do not go forward. */
export interface StepErrors {
  skip: JsonObject[];
  nonmonotonic: JsonObject[];
}

type Side = "reads" | "writes";

/** Compares two messages of a log and files the error they make, if they make one. */
function compare(
  errors: StepErrors,
  logs: VersionOrders,
  log: Log,
  from: Message,
  to: Message,
  ops: () => JsonObject,
): void {
  const distance = delta(from, to);
  if (distance === 1) return;
  const error = {
    key: log.key,
    values: [keyJson(from.value), keyJson(to.value)],
    delta: distance,
    ...ops(),
  };
  if (distance < 1) errors.nonmonotonic.push(error);
  else {
    const between = logs.get(log)!.byIndex.slice(from.index + 1, to.index);
    const skipped = between.map(({ value }) => keyJson(value));
    errors.skip.push({ ...error, skipped });
  }
}

/** Steps between consecutive messages of a key within one operation. */
export function internalSteps(
  ops: readonly LogOp[],
  logs: VersionOrders,
  side: Side,
): StepErrors {
  const errors: StepErrors = { skip: [], nonmonotonic: [] };
  for (const op of ops) {
    for (const { log, messages } of op[side]) {
      const own = () => ({ op: opJson(op.op) });
      for (let i = 1; i < messages.length; i++) {
        compare(errors, logs, log, messages[i - 1]!, messages[i]!, own);
      }
    }
  }
  return errors;
}

/** The keys an assignment lists, or undefined when the operation is none that took effect. */
function assigned({ op }: LogOp): Set<string> | undefined {
  if (op.f !== "assign" && op.f !== "subscribe") return undefined;
  if (op.type === "fail") return undefined;
  return new Set((op.value as Json[] | null ?? []).map(String));
}

/**
 * Steps from the last message of one operation on a key to the first of the same
 * process's next operation on that key. An assignment that does not list a key
 * ends what is remembered of it. A poll that lists a key without messages counts
 * as the last one, so that nothing is concluded from the next: Jepsen's quirk.
 */
export function externalSteps(
  ops: readonly LogOp[],
  logs: VersionOrders,
  side: Side,
): StepErrors {
  const errors: StepErrors = { skip: [], nonmonotonic: [] };
  const lastByProcess = new Map<number, Map<Log, Part>>();
  for (const op of ops) {
    if (op.op.type === "fail") continue;
    const process = op.op.process;
    let last = lastByProcess.get(process);
    if (!last) lastByProcess.set(process, last = new Map());
    const keep = assigned(op);
    if (keep) {
      for (const log of last.keys()) if (!keep.has(log.key)) last.delete(log);
      continue;
    }
    for (const part of op[side]) {
      const before = last.get(part.log);
      last.set(part.log, part);
      const from = before?.messages.at(-1), to = part.messages[0];
      if (from === undefined || to === undefined) continue;
      const ops = () => ({ ops: [opJson(before!.op), opJson(part.op)] });
      compare(errors, logs, part.log, from, to, ops);
    }
  }
  return errors;
}
