/**
 * Logs in the style of Kafka: the messages and committed offsets that a node keeps, and a state
 * machine for nodes that agree on one order of changes.
 *
 * @module
 */
import type { Json } from "../node/world.ts";
import { type Node, RpcError } from "../maelstrom.ts";
import {
  dictOf,
  type Entries,
  type Entry,
  isEmpty,
  type KafkaProtocol,
  mapDict,
  type Offsets,
} from "../protocols.ts";
import { maySucceed } from "../services/patience.ts";
import { Rounds } from "../services/rounds.ts";

/**
 * Logs without holes: the offsets of each key are 0, 1, 2, ..., except where the caller asks for a
 * hole.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dictOf, entriesOf } from "../schema.ts";
 * import { DenseLogs } from "./logs.ts";
 *
 * const logs = new DenseLogs();
 * logs.append("k", "a");
 * assertEquals(logs.append("k", "b"), 1);
 * const found = logs.from(dictOf([["k", 1], ["other", 0]]));
 * assertEquals(entriesOf(found), [["k", [[1, "b"]]]]);
 * assertEquals(logs.append("k", "c", 7), 7);
 * ```
 */
export class DenseLogs {
  readonly #logs = new Map<string, Entry[]>();

  /** The keys that have messages. */
  get keys(): string[] {
    return [...this.#logs.keys()];
  }

  /** The offset after a key's last message, which is the number of its messages if there are no holes. */
  size(key: string): number {
    const last = this.#logs.get(key)?.at(-1);
    return last === undefined ? 0 : last[0] + 1;
  }

  /** Adds a message, at this offset or a higher one, and returns its offset. */
  append(key: string, msg: Json, least = 0): number {
    const offset = Math.max(this.size(key), least);
    this.#logOf(key).push([offset, msg]);
    return offset;
  }

  /**
   * Adds those entries, given in the order of their offsets, that are after the last one here;
   * returns them.
   */
  add(key: string, entries: readonly Entry[]): Entry[] {
    const size = this.size(key);
    const missing = entries.filter(([offset]) => offset >= size);
    if (missing.length === 0) return missing;
    const log = this.#logOf(key);
    for (const entry of missing) log.push(entry);
    return missing;
  }

  /** All messages from these offsets on, without the keys that have none. */
  from(offsets: Offsets): Entries {
    return mapDict(offsets, (offset, key) => {
      const log = this.#logs.get(key) ?? [];
      const entries = log.slice(placeOf(log, offset));
      return entries.length > 0 ? entries : undefined;
    });
  }

  #logOf(key: string): Entry[] {
    const log = this.#logs.get(key) ?? [];
    if (log.length === 0) this.#logs.set(key, log);
    return log;
  }
}

/** The position of the first entry with at least this offset. */
export function placeOf(log: readonly Entry[], offset: number): number {
  let low = 0, high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (log[middle]![0] < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Committed offsets: for each key, the highest that was ever committed. */
export class CommittedOffsets {
  readonly #offsets = new Map<string, number>();

  /**
   * Commits offsets, but none above the last of its log.
   *
   * @param last the offset of a key's last message, -1 if there is none
   * @returns the committed offsets that have risen
   */
  raise(offsets: Offsets, last: (key: string) => number): Offsets {
    return mapDict(offsets, (asked, key) => {
      const offset = Math.min(asked, last(key));
      if (offset <= (this.get(key) ?? -1)) return undefined;
      this.#offsets.set(key, offset);
      return offset;
    });
  }

  /** A key's committed offset. */
  get(key: string): number | undefined {
    return this.#offsets.get(key);
  }

  /** All committed offsets. */
  get all(): Offsets {
    return dictOf(this.#offsets);
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

/** A change of logs: a message that is sent, or offsets that are committed. */
export type Change = { key: string; msg: Json } | { commit: Offsets };

/**
 * Logs and committed offsets as a state machine: the same changes in the same order give the same
 * logs on all nodes.
 */
export class LogMachine {
  readonly #logs = new DenseLogs();
  readonly #committed = new CommittedOffsets();

  /** Applies changes; returns the offset of each message, and -1 for a commit. */
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

  /** The change that commits these offsets, except those that are committed already; null if all are. */
  commitOf(offsets: Offsets): Change | null {
    const commit = mapDict(
      offsets,
      (offset, key) =>
        offset > (this.#committed.get(key) ?? -1) ? offset : undefined,
    );
    return isEmpty(commit) ? null : { commit };
  }
}

/** How nodes agree on the order of a log. */
export interface Agreement {
  /**
   * Appends changes, and applies everything up to them on this node; returns the offset of each
   * message, and -1 for a commit.
   */
  append(changes: Change[]): Promise<number[]>;
  /** Brings this node up to date with everything appended before. */
  catchUp(): Promise<unknown>;
  /** What to wait for before that; requests that arrive meanwhile take part in it. */
  ready?(): Promise<void>;
}

/**
 * Answers the clients of a log that every node builds from the same changes in the same order,
 * after agreement on them. Requests that arrive while one append, or one look at the log, is under
 * way share the next one: linearizable.
 */
export function serveLog(
  node: Node<KafkaProtocol>,
  logs: LogMachine,
  { append, catchUp, ready }: Agreement,
): void {
  /** Rounds for requests, each of which has a change to append, or null for none. */
  const rounds = new Rounds(node, async (round: (Change | null)[]) => {
    const changes = round.filter((change) => change !== null);
    if (changes.length === 0) await catchUp();
    const offsets = changes.length > 0 ? await append(changes) : [];
    return round.map((change) => change === null ? -1 : offsets.shift()!);
  }, ready);

  node.on("send", async ({ key, msg }) => ({
    offset: await rounds.join({ key, msg }),
  }));

  node.on("poll", async ({ offsets }) => {
    await rounds.join(null);
    return { msgs: logs.from(offsets) };
  });

  node.on("commit_offsets", async ({ offsets }) => {
    const commit = logs.commitOf(offsets);
    if (commit === null) return {};
    // Maelstrom's client commits as a part of its poll, and takes that for not done, messages and
    // all, if the commit is refused for certain.
    await rounds.join(commit).catch((error) => {
      throw error instanceof RpcError ? maySucceed() : error;
    });
    return {};
  });

  node.on("list_committed_offsets", async ({ keys }) => {
    await rounds.join(null);
    return { offsets: logs.committed(keys) };
  });
}
