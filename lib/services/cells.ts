import type { Json } from "../node/world.ts";
import type { Key } from "../protocols.ts";
import { type Caller, Kv } from "./kv.ts";

/** A value, and the version of the database that gave it. */
export type Cell = { version: number; value: Json };

/**
 * The keys of a database in lin-kv, one cell each, with the version of the database that set
 * it. Versions only rise: a cell is never set from an earlier version, so any number of nodes
 * may write cells at any time, however late.
 *
 * Cells are cached until {@link forget}: the caller must know when others may have changed
 * one.
 */
export class Cells {
  readonly #kv: Kv<Cell>;
  readonly #known = new Map<Key, Cell | null>();

  /** The cells, reached by way of a node. */
  constructor(node: Caller) {
    this.#kv = new Kv(node, "lin-kv");
  }

  /** A key's cell, null if it has none, undefined if that is not known. */
  known(key: Key): Cell | null | undefined {
    return this.#known.get(key);
  }

  /** Takes a cell for known, null for none. */
  learn(key: Key, cell: Cell | null): void {
    this.#known.set(key, cell);
  }

  /** Forgets what was known. */
  forget(): void {
    this.#known.clear();
  }

  /** Makes cells known. */
  async load(keys: Iterable<Key>): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.#known.has(key));
    await Promise.all(missing.map(async (key) => {
      this.#known.set(key, await this.#kv.read(nameOf(key)));
    }));
  }

  /** Sets a key unless it has been set from a later version; returns what it then holds. */
  async put(key: Key, next: Cell): Promise<Cell> {
    let current = this.#known.has(key)
      ? this.#known.get(key)!
      : await this.#kv.read(nameOf(key));
    while (current === null || current.version < next.version) {
      if (await this.#kv.cas(nameOf(key), current, next)) return next;
      current = await this.#kv.read(nameOf(key));
    }
    return current;
  }
}

/** Under what a key is stored: numbers and texts apart, and apart from all else there. */
function nameOf(key: Key): string {
  return `key ${JSON.stringify(key)}`;
}
