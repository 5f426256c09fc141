/**
 * The version orders of lists, and the dependencies that follow from them. A list
 * shows all that was appended to it before, so the longest read of a key gives
 * the order of all its versions up to then.
 */
import type { Json } from "../../history/json.ts";
import { javaHash } from "../clojure-order.ts";
import { BIT, DependencyGraph } from "./graph.ts";
import { spread, trieOrder } from "./hash-trie.ts";
import {
  areEqual,
  isWrite,
  lastOf,
  NONE,
  type Steps,
  versionOf,
} from "./steps.ts";
import { elements, type Transaction } from "./txn.ts";

/** The name in results of the empty list that every key has at first. */
export const INITIAL = "elle.list-append/init";

/** The order in which elements were appended to a key, all as numbers. */
export interface ListVersions {
  key: number;
  /** The longest list that was read, each element once: version i is its first i elements. */
  order: Int32Array;
  /**
   * Elements whose append did not fail but which the longest list lacks. Lists only
   * grow, so these were appended after it, if at all, in an order that is not known.
   */
  unobserved: number[];
}

/** The reads of transactions that succeeded, in the order of completions. */
export function readSteps(
  all: readonly Transaction[],
  steps: Steps,
): number[] {
  const { txns } = steps;
  const reads: number[] = [];
  for (let step = 0; step < txns.length; step++) {
    if (isWrite(steps, step)) continue;
    if (all[txns[step]!]!.op.type === "ok") reads.push(step);
  }
  return reads;
}

/**
 * The version order of every key that transactions which succeeded read or
 * appended to. Where reads contradict each other, the longest is believed.
 */
export function listVersions(
  all: readonly Transaction[],
  steps: Steps,
): ListVersions[] {
  const { versions, txns, keys, from, to, elements } = steps;
  const listOf = (step: number) => elements.subarray(from[step]!, to[step]!);
  /** Keys of which there are several longest reads. */
  const disputed = new Set<number>();
  const longest = new Int32Array(versions.keys.length).fill(NONE);
  const met = new Set<number>();
  for (const step of readSteps(all, steps)) {
    const key = keys[step]!, best = longest[key]!;
    met.add(key);
    const length = to[step]! - from[step]!;
    const most = best === NONE ? -1 : to[best]! - from[best]!;
    if (length > most) {
      longest[key] = step;
      disputed.delete(key);
    } else if (length === most && !areEqual(steps, step, best)) {
      disputed.add(key);
    }
  }
  const rivals = readSteps(all, steps).filter((step) =>
    disputed.has(keys[step]!) && from[step]! < to[step]!
  );
  for (const [key, reads] of Map.groupBy(rivals, (step) => keys[step]!)) {
    longest[key] = believed(steps, reads);
  }
  const isObserved = new Uint8Array(versions.values.length);
  const orders = Array.from(longest, (step) => {
    const order = step === NONE || from[step] === NONE
      ? new Int32Array()
      : Int32Array.from(new Set(listOf(step)));
    for (const element of order) isObserved[element] = 1;
    return order;
  });
  const unobserved: number[][] = orders.map(() => []);
  for (let step = 0; step < txns.length; step++) {
    if (!isWrite(steps, step) || all[txns[step]!]!.op.type === "fail") continue;
    const key = keys[step]!, element = versionOf(steps, step);
    met.add(key);
    if (isObserved[element] === 0) unobserved[key]!.push(element);
  }
  return [...met].map((key) => ({
    key,
    order: orders[key]!,
    unobserved: unobserved[key]!,
  }));
}

/** Of the longest reads of a key the one that Elle believes: the last in a hash set of all reads. */
function believed(
  { versions, from, to, elements }: Steps,
  reads: readonly number[],
): number {
  const byList = new Map(reads.map((step) => {
    const list = elements.subarray(from[step]!, to[step]!);
    return [list.join(), { step, list }] as const;
  }));
  const hashOf = ({ list }: { list: Int32Array }) =>
    spread(javaHash(Array.from(list, (at) => versions.values[at]!)));
  return trieOrder(byList.values(), hashOf).reduce((best, next) =>
    next.list.length < best.list.length ? best : next
  ).step;
}

/** The last element of a read, or {@link INITIAL}: the version it saw. */
export function lastElement(value: Json): Json {
  return elements(value).at(-1) ?? INITIAL;
}

/**
 * Builds the graph of `ww`, `wr` and `rw` dependencies. Vertices are transactions
 * by their `id`; those which failed have no edges.
 *
 * @param all every transaction, in the order of `id`
 * @param steps theirs
 */
export function listDependencies(
  all: readonly Transaction[],
  steps: Steps,
  lists: readonly ListVersions[],
): DependencyGraph {
  const { versions, txns, keys } = steps;
  const graph = new DependencyGraph(all.length, { versions, initial: INITIAL });
  /** By element, who appended it, and its place in its list, from 1. */
  const writers = new Int32Array(versions.values.length).fill(NONE);
  const positions = new Int32Array(versions.values.length);
  for (let step = 0; step < txns.length; step++) {
    const txn = txns[step]!;
    if (!isWrite(steps, step) || all[txn]!.op.type === "fail") continue;
    writers[versionOf(steps, step)] = txn;
  }
  const byKey: ListVersions[] = [];
  /** Links a transaction to those whose elements may come right after the first `length` ones. */
  const follow = (
    txn: number,
    kind: number,
    version: number,
    { key, order, unobserved }: ListVersions,
    length: number,
  ) => {
    const count = length < order.length ? 1 : unobserved.length;
    for (let i = 0; i < count; i++) {
      const next = length < order.length ? order[length]! : unobserved[i]!;
      const after = writers[next]!;
      if (after === NONE || after === txn) continue;
      graph.link(txn, after, kind, key, version, next);
    }
  };
  for (const list of lists) {
    byKey[list.key] = list;
    const { order } = list;
    for (let i = 0; i < order.length; i++) {
      positions[order[i]!] = i + 1;
      const before = writers[order[i]!]!;
      if (before !== NONE) follow(before, BIT.ww, order[i]!, list, i + 1);
    }
  }
  for (const step of readSteps(all, steps)) {
    const reader = txns[step]!, key = keys[step]!;
    const version = lastOf(steps, step);
    // Elle takes a list that ends in null for the empty one.
    if (version === NONE || versions.values[version] === null) {
      follow(reader, BIT.rw, NONE, byKey[key]!, 0);
      continue;
    }
    const writer = writers[version]!;
    if (writer !== NONE && writer !== reader) {
      graph.link(writer, reader, BIT.wr, key, version);
    }
    const position = positions[version]!;
    if (position > 0) follow(reader, BIT.rw, version, byKey[key]!, position);
  }
  return graph;
}
