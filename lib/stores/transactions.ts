/**
 * Transactions as Maelstrom's workloads ask for them: a list of steps on keys, answered
 * with the same steps, the reads filled in.
 *
 * {@link execute} runs a transaction on a scratch copy over the store and returns its
 * changes, so a store can apply all of them in one step, or none; {@link changed} applies one.
 * {@link executeOn} does both on a map. {@link serveTransactions} answers clients where a
 * transaction takes time.
 *
 * Registers (`w`) and lists (`append`) take the same path, so what replicates one replicates
 * the other, and tests can use lists, whose values show every version ever written.
 *
 * @module
 */
import type { Json } from "../node/world.ts";
import type { Node } from "../maelstrom.ts";
import {
  array,
  either,
  json,
  type Key,
  key,
  type MicroOp,
  oneOf,
  tuple,
  type TxnProtocol,
  type TypeOf,
} from "../protocols.ts";
import { Rounds } from "../services/rounds.ts";

/**
 * What a transaction does to one key in the end: sets it to the last value written, or appends
 * the elements. Values in between never leave the transaction.
 */
export type Change = TypeOf<typeof change>;

/** {@link Change} at run time. */
export const change = either(
  tuple(oneOf("w"), key, json),
  tuple(oneOf("append"), key, array(json)),
);

/** The result of a transaction. */
export interface Executed {
  /** The steps of the request, reads filled in. */
  txn: MicroOp[];
  /** At most one change a key; none for a transaction that only reads. */
  changes: Change[];
}

/** A key's value after a change: a list begins as null. */
export function changed(before: Json, [f, , value]: Change): Json {
  return f === "w" ? value : [...listOf(before), ...value];
}

/** The list that a value is: an empty one if it is none. */
function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Runs a transaction, step by step, on what `read` gives and what it has itself written.
 *
 * @param read a key's value in the store, null for none; called at most once for each key, and
 *   not for keys that are only written or appended to
 */
export function execute(
  txn: readonly MicroOp[],
  read: (key: Key) => Json,
): Executed {
  const values = new Map<Key, Json>();
  const changes = new Map<Key, Change>();
  /** The lists that these steps have made, to which later ones add: no reply holds them. */
  const lists = new Set<Json>();
  const valueOf = (key: Key): Json => {
    const change = changes.get(key);
    if (change?.[0] === "w") {
      return lists.has(change[2]) ? [...listOf(change[2])] : change[2];
    }
    if (!values.has(key)) values.set(key, read(key));
    const value = values.get(key) ?? null;
    return change === undefined ? value : changed(value, change);
  };
  const append = (key: Key, value: Json): void => {
    const [f, , before] = changes.get(key) ?? ["append", key, []];
    const list = lists.has(before) ? before as Json[] : [...listOf(before)];
    list.push(value);
    lists.add(list);
    changes.set(key, [f, key, list]);
  };
  const filled = txn.map(([f, key, value]): MicroOp => {
    if (f === "r") return [f, key, valueOf(key)];
    if (f === "w") changes.set(key, [f, key, value]);
    else append(key, value);
    return [f, key, value];
  });
  return { txn: filled, changes: [...changes.values()] };
}

/**
 * Runs a transaction on a map, and applies its changes there.
 *
 * @param below the value of a key that is not in the map, null for none
 */
export function executeOn(
  values: Map<Key, Json>,
  txn: readonly MicroOp[],
  below: (key: Key) => Json = () => null,
): Executed {
  const read = (key: Key) => values.has(key) ? values.get(key)! : below(key);
  const executed = execute(txn, read);
  for (const change of executed.changes) {
    const [, key] = change;
    values.set(key, changed(read(key), change));
  }
  return executed;
}

/**
 * Answers clients' transactions in rounds: those that wait are committed together, and a
 * client is told in time that the outcome is unknown.
 *
 * @param commit runs transactions one after another; returns the filled-in steps of each
 * @param ready what a round waits for before it begins; requests that come meanwhile take part in it
 */
export function serveTransactions(
  node: Node<TxnProtocol>,
  commit: (batch: MicroOp[][]) => Promise<MicroOp[][]>,
  ready?: () => Promise<void>,
): void {
  const rounds = new Rounds(node, commit, ready);
  node.on("txn", async ({ txn }) => ({ txn: await rounds.join(txn) }));
}
