/** Transactions that replaced one version of a key without having seen each other. */
import type { Json, JsonObject } from "../../history/json.ts";
import { type JsonKey, jsonKey, opJson } from "../json-key.ts";
import { Column } from "./columns.ts";
import { isWrite, lastOf, NONE, type Steps } from "./steps.ts";
import { named, shown, type Transaction } from "./txn.ts";

/**
 * Lost updates (Berenson et al., "A Critique of ANSI SQL Isolation Levels", 1995, P4): several
 * transactions read one version of a key and then wrote the key, so all but one overwrote an
 * update that they had not seen.
 *
 * @param all every transaction, in the order of `id`
 * @param steps theirs
 */
export function lostUpdates(
  all: readonly Transaction[],
  steps: Steps,
): JsonObject[] {
  const updaters = new Map<JsonKey, Map<JsonKey, Transaction[]>>();
  const found: { key: Json; value: Json; updaters: Transaction[] }[] = [];
  for (const read of contested(steps, updates(all, steps))) {
    const id = steps.txns[read]!, transaction = all[id]!;
    const [, key, value] = transaction.mops[read - steps.starts[id]!]!;
    const ofKey = updaters.get(jsonKey(key)) ?? new Map();
    updaters.set(jsonKey(key), ofKey);
    const others = ofKey.get(jsonKey(value)) ?? [];
    ofKey.set(jsonKey(value), others);
    others.push(transaction);
    if (others.length === 2) found.push({ key, value, updaters: others });
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

/** For each update, the first read of its key: the version that was replaced. */
function updates(
  all: readonly Transaction[],
  steps: Steps,
): Int32Array {
  const { versions, txns, keys } = steps;
  const reads = new Column();
  /** By key, the first read of it in the transaction at hand, until it is written. */
  const readAt = new Int32Array(versions.keys.length).fill(NONE);
  /** By key, the last transaction whose update of it was found. */
  const doneAt = new Int32Array(versions.keys.length).fill(NONE);
  for (let step = 0; step < keys.length; step++) {
    const key = keys[step]!, txn = txns[step]!;
    if (all[txn]!.op.type !== "ok") continue;
    const read = readAt[key]!;
    const hasRead = read !== NONE && txns[read] === txn;
    if (!isWrite(steps, step)) {
      if (!hasRead) readAt[key] = step;
    } else if (hasRead && doneAt[key] !== txn) {
      doneAt[key] = txn;
      reads.push(read);
    }
  }
  return reads.values;
}

/** Those of which another read a version with the same last element, which is rare where all is well. */
function contested(steps: Steps, reads: Int32Array): Int32Array {
  const count = steps.versions.values.length;
  const times = new Int32Array(count + steps.versions.keys.length);
  const place = (read: number) => {
    const version = lastOf(steps, read);
    return version === NONE ? count + steps.keys[read]! : version;
  };
  for (const read of reads) times[place(read)]!++;
  return reads.filter((read) => times[place(read)]! > 1);
}
