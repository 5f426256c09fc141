/**
 * Logs in the style of Kafka: the two things every node for them keeps, messages and
 * committed offsets.
 *
 * @module
 */
import type { Json } from "../maelstrom.ts";
import type { Entries, Entry, Offsets } from "../protocols.ts";
import { dictOf, entriesOf } from "../schema.ts";

/**
 * Logs without holes: the offsets of each key are 0, 1, 2, ...
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DenseLogs } from "./logs.ts";
 *
 * const logs = new DenseLogs();
 * logs.append("k", "a");
 * assertEquals(logs.append("k", "b"), 1);
 * assertEquals(logs.from({ k: 1, other: 0 }), { k: [[1, "b"]] });
 * ```
 */
export class DenseLogs {
  readonly #logs = new Map<string, Json[]>();

  /** How many messages a key has. */
  size(key: string): number {
    return this.#logs.get(key)?.length ?? 0;
  }

  /** Adds a message and gives its offset. */
  append(key: string, msg: Json): number {
    const log = this.#logs.get(key) ?? [];
    this.#logs.set(key, log);
    return log.push(msg) - 1;
  }

  /** All messages from these offsets on, without the keys that have none. */
  from(offsets: Offsets): Entries {
    const found: [string, Entry[]][] = [];
    for (const [key, offset] of entriesOf(offsets)) {
      const start = Math.max(0, offset);
      const msgs = this.#logs.get(key)?.slice(start) ?? [];
      if (msgs.length === 0) continue;
      found.push([key, msgs.map((msg, i): Entry => [start + i, msg])]);
    }
    return dictOf(found);
  }
}

/** Committed offsets: of all that were ever committed of a key, the highest. */
export class CommittedOffsets {
  readonly #offsets = new Map<string, number>();

  /**
   * Commits offsets, but none above its log's last.
   *
   * @param last the offset of a key's last message, -1 where there is none
   * @returns those that are news
   */
  raise(offsets: Offsets, last: (key: string) => number): Offsets {
    const risen: [string, number][] = [];
    for (const [key, asked] of entriesOf(offsets)) {
      const offset = Math.min(asked, last(key));
      if (offset <= (this.#offsets.get(key) ?? -1)) continue;
      this.#offsets.set(key, offset);
      risen.push([key, offset]);
    }
    return dictOf(risen);
  }

  /** The committed offsets of these keys, without those that were never committed. */
  of(keys: string[]): Offsets {
    const found: [string, number][] = [];
    for (const key of keys) {
      const offset = this.#offsets.get(key);
      if (offset !== undefined) found.push([key, offset]);
    }
    return dictOf(found);
  }
}

/** Something that changes logs: a message is sent, or offsets are committed. */
export type Change = { key: string; msg: Json } | { commit: Offsets };

/** Logs and committed offsets as a state machine: the same changes in the same order make the same of it on every node. */
export class LogMachine {
  readonly #logs = new DenseLogs();
  readonly #committed = new CommittedOffsets();

  /** Makes changes; gives the offset of each message, and -1 for a commit. */
  apply(changes: readonly Change[]): number[] {
    return changes.map((change) => {
      if ("key" in change) return this.#logs.append(change.key, change.msg);
      this.#committed.raise(change.commit, (key) => this.#logs.size(key) - 1);
      return -1;
    });
  }

  /** All messages from these offsets on, without the keys that have none. */
  from(offsets: Offsets): Entries {
    return this.#logs.from(offsets);
  }

  /** The committed offsets of these keys, without those that were never committed. */
  committed(keys: string[]): Offsets {
    return this.#committed.of(keys);
  }

  /** A change that commits what of this is not committed; null if all of it is, as it then will ever be. */
  commitOf(offsets: Offsets): Change | null {
    const asked = entriesOf(offsets);
    const known = new Map(
      entriesOf(this.committed(asked.map(([key]) => key))),
    );
    const news = asked.filter(([key, offset]) =>
      offset > (known.get(key) ?? -1)
    );
    return news.length === 0 ? null : { commit: dictOf(news) };
  }
}
