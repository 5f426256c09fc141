import type { Json, JsonObject } from "../../history/json.ts";
import { type JsonKey, keyJson, opJson } from "../json-key.ts";
import { between, delta, type Log } from "./log.ts";
import type { LogOp } from "./ops.ts";

/** Errors of one kind of step: over some of the log, or not forward. */
export interface StepErrors {
  skip: JsonObject[];
  nonmonotonic: JsonObject[];
}

type Logs = ReadonlyMap<string, Log>;
type Side = "reads" | "writes";
/** From one message to the next one of the same key, where there are both. */
type Step = [from: JsonKey | undefined, to: JsonKey | undefined];

/** Compares two messages of a key and files the error they make, if they make one. */
function compare(
  errors: StepErrors,
  logs: Logs,
  key: string,
  [from, to]: Step,
  ops: () => JsonObject,
): void {
  const log = logs.get(key), distance = delta(log, from, to);
  if (distance === 1) return;
  const error = {
    key,
    values: [keyJson(from!), keyJson(to!)],
    delta: distance,
    ...ops(),
  };
  if (distance < 1) errors.nonmonotonic.push(error);
  else {
    const skipped = between(log!, from!, to!).map(keyJson);
    errors.skip.push({ ...error, skipped });
  }
}

/** Steps between consecutive messages of a key within one operation. */
export function internalSteps(
  ops: readonly LogOp[],
  logs: Logs,
  side: Side,
): StepErrors {
  const errors: StepErrors = { skip: [], nonmonotonic: [] };
  for (const op of ops) {
    for (const [key, placed] of op[side]) {
      for (let i = 1; i < placed.length; i++) {
        const step: Step = [placed[i - 1]!.message, placed[i]!.message];
        compare(errors, logs, key, step, () => ({ op: opJson(op.op) }));
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
  logs: Logs,
  side: Side,
): StepErrors {
  const errors: StepErrors = { skip: [], nonmonotonic: [] };
  const lastByProcess = new Map<number, Map<string, LogOp>>();
  for (const op of ops) {
    if (op.op.type === "fail") continue;
    const process = op.op.process;
    let last = lastByProcess.get(process);
    if (!last) lastByProcess.set(process, last = new Map());
    const keep = assigned(op);
    if (keep) {
      for (const key of last.keys()) if (!keep.has(key)) last.delete(key);
      continue;
    }
    for (const [key, placed] of op[side]) {
      const before = last.get(key);
      last.set(key, op);
      if (!before) continue;
      const step: Step = [
        before[side].get(key)?.at(-1)?.message,
        placed[0]?.message,
      ];
      const ops = [before.op, op.op];
      compare(errors, logs, key, step, () => ({ ops: ops.map(opJson) }));
    }
  }
  return errors;
}
