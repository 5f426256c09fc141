import { inTime, maySucceed, notDone, type Waiter } from "./patience.ts";

/** A request that waits for the next round. */
interface Waiting<I, O> {
  item: I;
  resolve(result: O): void;
  reject(reason: unknown): void;
}

/**
 * Work that is done for many clients at once. Requests that arrive while a round is under way take
 * part in the next one, which begins when this one ends. So whatever a round reads or does, it does
 * after all its requests have arrived; and however many arrive, there is one round at a time. A
 * request that has waited too long for a round to begin takes part in none.
 *
 * ```ts
 * import { program } from "../maelstrom.ts";
 * import { natural, rpc } from "../schema.ts";
 * import { Kv } from "./kv.ts";
 * import { Rounds } from "./rounds.ts";
 *
 * export default program({ read: rpc({}, { value: natural }) }, (node) => {
 *   const kv = new Kv<number>(node, "lin-kv");
 *   const reads = new Rounds(node, async (waiting: null[]) => {
 *     const value = await kv.read("total") ?? 0;
 *     return waiting.map(() => value); // one read for all
 *   });
 *   node.on("read", async () => ({ value: await reads.join(null) }));
 * });
 * ```
 */
export class Rounds<I, O> {
  readonly #node: Waiter;
  readonly #work: (items: I[]) => Promise<O[]>;
  readonly #ready: (() => Promise<void>) | undefined;
  #waiting: Waiting<I, O>[] = [];
  #working = false;

  /**
   * Rounds that do this work.
   *
   * @param work what a round does: it gets the items of all requests that take part, and returns
   *   their results in the same order
   * @param ready what a round waits for before it begins; requests that arrive meanwhile take part
   *   in it
   */
  constructor(
    node: Waiter,
    work: (items: I[]) => Promise<O[]>,
    ready?: () => Promise<void>,
  ) {
    this.#node = node;
    this.#work = work;
    this.#ready = ready;
  }

  /**
   * Takes part in the next round.
   *
   * @throws {RpcError} `timeout`, if that takes longer than a client waits: the work goes on and
   *   may yet succeed; `temporarilyUnavailable`, if the round has not even begun by then: the
   *   request will never take effect
   * @throws what the round throws; so do all calls that take part in it
   */
  join(item: I): Promise<O> {
    const { promise, resolve, reject } = Promise.withResolvers<O>();
    const request = { item, resolve, reject };
    this.#waiting.push(request);
    if (!this.#working) this.#run();
    return inTime(this.#node, promise, () => {
      const place = this.#waiting.indexOf(request);
      if (place === -1) return maySucceed();
      this.#waiting.splice(place, 1);
      return notDone();
    });
  }

  async #run(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      if (this.#ready) await this.#ready();
      const round = this.#waiting;
      this.#waiting = [];
      if (round.length === 0) break; // all have given up meanwhile
      try {
        const results = await this.#work(round.map(({ item }) => item));
        round.forEach(({ resolve }, i) => resolve(results[i]!));
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    this.#working = false;
  }
}
