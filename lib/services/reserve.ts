import type { Json } from "../node/world.ts";
import { type Caller, Kv } from "./kv.ts";
import type { RpcError } from "../maelstrom.ts";
import { inTime, maySucceed, notDone } from "./patience.ts";

/** How many numbers are reserved at first. */
const BLOCK = 4_096;

/**
 * Numbers that are never given twice, even by a node that restarts without its memory while it can
 * reach no other node. A node writes a limit to lin-kv and gives only numbers below it; its next
 * life begins at that limit. The limit is doubled before it is reached, so hardly any number has to
 * wait for it, and a restart leaves a gap no larger than what was given before.
 *
 * ```ts
 * import type { Node } from "../maelstrom.ts";
 * import { Reserve } from "./reserve.ts";
 *
 * function tickets(node: Node<Record<never, never>>): () => number | Promise<number> {
 *   const reserve = new Reserve(node);
 *   let given = 0;
 *   const next = () => Math.max(given + 1, reserve.first);
 *   return () => reserve.give(next, () => given = next());
 * }
 * ```
 */
export class Reserve {
  /** The first number that this life may give; 0 until that is known. */
  first = 0;
  /** Whether an earlier life may have given something. */
  isLater = false;
  #isBack = false;
  readonly #kv: Kv;
  readonly #key: string;
  #limit = 0;
  #isRaising = false;
  /** What clients wait for: each is run as soon as it can be. */
  readonly #waiting = new Set<() => void>();
  readonly #node: Caller;

  /**
   * Begins to reserve numbers for this life of a node.
   *
   * @param onBegin called when the first number is known, before any is given
   */
  constructor(node: Caller, onBegin: () => void = () => {}) {
    this.#node = node;
    this.#kv = new Kv(node, "lin-kv");
    this.#key = `given by ${node.id}`;
    this.#begin().then(() => {
      onBegin();
      this.#look();
    });
  }

  /** Whether this life knows what earlier ones had told other nodes; the first life does once it has begun. */
  get isBack(): boolean {
    return this.#isBack;
  }

  /** Notes that this life now knows what earlier ones had told other nodes. */
  comeBack(): void {
    this.#isBack = true;
    this.#look();
  }

  /**
   * Waits until this life {@link isBack}.
   *
   * @throws {RpcError} `timeout`, if that takes longer than a client waits
   */
  whenBack(): void | Promise<void> {
    return this.#when(() => this.#isBack, () => {}, maySucceed);
  }

  /**
   * Runs a task that gives a number, now or as soon as that number may be given.
   *
   * @param next returns the number that the task would give now, null if it must not give one yet
   * @throws {RpcError} `temporarilyUnavailable`, if that takes longer than a client waits: the task
   *   will never be run
   */
  give<R>(next: () => number | null, task: () => R): R | Promise<R> {
    return this.#when(() => this.#allows(next()), task, notDone);
  }

  /** Reserves a number that may come next, so that it need not wait. */
  expect(number: number): void {
    this.#allows(number);
  }

  #when<R>(
    isReady: () => boolean,
    task: () => R,
    giveUp: () => RpcError,
  ): R | Promise<R> {
    if (isReady()) return task();
    const { promise, resolve } = Promise.withResolvers<R>();
    const look = () => {
      if (!isReady()) return;
      this.#waiting.delete(look);
      resolve(task());
    };
    this.#waiting.add(look);
    return inTime(this.#node, promise, () => {
      this.#waiting.delete(look);
      return giveUp();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }

  #allows(number: number | null): boolean {
    if (number === null) return false;
    if (number >= this.#limit / 2 && this.#limit > 0) this.#raise(number);
    return number < this.#limit;
  }

  async #begin(): Promise<void> {
    let known = await this.#kv.read(this.#key);
    // A life that died before it had reserved any number has given none.
    this.isLater = known !== null;
    while (!await this.#change(known, numberOf(known) + BLOCK)) {
      known = await this.#kv.read(this.#key);
    }
    this.first = numberOf(known);
    if (!this.isLater) this.#isBack = true;
  }

  async #raise(number: number): Promise<void> {
    if (this.#isRaising) return;
    this.#isRaising = true;
    await this.#change(this.#limit, 2 * Math.max(number, this.#limit));
    this.#isRaising = false;
    this.#look();
  }

  /**
   * Returns whether the limit is now `to`, even if only the answer was lost, or if an earlier life
   * requested this and ended before it could use it.
   */
  async #change(from: Json, to: number): Promise<boolean> {
    const isChanged = await this.#kv.cas(this.#key, from, to) ||
      await this.#kv.read(this.#key) === to;
    if (isChanged) this.#limit = to;
    return isChanged;
  }
}

function numberOf(known: Json): number {
  return typeof known === "number" ? known : 0;
}
