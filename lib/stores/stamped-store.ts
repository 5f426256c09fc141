/**
 * A replica's database in which every change has a stamp, so replicas that have had the same
 * changes, in whatever order, hold the same values. These are last-writer-wins registers, and lists
 * in the order of stamps.
 *
 * Stamps are Lamport's ("Time, Clocks, and the Ordering of Events", 1978): a counter above every
 * stamp that the node has seen, and a name to order equal counters. So what a node has read always
 * has a lower stamp than what it writes. The counter never lags behind the time of day (Kulkarni et
 * al., "Logical Physical Clocks", 2014), so a node that lost its memory stamps no change lower than
 * before, unless its clock was set back.
 *
 * @module
 */
import { nodeOf } from "../gossip/life.ts";
import type { Json } from "../node/world.ts";
import type { Node } from "../maelstrom.ts";
import {
  array,
  type Key,
  type MicroOp,
  natural,
  object,
  string,
  type TypeOf,
} from "../protocols.ts";
import { change, changed, execute, type Executed } from "./transactions.ts";

/** When a change was made. All replicas order stamps alike: by `time`, then by `node`. */
export interface Stamp {
  /** The counter. */
  time: number;
  /** In which life of which node the change was made. A life makes at most one transaction at each time. */
  node: string;
}

/** {@link Entry} at run time. */
export const entry = object({ time: natural, node: string, change });

/** One change of one transaction, with its {@link Stamp}, as it goes over the network. */
export type Entry = TypeOf<typeof entry>;

/** Negative when `a` is before `b`, 0 when they are the same. */
function compareStamps(a: Stamp, b: Stamp): number {
  return a.time - b.time || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0);
}

/** What one transaction changed. */
export const transaction = object({
  time: natural,
  node: string,
  changes: array(change),
});

/** The type of {@link transaction}. */
export type Transaction = TypeOf<typeof transaction>;

/**
 * A version vector: by origin, up to which time its changes are known (Parker et al.,
 * "Detection of Mutual Inconsistency in Distributed Systems", 1983).
 */
export type Vector = Map<string, number>;

/** Whether the first vector covers everything that the second covers. */
export function covers(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): boolean {
  for (const [origin, time] of b) {
    if ((a.get(origin) ?? 0) < time) return false;
  }
  return true;
}

/** Raises a vector so that it covers another. */
export function join(into: Vector, from: ReadonlyMap<string, number>): void {
  for (const [origin, time] of from) {
    into.set(origin, Math.max(into.get(origin) ?? 0, time));
  }
}

/** The part of a node that a store uses. */
export type StoreNode = Pick<Node<Record<never, never>>, "id" | "now">;

/** The changes that a replica has had, by key. */
export class StampedStore {
  readonly #node: StoreNode;
  /** The highest counter seen. */
  #time = 0;
  /**
   * By key, changes in the order of stamps. Only the first can be a write, since a write makes
   * those before it void.
   */
  readonly #entries = new Map<Key, Entry[]>();
  /** The same changes by origin, in the order of times. */
  readonly #origins = new Map<string, Entry[]>();

  constructor(node: StoreNode) {
    this.#node = node;
  }

  /** A new stamp, above all that were seen, and not below the microseconds since 1970. */
  stamp(life: string): Stamp {
    const now = Math.floor(this.#node.now() * 1_000);
    this.#time = Math.max(this.#time + 1, now);
    return { time: this.#time, node: life };
  }

  /** Raises the counter to one that was seen. */
  see(time: number): void {
    this.#time = Math.max(this.#time, time);
  }

  /** Whether a life is one of this node's, the present or an earlier one. */
  isOwn(life: string): boolean {
    return nodeOf(life) === this.#node.id;
  }

  /** Runs a transaction on the values here, without changing them. */
  run(txn: readonly MicroOp[]): Executed {
    return execute(txn, (key) => this.read(key));
  }

  /** Applies a transaction's changes; returns whether any of them was new. */
  apply({ time, node, changes }: Transaction): boolean {
    let isNews = false;
    for (const change of changes) {
      if (this.insert({ time, node, change }) !== null) isNews = true;
    }
    return isNews;
  }

  /** A key's value, null if it has none. */
  read(key: Key): Json {
    const [first, ...others] = this.#entries.get(key) ?? [];
    if (first === undefined) return null;
    const value = changed(null, first.change);
    if (others.length === 0) return value;
    // Only appends follow: all of them add to one copy.
    const list = Array.isArray(value) ? [...value] : [];
    for (const { change: [, , elements] } of others) {
      for (const element of elements as Json[]) list.push(element);
    }
    return list;
  }

  /** All changes that are not void, or, with a vector, those of them that it does not cover. */
  beyond(vector: ReadonlyMap<string, number> = new Map()): Entry[] {
    return [...this.#origins].flatMap(([node, entries]) => {
      const time = vector.get(node) ?? -1;
      return entries.slice(placeOf(entries, time + 1));
    });
  }

  /** All transactions that have changes which are not void, with these changes. */
  transactions(): Transaction[] {
    return [...this.#origins].flatMap(([node, entries]) => {
      const found: Transaction[] = [];
      for (const { time, change } of entries) {
        const last = found.at(-1);
        if (last?.time === time) last.changes.push(change);
        else found.push({ time, node, changes: [change] });
      }
      return found;
    });
  }

  /**
   * Applies a change at the place of its stamp, unless it was applied before or a later write makes
   * it void.
   *
   * @returns the changes that it makes void; null if it was not applied
   */
  insert(entry: Entry): Entry[] | null {
    this.see(entry.time);
    const [f, key] = entry.change;
    const entries = this.#entries.get(key) ?? [];
    let at = entries.length;
    while (at > 0 && compareStamps(entries[at - 1]!, entry) > 0) at--;
    const before = entries[at - 1];
    if (before !== undefined && compareStamps(before, entry) === 0) return null;
    if (at === 0 && entries[0]?.change[0] === "w") return null;
    const dead = f === "w" && at > 0 ? entries.splice(0, at) : [];
    put(entries, at - dead.length, entry);
    if (entries.length === 1) this.#entries.set(key, entries);
    for (const old of dead) this.#forget(old);
    const { node, time } = entry;
    let origin = this.#origins.get(node);
    if (origin === undefined) this.#origins.set(node, origin = []);
    put(origin, placeOf(origin, time + 1), entry);
    return dead;
  }

  #forget(entry: Entry): void {
    const origin = this.#origins.get(entry.node)!;
    origin.splice(origin.indexOf(entry, placeOf(origin, entry.time)), 1);
  }
}

/** Inserts an entry at a position, which is mostly the end. */
function put(entries: Entry[], at: number, entry: Entry): void {
  if (at === entries.length) entries.push(entry);
  else entries.splice(at, 0, entry);
}

/** The position of the first of an origin's entries that is not before a time. */
function placeOf(entries: readonly Entry[], time: number): number {
  let low = 0, high = entries.length;
  if (high === 0 || entries[high - 1]!.time < time) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
