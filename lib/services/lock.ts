/**
 * A lock in lin-kv that guards a value, with leases and fencing tokens: for nodes that must
 * take turns at changing something.
 *
 * One key holds the holder, how often the lock has been taken, and the value. A node takes
 * the lock by compare-and-set when it is free, or when it has watched the same holder for a
 * whole lease: a holder that died, or whose messages are lost, blocks others no longer than
 * that. Clocks are never compared; only their rates must agree.
 *
 * A lease can expire while its holder is still busy: a pause, a late message. That holder must
 * not change anything any more (Kleppmann, "How to do distributed locking"). It cannot change
 * the value, since change and release are one compare-and-set, and the next holder has changed
 * what it compares with. For anything else that the lock protects, each lease has a token, a
 * number higher than those of all earlier leases: what bears a higher token must be left alone.
 *
 * ```ts
 * import { type Node } from "../maelstrom.ts";
 * import { Lock } from "./lock.ts";
 *
 * export default function tickets(
 *   node: Node<{ draw(): { ticket: number } }>,
 * ): void {
 *   const lock = new Lock<number>(node, "tickets", 0);
 *   node.on("draw", async () => {
 *     const ticket = await lock.hold(({ value }) =>
 *       Promise.resolve({ value: value + 1, result: value })
 *     );
 *     return { ticket };
 *   });
 * }
 * ```
 *
 * @module
 */
import type { Json } from "../node/world.ts";
import type { Node } from "../maelstrom.ts";
import { type Caller, Kv } from "./kv.ts";

/** The part of a node that a lock uses. */
export type LockNode = Caller & Pick<Node<Record<never, never>>, "sleep">;

/** The right to change the value, for a while. */
export interface Lease<V extends Json> {
  /** Greater than those of all earlier leases of this lock: 1, 2, 3, ... */
  token: number;
  /** What the lock guards. */
  value: V;
}

/**
 * Others have taken the lock, because this lease ended before it was released or since:
 * which of the two is not known, nor whether the task's value was written. If it was not,
 * it never will be.
 */
export class LeaseLost extends Error {
  /** `"LeaseLost"` */
  override name = "LeaseLost";
}

/** How long a lock is given, and how often it is asked for. */
export interface LockOptions {
  /**
   * Milliseconds after which others may take the lock from a holder, 2000 if not given: a
   * dead holder stops them for as long, and a task must be done by then.
   */
  leaseMs?: number;
  /**
   * The longest pause between two looks at a lock that is held, in milliseconds; 50 if not
   * given.
   */
  pollMs?: number;
  /**
   * Whether to take the lock again without looking at it first: saves a round trip if nobody
   * else has taken it meanwhile, and costs one if somebody has; false if not given.
   */
  eager?: boolean;
}

/** What the lock's key holds. */
type LockRecord<V extends Json> = {
  /** Of the last lease. */
  token: number;
  /** Who has the lock: a name for one lease, never used again. Null when it is free. */
  holder: string | null;
  value: V;
};

/**
 * How many leases in a row a node takes without a look: longer saves round trips, shorter lets
 * others have their turn, who see the lock free only between a release and the next lease.
 */
const EAGER_LEASES = 4;

/** A lock by the name of its key. */
export class Lock<V extends Json> {
  readonly #node: LockNode;
  readonly #kv: Kv<LockRecord<V>>;
  readonly #key: string;
  readonly #initial: V;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #eager: boolean;
  /** The lock as this node left it, if it should be taken without a look. */
  #left: LockRecord<V> | null = null;
  /** How many leases in a row it has taken without a look. */
  #taken = 0;
  /** Ends when the last of this node's own tasks has released the lock. */
  #queue: Promise<unknown> = Promise.resolve();

  /** A lock, reached by way of a node. */
  constructor(
    node: LockNode,
    key: string,
    /** What the value is before anybody has held the lock. */
    initial: V,
    options: LockOptions = {},
  ) {
    this.#node = node;
    this.#kv = new Kv(node, "lin-kv");
    this.#key = key;
    this.#initial = initial;
    this.#leaseMs = options.leaseMs ?? 2_000;
    this.#pollMs = options.pollMs ?? 50;
    this.#eager = options.eager ?? false;
  }

  /** The value, without the lock: linearizable. */
  async look(): Promise<V> {
    const record = await this.#read();
    return record === null ? this.#initial : record.value;
  }

  /**
   * Runs a task under the lock, after those that this node began before; then writes the
   * task's value, releases the lock, and returns the task's result.
   *
   * @throws {LeaseLost} it is not known whether the value was written, only that it will
   * not be from now on
   * @throws what the task throws; the value then stays as it was
   */
  hold<R>(
    task: (lease: Lease<V>) => Promise<{ value: V; result: R }>,
  ): Promise<R> {
    const turn = this.#queue.then(async () => {
      const held = await this.#acquire();
      try {
        const { value, result } = await task(held);
        await this.#release(held, value);
        return result;
      } catch (error) {
        if (!(error instanceof LeaseLost)) {
          await this.#release(held, held.value);
        }
        throw error;
      }
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #acquire(): Promise<LockRecord<V>> {
    const holder = `${this.#node.id} ${this.#node.random()}`;
    let watched = { token: -1, since: 0 };
    for (let tried = 0;; tried++) {
      if (this.#taken >= EAGER_LEASES) this.#left = null;
      this.#taken = this.#left === null ? 0 : this.#taken + 1;
      const record = this.#left ?? await this.#read();
      this.#left = null;
      if (record?.holder === holder) return record; // only the reply was lost
      const now = this.#node.now();
      const token = record?.token ?? 0;
      if (watched.token !== token) watched = { token, since: now };
      const expired = now - watched.since >= this.#leaseMs;
      const free = record === null || record.holder === null;
      // A node asks for the lock only while it does not have it: an earlier life of it had.
      const orphaned = record?.holder?.startsWith(`${this.#node.id} `) ?? false;
      if (free || expired || orphaned) {
        const value = record === null ? this.#initial : record.value;
        const taken = { token: token + 1, holder, value };
        if (await this.#kv.cas(this.#key, record, taken)) return taken;
      } else {
        const pauseMs = Math.min(this.#pollMs, 2 ** tried);
        await this.#node.sleep(this.#node.random() * pauseMs);
      }
    }
  }

  async #release(held: LockRecord<V>, value: V): Promise<void> {
    const free = { ...held, holder: null, value };
    if (this.#eager) this.#left = free;
    if (await this.#kv.cas(this.#key, held, free)) return;
    const now = await this.#read();
    const released = now?.token === held.token && now.holder === null;
    if (!released) throw new LeaseLost(`lease ${held.token} has ended`);
  }

  #read(): Promise<LockRecord<V> | null> {
    return this.#kv.read(this.#key);
  }
}
