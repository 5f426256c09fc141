/**
 * A lock in lin-kv, with a lease and a fencing token: for nodes that must take turns.
 *
 * The lock is one key, whose value says who holds it and how often it has been taken.
 * A node takes it by compare-and-set when it is free, or when it has watched the same
 * holder for a whole lease: a holder that died, or whose release was lost, stops
 * nobody for longer. No clock is compared with another; only their rates must agree.
 *
 * A lease can end while its holder is still busy (a pause, a late message). Hence the
 * token, a number greater than that of every earlier holder (Kleppmann, "How to do
 * distributed locking"): what the lock protects must refuse writes with a lower one.
 * In a key-value store that is a compare-and-set from a value read under the lock to
 * one which carries the token.
 *
 * @module
 */
import { type Caller, ErrorCode, hasCode, Kv, type Node } from "./maelstrom.ts";
import { Patience } from "./patience.ts";

/** The part of a node that a lock uses. */
export type LockNode =
  & Caller
  & Pick<Node<Record<never, never>>, "now" | "after">;

/** The right to do something for a while. */
export interface Lease {
  /** Greater than that of every earlier lease of this lock: 1, 2, 3, ... */
  token: number;
  /** When others may take the lock, by the node's own clock, in milliseconds. */
  expiresAt: number;
}

/** What the lock's key holds. */
type LockRecord = {
  /** Of the last lease. */
  token: number;
  /** Who has it: a name for one acquisition, never used again. Null when the lock is free. */
  holder: string | null;
};

/** How long a lock is given, and how often it is asked for. */
export interface LockOptions {
  /** Milliseconds after which others may take the lock from a holder; 2000 if not given. It should be several round trips. */
  leaseMs?: number;
  /** The longest pause between two looks at a lock that is held, in milliseconds; 50 if not given. */
  pollMs?: number;
}

/** A lock by the name of its key. */
export class Lock {
  readonly #node: LockNode;
  readonly #key: string;
  readonly #patience: Patience;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  /** Ends when the last of this node's own tasks has released the lock. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(node: LockNode, key: string, options: LockOptions = {}) {
    this.#node = node;
    this.#key = key;
    this.#patience = new Patience(node);
    this.#leaseMs = options.leaseMs ?? 2_000;
    this.#pollMs = options.pollMs ?? 50;
  }

  /**
   * Runs a task under the lock, after those that this node began before. The task
   * should end before its lease does, and must pass the token on.
   *
   * @throws what the task throws; the lock is released all the same
   */
  hold<R>(task: (lease: Lease) => Promise<R>): Promise<R> {
    const turn = this.#queue.then(async () => {
      const held = await this.#acquire();
      const result = Promise.resolve(held.lease).then(task);
      // The caller need not wait for the release, only the next task must.
      const released = result.then(() => {}, () => {})
        .then(() => this.#release(held));
      return { result, released };
    });
    this.#queue = turn.then(({ released }) => released).catch(() => {});
    return turn.then(({ result }) => result);
  }

  async #acquire(): Promise<{ lease: Lease; record: LockRecord }> {
    const holder = `${this.#node.id} ${this.#node.random()}`;
    let watched: { record: LockRecord; since: number } | null = null;
    let askedAt = 0;
    for (let tried = 0;; tried++) {
      const record = await this.#read();
      const now = this.#node.now();
      if (record.holder === holder) {
        // An earlier try succeeded, only its reply was lost: the lease began then.
        const expiresAt = askedAt + this.#leaseMs;
        return { lease: { token: record.token, expiresAt }, record };
      }
      if (watched?.record.token !== record.token) {
        watched = { record, since: now };
      }
      const expired = now - watched.since >= this.#leaseMs;
      if (record.holder !== null && !expired) {
        const pauseMs = Math.min(this.#pollMs, 2 ** tried);
        await this.#node.sleep(this.#node.random() * pauseMs);
        continue;
      }
      askedAt = now;
      const taken = { token: record.token + 1, holder };
      if (await this.#change(record, taken)) {
        const lease = { token: taken.token, expiresAt: now + this.#leaseMs };
        return { lease, record: taken };
      }
    }
  }

  async #release({ record }: { record: LockRecord }): Promise<void> {
    // If it fails, somebody has taken over: the lease had ended.
    await this.#change(record, { ...record, holder: null });
  }

  #read(): Promise<LockRecord> {
    return this.#patience.until((options) =>
      new Kv<LockRecord>(this.#node, "lin-kv", options)
        .readOr(this.#key, { token: 0, holder: null })
    );
  }

  /**
   * Whether the lock was as expected, and now is as wanted. After a lost reply the
   * repeated compare-and-set fails although the first succeeded: false then means "look".
   */
  async #change(from: LockRecord, to: LockRecord): Promise<boolean> {
    const create = from.token === 0;
    try {
      await this.#patience.until((options) =>
        new Kv<LockRecord>(this.#node, "lin-kv", options)
          .cas(this.#key, from, to, { create })
      );
      return true;
    } catch (error) {
      if (hasCode(error, ErrorCode.preconditionFailed)) return false;
      throw error;
    }
  }
}
