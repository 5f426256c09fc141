/**
 * The version orders of lists, and the dependencies that follow from them. A list
 * shows all that was appended to it before, so the longest read of a key gives
 * the order of all its versions up to then.
 */
import { type Json, stringify } from "../../history/json.ts";
import { DependencyGraph } from "./graph.ts";
import { Table, type Transaction } from "./txn.ts";
import { type JsonKey, jsonKey } from "../json-key.ts";
import { CheckerError } from "../verdict.ts";

/** How results call the empty list that every key has at first. */
export const INITIAL = "elle.list-append/init";

/** The order in which elements were appended to a key. */
export interface ListVersions {
  key: Json;
  /** The longest list that was read: version i is its first i elements. */
  order: Json[];
  /** The place of each element in the order, from 1; of one that is there twice, the last. */
  position: Map<JsonKey, number>;
  /**
   * Elements whose append succeeded but which the longest list lacks. Lists only
   * grow, so these were appended after it, in an order that is not known.
   */
  unobserved: Json[];
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

/** What reads returned, in the order of completions. */
export function* reads(
  ok: Iterable<Transaction>,
): Generator<{ transaction: Transaction; key: Json; list: Json[] }> {
  for (const transaction of ok) {
    for (const [f, key, value] of transaction.mops) {
      if (f === "r") yield { transaction, key, list: elements(value) };
    }
  }
}

/**
 * The version order of every key that transactions which succeeded read or
 * appended to. Where reads contradict each other, the longest is believed.
 *
 * @throws {CheckerError} a read returned no list
 */
export function listVersions(
  all: readonly Transaction[],
): Map<JsonKey, ListVersions> {
  const keys = new Map<JsonKey, ListVersions>();
  const versionsOf = (key: Json) => {
    let versions = keys.get(jsonKey(key));
    if (!versions) {
      versions = { key, order: [], position: new Map(), unobserved: [] };
      keys.set(jsonKey(key), versions);
    }
    return versions;
  };
  const ok = all.filter(({ op }) => op.type === "ok");
  for (const { key, list } of reads(ok)) {
    const versions = versionsOf(key);
    if (list.length > versions.order.length) versions.order = list;
  }
  for (const { order, position } of keys.values()) {
    order.forEach((element, i) => position.set(jsonKey(element), i + 1));
  }
  for (const { mops } of ok) {
    for (const [f, key, element] of mops) {
      if (f !== "append") continue;
      const { position, unobserved } = versionsOf(key);
      if (!position.has(jsonKey(element))) unobserved.push(element);
    }
  }
  return keys;
}

/** The last element of a read, or {@link INITIAL}: the version it saw. */
export function lastElement(value: Json): Json {
  return elements(value).at(-1) ?? INITIAL;
}

/** The elements that may come right after the first `length` ones. */
function following(
  { order, unobserved }: ListVersions,
  length: number,
): Json[] {
  return length < order.length ? [order[length]!] : unobserved;
}

/**
 * Builds the graph of `ww`, `wr` and `rw` dependencies. Vertices are transactions
 * by their `id`; those which failed have no edges, those whose outcome is unknown
 * only if what they appended was read.
 *
 * @param all every transaction, in the order of `id`
 * @throws {CheckerError} a read returned no list
 */
export function listDependencies(
  all: readonly Transaction[],
): DependencyGraph {
  const graph = new DependencyGraph(all.length);
  const writers = new Table<number>();
  for (const { id, op, mops } of all) {
    if (op.type === "fail") continue;
    for (const [f, key, element] of mops) {
      if (f === "append") writers.set(key, element, id);
    }
  }
  const versions = listVersions(all);
  for (const list of versions.values()) {
    const { key, order } = list;
    order.forEach((value, i) => {
      const before = writers.get(key, value);
      if (before === undefined) return;
      for (const next of following(list, i + 1)) {
        const after = writers.get(key, next);
        if (after === undefined || after === before) continue;
        graph.link(before, after, { kind: "ww", key, value, next });
      }
    });
  }
  for (const { transaction, key, list } of reads(all.filter(isOk))) {
    const reader = transaction.id;
    const value = list.at(-1);
    const writer = value === undefined ? undefined : writers.get(key, value);
    if (writer !== undefined && writer !== reader) {
      graph.link(writer, reader, { kind: "wr", key, value: value! });
    }
    const known = versions.get(jsonKey(key))!;
    const length = value === undefined ? 0 : known.position.get(jsonKey(value));
    if (length === undefined) continue;
    for (const next of following(known, length)) {
      const after = writers.get(key, next);
      if (after === undefined || after === reader) continue;
      const read = value ?? INITIAL;
      graph.link(reader, after, { kind: "rw", key, value: read, next });
    }
  }
  return graph;
}

function isOk({ op }: Transaction): boolean {
  return op.type === "ok";
}
