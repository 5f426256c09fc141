/**
 * Transactions as in Maelstrom's workloads: a list of steps on keys, which is answered with the
 * same steps, with the reads filled in.
 *
 * {@link execute} runs a transaction on a scratch copy over the store and returns its changes, so a
 * store can apply all of them in one step, or none; {@link changed} applies one. {@link executeOn}
 * does both on a map. {@link serveTransactions} answers clients if transactions take time.
 *
 * Registers (`w`) and lists (`append`) share this code, so a program that replicates one replicates
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
 * What a transaction does to one key in total: sets it to the last value written, or appends
 * elements. Intermediate values never leave the transaction.
 */
export type Change = TypeOf<typeof change>;

/** {@link Change} at run time. */
export const change = either(
  tuple(oneOf("w"), key, json),
  tuple(oneOf("append"), key, array(json)),
);

/** The result of a transaction. */
export interface Executed {
  /** The steps of the request, with the reads filled in. */
  txn: MicroOp[];
  /** At most one change per key; none if the transaction only reads. */
  changes: Change[];
}

/** A key's value after a change. A list that does not exist yet is null. */
export function changed(before: Json, [f, , value]: Change): Json {
  return f === "w" ? value : [...listOf(before), ...value];
}

/** The value if it is a list, else an empty list. */
function listOf(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Runs a transaction step by step, on what `read` returns and what it has itself written.
 *
 * @param read returns a key's value in the store, null if it has none; called at most once for each
 *   key, and not for keys that are only written or appended to
 */
export function execute(
  txn: readonly MicroOp[],
  read: (key: Key) => Json,
): Executed {
  const values = new Map<Key, Json>();
  const changes = new Map<Key, Change>();
  /** The lists that steps have made. Later steps add to them, since no reply holds them. */
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
 * @param below returns the value of a key that is not in the map, null if it has none
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
 * Answers clients' transactions in rounds: those that wait are committed together. If that takes
 * long, a client is told in time that the outcome is unknown.
 *
 * @param commit runs transactions one after another; returns the steps of each, with the reads
 *   filled in
 * @param ready what a round waits for before it begins; requests that arrive meanwhile take part in
 *   it
 */
export function serveTransactions(
  node: Node<TxnProtocol>,
  commit: (batch: MicroOp[][]) => Promise<MicroOp[][]>,
  ready?: () => Promise<void>,
): void {
  const rounds = new Rounds(node, commit, ready);
  node.on("txn", async ({ txn }) => ({ txn: await rounds.join(txn) }));
}
