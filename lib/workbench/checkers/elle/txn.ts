/** Transactions of micro-operations, as the txn workloads record them. */
import {
  asDouble,
  isInteger,
  type Json,
  stringify,
} from "../../history/json.ts";
import type { Op } from "../../history/history.ts";
import { pairs } from "../pairs.ts";
import { inOrder, places } from "./columns.ts";
import { isWrite, STEP, type Steps, StepsBuilder, versionOf } from "./steps.ts";
import { CheckerError } from "../verdict.ts";

/** One read or write within a transaction: `["r", key, value]`, `["w", key, value]`, `["append", key, element]`. */
export type MicroOp = readonly [f: string, key: Json, value: Json];

/** A transaction that ended, well or not. */
export interface Transaction {
  /** Its number among all of them in the order of their completions: its vertex in graphs. */
  id: number;
  /** Its completion: the transaction as the node answered it. */
  op: Op;
  invocation: Op;
  mops: readonly MicroOp[];
}

function microOps(op: Op, write: string): MicroOp[] {
  const isMicroOp = (mop: Json) =>
    Array.isArray(mop) && mop.length === 3 &&
    (mop[0] === "r" || mop[0] === write);
  if (!Array.isArray(op.value) || !op.value.every(isMicroOp)) {
    const text = stringify(op.value);
    throw new CheckerError(
      `Cannot check operation ${op.index}: ${text} is no list of ["r" or "${write}", key, value]`,
    );
  }
  return op.value as unknown as MicroOp[];
}

/** The type of a key, as Elle tells them apart by Java class. */
function typeOfKey(key: Json): string {
  if (Number.isSafeInteger(key)) return "integer";
  if (isInteger(key)) {
    const isLong = -(2n ** 63n) <= key && key < 2n ** 63n;
    return isLong ? "integer" : "big integer";
  }
  if (asDouble(key) !== null) return "float";
  if (key === null) return "null";
  return Array.isArray(key) ? "array" : typeof key;
}

/**
 * The transactions of a history in the order of their completions, numbered from
 * 0. Those that never completed are left out: nothing is known of them.
 *
 * @param write what writing is called: `"w"` or `"append"`
 * @throws {CheckerError} a transaction is malformed
 */
export function transactions(
  history: readonly Op[],
  write: string,
): Transaction[] {
  const ended: Transaction[] = [];
  for (const { invocation, completion: op } of pairs(history)) {
    if (op?.f !== "txn") continue;
    ended.push({ id: 0, op, invocation, mops: microOps(op, write) });
  }
  const ends = new Float64Array(ended.length);
  for (let i = 0; i < ended.length; i++) ends[i] = ended[i]!.op.index;
  const all: Transaction[] = [];
  for (const i of inOrder(places(ended.length), ends)) {
    ended[i]!.id = all.length;
    all.push(ended[i]!);
  }
  return all;
}

/**
 * The elements that a read returned.
 *
 * @throws {CheckerError} they are no list
 */
export function elements(value: Json): Json[] {
  if (value === null) return [];
  if (!Array.isArray(value)) {
    throw new CheckerError(
      `Cannot check a read of ${stringify(value)}: not a list`,
    );
  }
  return value;
}

/**
 * The micro-operations of transactions, numbered.
 *
 * @throws {CheckerError} keys of registers differ in type
 */
export function stepsOf(
  all: readonly Transaction[],
  write: string,
): Steps {
  const builder = new StepsBuilder();
  const types = new Set<string>();
  const { keys } = builder.versions;
  for (const { op, mops } of all) {
    for (const [f, key, value] of mops) {
      const known = keys.length;
      if (f === write) builder.write(key, value);
      else if (write === "w") builder.read(key, value);
      else if (Array.isArray(value)) builder.readList(key, value);
      else builder.readNull(key);
      // Elle takes any keys of lists.
      if (keys.length > known && write === "w") types.add(typeOfKey(key));
      if (types.size > 1) {
        throw new CheckerError(
          `Cannot check operation ${op.index}: keys are of types ${
            [...types].join(" and ")
          }`,
        );
      }
    }
    builder.end();
  }
  return builder.steps();
}

/** By version, who wrote it among transactions that failed; null if there are none. */
export function failedWrites(
  all: readonly Transaction[],
  steps: Steps,
): (Transaction | undefined)[] | null {
  return writesOf(
    all,
    steps,
    (step) => all[steps.txns[step]!]!.op.type === "fail",
  );
}

/** By version, who wrote it and then overwrote it, whatever came of it; null if there are none. */
export function intermediateWrites(
  all: readonly Transaction[],
  steps: Steps,
): (Transaction | undefined)[] | null {
  return writesOf(
    all,
    steps,
    (step) => (steps.bits[step]! & STEP.lastWrite) === 0,
  );
}

/** By version, who wrote it, whatever came of it. */
export function writtenElements(
  all: readonly Transaction[],
  steps: Steps,
): readonly (Transaction | undefined)[] {
  return writesOf(all, steps, () => true) ?? [];
}

function writesOf(
  all: readonly Transaction[],
  steps: Steps,
  isWanted: (step: number) => boolean,
): (Transaction | undefined)[] | null {
  const { versions, txns } = steps;
  let writers: (Transaction | undefined)[] | null = null;
  for (let step = 0; step < txns.length; step++) {
    if (!isWrite(steps, step) || !isWanted(step)) continue;
    writers ??= new Array(versions.values.length);
    writers[versionOf(steps, step)] = all[txns[step]!];
  }
  return writers;
}

/** A transaction for people: `T1 (index 89, process 1)`. */
export function named(transaction: Transaction, number: number): string {
  const { op: { index, process }, invocation } = transaction;
  const place = Number.isFinite(index)
    ? `index ${index}`
    : `begun at index ${invocation.index}`;
  return `T${number} (${place}, process ${process})`;
}

/** A value for people. */
export function shown(value: Json | undefined): string {
  return stringify(value ?? null);
}
