/** Somebody who waits for the next round. */
interface Waiting<I, O> {
  item: I;
  resolve(result: O): void;
  reject(reason: unknown): void;
}

/**
 * Work that is done for many at once: everybody who comes while a round is under way takes
 * part in the next one, which begins when it ends. So what a round finds out or does, it
 * finds out or does after all its participants have come; and however many come, there is
 * one round at a time.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Rounds } from "./rounds.ts";
 *
 * const sizes: number[] = [];
 * const rounds = new Rounds<number, number>((items) => {
 *   sizes.push(items.length);
 *   return Promise.resolve(items.map((item) => 2 * item));
 * });
 * assertEquals(await Promise.all([1, 2, 3].map((item) => rounds.join(item))), [2, 4, 6]);
 * assertEquals(sizes, [1, 2]);
 * ```
 */
export class Rounds<I, O> {
  readonly #work: (items: I[]) => Promise<O[]>;
  #waiting: Waiting<I, O>[] = [];
  #working = false;

  /**
   * @param work what a round does: it gets the items of all who take part, and gives each
   * its result, in the same order
   */
  constructor(work: (items: I[]) => Promise<O[]>) {
    this.#work = work;
  }

  /**
   * Takes part in the next round.
   *
   * @throws what the round throws, as do all who take part in it
   */
  join(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#working) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      const round = this.#waiting;
      this.#waiting = [];
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
