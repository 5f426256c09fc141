/** Transactions of micro-operations, as the txn workloads record them. */
import {
  asDouble,
  isInteger,
  type Json,
  type JsonObject,
  stringify,
} from "../../history/json.ts";
import type { Op } from "../../history/history.ts";
import { type JsonKey, jsonKey, opJson } from "../json-key.ts";
import { pairs } from "../pairs.ts";
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

/** A map with two keys, which are compared as JSON. */
export class Table<T> {
  readonly #rows = new Map<JsonKey, Map<JsonKey, T>>();

  get(row: Json, column: Json): T | undefined {
    return this.#rows.get(jsonKey(row))?.get(jsonKey(column));
  }

  set(row: Json, column: Json, value: T): void {
    const key = jsonKey(row);
    const columns = this.#rows.get(key);
    if (columns) columns.set(jsonKey(column), value);
    else this.#rows.set(key, new Map([[jsonKey(column), value]]));
  }

  /** The value there, put there first if it was absent. */
  getOr(row: Json, column: Json, absent: () => T): T {
    const present = this.get(row, column);
    if (present !== undefined) return present;
    const value = absent();
    this.set(row, column, value);
    return value;
  }

  get empty(): boolean {
    return this.#rows.size === 0;
  }
}

function microOps(op: Op, write: string): MicroOp[] {
  const valid = Array.isArray(op.value) &&
    op.value.every((mop) =>
      Array.isArray(mop) && mop.length === 3 && (mop[0] === "r" ||
        mop[0] === write)
    );
  if (!valid) {
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

function assertOneTypeOfKey(transactions: readonly Transaction[]): void {
  const types = new Set<string>();
  for (const { op, mops } of transactions) {
    for (const [, key] of mops) {
      types.add(typeOfKey(key));
      if (types.size > 1) {
        throw new CheckerError(
          `Cannot check operation ${op.index}: keys are of types ${
            [...types].join(" and ")
          }`,
        );
      }
    }
  }
}

/**
 * The transactions of a history in the order of their completions, numbered from
 * 0. Those that never completed are left out: nothing is known of them.
 *
 * @param write what writing is called: `"w"` or `"append"`
 * @throws {CheckerError} a transaction is malformed, or keys differ in type
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
  ended.sort((a, b) => a.op.index - b.op.index);
  ended.forEach((transaction, id) => transaction.id = id);
  assertOneTypeOfKey(ended);
  return ended;
}

/** Those that succeeded. */
export function committed(all: readonly Transaction[]): Transaction[] {
  return all.filter(({ op }) => op.type === "ok");
}

/** What failed transactions would have written: key and value to transaction. */
export function failedWrites(
  all: readonly Transaction[],
  write: string,
): Table<Transaction> {
  const writes = new Table<Transaction>();
  for (const transaction of all) {
    if (transaction.op.type !== "fail") continue;
    for (const [f, key, value] of transaction.mops) {
      if (f === write) writes.set(key, value, transaction);
    }
  }
  return writes;
}

/** What transactions wrote and then overwrote themselves: key and value to transaction. */
export function intermediateWrites(
  all: readonly Transaction[],
  write: string,
): Table<Transaction> {
  const writes = new Table<Transaction>();
  for (const transaction of all) {
    const later = new Set<JsonKey>();
    for (const [f, key, value] of transaction.mops.toReversed()) {
      if (f !== write) continue;
      if (later.has(jsonKey(key))) writes.set(key, value, transaction);
      later.add(jsonKey(key));
    }
  }
  return writes;
}

/** A transaction for people: `T1 (index 89, process 1)`. */
export function named(transaction: Transaction, number: number): string {
  const { index, process } = transaction.op;
  return `T${number} (index ${index}, process ${process})`;
}

/** A value for people. */
export function shown(value: Json | undefined): string {
  return stringify(value ?? null);
}

/**
 * Lost updates (Berenson et al., "A Critique of ANSI SQL Isolation Levels", 1995, P4): several
 * transactions read one version of a key and then wrote the key, so all but one overwrote an
 * update that they had not seen.
 */
export function lostUpdates(
  ok: readonly Transaction[],
  write: string,
): JsonObject[] {
  const updates = new Table<Transaction[]>();
  const found: { key: Json; value: Json; updaters: Transaction[] }[] = [];
  for (const transaction of ok) {
    const read = new Map<JsonKey, Json>();
    const counted = new Set<JsonKey>();
    for (const [f, key, value] of transaction.mops) {
      const id = jsonKey(key);
      if (f !== write) {
        if (!read.has(id)) read.set(id, value);
      } else if (read.has(id) && !counted.has(id)) {
        counted.add(id);
        const version = read.get(id)!;
        const updaters = updates.getOr(key, version, () => []);
        updaters.push(transaction);
        if (updaters.length === 2) {
          found.push({ key, value: version, updaters });
        }
      }
    }
  }
  return found.map(({ key, value, updaters }) => ({
    key,
    value,
    txns: updaters.map(({ op }) => opJson(op)),
    explanation:
      `${
        updaters.map((updater, i) => named(updater, i + 1)).join(" and ")
      } all read version ${shown(value)} of key ${
        shown(key)
      } and then wrote the key: ` +
      "each but the last to write it overlooked the others.",
  }));
}
