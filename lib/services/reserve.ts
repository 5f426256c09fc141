import type { Json } from "../node/world.ts";
import { type Caller, Kv } from "./kv.ts";
import { inTime } from "./patience.ts";

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
  /** Resolves when the first number is known. */
  readonly begun: Promise<void>;
  readonly #back = Promise.withResolvers<void>();
  /**
   * Resolves when this life knows what earlier ones had told other nodes; for the first life, once
   * it has begun.
   */
  readonly back: Promise<void> = this.#back.promise;
  readonly #kv: Kv;
  readonly #key: string;
  #limit = 0;
  #raising: Promise<void> | null = null;
  readonly #node: Caller;

  /** Begins to reserve numbers for this life of a node. */
  constructor(node: Caller) {
    this.#node = node;
    this.#kv = new Kv(node, "lin-kv");
    this.#key = `given by ${node.id}`;
    this.begun = this.#begin();
  }

  /** Notes that this life now knows what earlier ones had told other nodes. */
  comeBack(): void {
    this.#back.resolve();
  }

  /**
   * Waits for {@link back}.
   *
   * @throws {RpcError} `timeout`, if that takes longer than a client waits
   */
  whenBack(): Promise<void> {
    return inTime(this.#node, this.back);
  }

  /**
   * Runs a task that gives a number, now or as soon as that number may be given.
   *
   * @param next returns the number that the task would give now
   * @throws {RpcError} `timeout`, if lin-kv does not answer while a client waits
   */
  give<R>(next: () => number, task: () => R): R | Promise<R> {
    if (this.#allows(next())) return task();
    return inTime(this.#node, this.#giveLater(next, task));
  }

  /** Reserves a number that may come next, so that it need not wait. */
  expect(number: number): void {
    this.#allows(number);
  }

  async #giveLater<R>(next: () => number, task: () => R): Promise<R> {
    await this.begun;
    while (!this.#allows(next())) await this.#raising;
    return task();
  }

  #allows(number: number): boolean {
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
    if (!this.isLater) this.comeBack();
  }

  #raise(number: number): void {
    const to = 2 * Math.max(number, this.#limit);
    this.#raising ??= this.#change(this.#limit, to)
      .then(() => {}).finally(() => this.#raising = null);
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
