import type { Json } from "../node/world.ts";
import type { Key } from "../protocols.ts";
import { type Caller, Kv } from "./kv.ts";

/** A value, and the version of the database that set it. */
export type Cell = { version: number; value: Json };

/**
 * The keys of a database in lin-kv: one cell for each, with the version of the database that set
 * it. The version of a cell only rises: an earlier version never sets it, so any number of nodes
 * may write cells at any time, however late.
 *
 * Cells are cached until {@link forget}; the caller must know when others may have changed one.
 */
export class Cells {
  readonly #kv: Kv<Cell>;
  readonly #known = new Map<Key, Cell | null>();

  /** The cells, as a node reaches them. */
  constructor(node: Caller) {
    this.#kv = new Kv(node, "lin-kv");
  }

  /** A key's cell in the cache: null if the key has none, undefined if that is not known. */
  known(key: Key): Cell | null | undefined {
    return this.#known.get(key);
  }

  /** Puts a key's cell into the cache, or null if the key has none. */
  learn(key: Key, cell: Cell | null): void {
    this.#known.set(key, cell);
  }

  /** Clears the cache. */
  forget(): void {
    this.#known.clear();
  }

  /** Reads the cells of these keys that are not in the cache. */
  async load(keys: Iterable<Key>): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.#known.has(key));
    await Promise.all(missing.map(async (key) => {
      this.#known.set(key, await this.#kv.read(nameOf(key)));
    }));
  }

  /** Sets a key unless this version or a later one has set it; returns the cell that it then holds. */
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

/** The name under which a key is stored: numbers and texts differ, and differ from all other names there. */
function nameOf(key: Key): string {
  return `key ${JSON.stringify(key)}`;
}
