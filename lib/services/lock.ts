/**
 * A lock in lin-kv that guards a value, with leases and fencing tokens, for nodes that must take
 * turns to change something.
 *
 * One key stores the holder, how often the lock has been taken, and the value. A node takes the
 * lock by compare-and-set when it is free, or when it has seen the same holder for a whole lease: a
 * holder that died, or whose messages are lost, blocks others no longer than that. Clocks are never
 * compared; only their rates must agree.
 *
 * A lease can expire while its holder is still busy, because of a pause or a late message. That
 * holder must not change anything any more (Kleppmann, "How to do distributed locking"). It cannot
 * change the value, since change and release are one compare-and-set, and the next holder has
 * changed what it compares with. For anything else that the lock protects, each lease has a token,
 * a number higher than those of all earlier leases: what has a higher token must not be changed.
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
  /** 1, 2, 3, ...: greater than the tokens of all earlier leases of this lock. */
  token: number;
  /** What the lock guards. */
  value: V;
}

/**
 * Others have taken the lock, after this lease expired or after it was released. It is not known
 * which, nor whether the task's value was written. If it was not, it never will be.
 */
export class LeaseLost extends Error {
  /** `"LeaseLost"` */
  override name = "LeaseLost";
}

/** How long a lease is, and how often the lock is asked for. */
export interface LockOptions {
  /**
   * After how many milliseconds others may take the lock from a holder; 2000 if not given. A dead
   * holder blocks them for this long, and a task must be done by then.
   */
  leaseMs?: number;
  /**
   * The longest pause between two looks at a lock that is held, in milliseconds; 50 if not
   * given.
   */
  pollMs?: number;
  /**
   * Whether to take the lock again without reading it first; false if not given. This saves a round
   * trip if no other node has taken it meanwhile, and costs one if some node has.
   */
  eager?: boolean;
}

/** What the lock's key holds. */
type LockRecord<V extends Json> = {
  /** The token of the last lease. */
  token: number;
  /** Who has the lock, a name for one lease that is never used again; null when the lock is free. */
  holder: string | null;
  value: V;
};

/**
 * How many leases in a row a node takes without reading the lock. More saves round trips; fewer
 * lets others have their turn, as they see the lock free only between a release and the next lease.
 */
const EAGER_LEASES = 4;

/** A lock, which the name of its key identifies. */
export class Lock<V extends Json> {
  readonly #node: LockNode;
  readonly #kv: Kv<LockRecord<V>>;
  readonly #key: string;
  readonly #initial: V;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #eager: boolean;
  /** The lock as this node left it, if it is to be taken without reading it. */
  #left: LockRecord<V> | null = null;
  /** How many leases in a row were taken in this way. */
  #taken = 0;
  /** Ends when the last of this node's own tasks has released the lock. */
  #queue: Promise<unknown> = Promise.resolve();

  /** A lock, as a node reaches it. */
  constructor(
    node: LockNode,
    key: string,
    /** The value before any node has held the lock. */
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

  /** Reads the value without taking the lock: linearizable. */
  async look(): Promise<V> {
    const record = await this.#read();
    return record === null ? this.#initial : record.value;
  }

  /**
   * Runs a task under the lock, after all earlier tasks of this node; then writes the task's value,
   * releases the lock, and returns the task's result.
   *
   * @throws {LeaseLost} it is not known whether the value was written; from now on it will not be
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
      // A node asks for the lock only while it does not hold it, so this holder is an earlier life
      // of it.
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
