/**
 * A replica's database in which every change has a stamp, so that replicas which have
 * had the same changes, in whatever order, hold the same values: last-writer-wins
 * registers, and lists in the order of stamps.
 *
 * Stamps are Lamport's ("Time, Clocks, and the Ordering of Events", 1978): a counter that
 * is raised above every stamp its node has seen, and the node's name for equal counters.
 * What a node has read is thus always stamped lower than what it writes.
 *
 * @module
 */
import type { Json } from "../maelstrom.ts";
import type { Key } from "../protocols.ts";
import { natural, object, string } from "../schema.ts";
import { type Change, change, changed } from "./transactions.ts";

/** When a change was made, in the order all replicas agree on: first by `time`, then by `node`. */
export interface Stamp {
  /** Lamport's counter, from 1. */
  time: number;
  /** Where the change was made; a node makes one transaction at each time. */
  node: string;
}

/** One change of one transaction, as it goes over the network. */
export interface Entry extends Stamp {
  change: Change;
}

/** {@link Entry} at run time. */
export const entry = object({ time: natural, node: string, change });

/** Negative when `a` is before `b`, 0 when they are the same. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.time - b.time || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0);
}

/** The changes a replica has had, by key. */
export class StampedStore {
  /** In the order of stamps. Only the first may be a write: those before a write are dead. */
  readonly #entries = new Map<Key, Entry[]>();

  /** A key's value, null for none. */
  read(key: Key): Json {
    const entries = this.#entries.get(key) ?? [];
    return entries.reduce<Json>(
      (value, { change }) => changed(value, change),
      null,
    );
  }

  /**
   * Makes a change, in the place its stamp gives it, unless it has been made before or a
   * later write makes it void.
   *
   * @returns the changes that it makes void; null if it is void itself
   */
  insert(entry: Entry): Entry[] | null {
    const [f, key] = entry.change;
    const entries = this.#entries.get(key) ?? [];
    let at = entries.length;
    while (at > 0 && compareStamps(entries[at - 1]!, entry) > 0) at--;
    const before = entries[at - 1];
    if (before !== undefined && compareStamps(before, entry) === 0) return null;
    if (at === 0 && entries[0]?.change[0] === "w") return null;
    const dead = entries.splice(0, f === "w" ? at : 0);
    entries.splice(at - dead.length, 0, entry);
    this.#entries.set(key, entries);
    return dead;
  }
}
