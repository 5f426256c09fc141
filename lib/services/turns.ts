import type { Node } from "../maelstrom.ts";

/**
 * How long a winner stands back at most, in milliseconds: longer lets more others go first,
 * shorter has the node that has just been unlucky back sooner.
 */
const STAND_BACK_MS = 250;

/** The part of a node that races with others. */
export type Racer = Pick<
  Node<Record<never, never>>,
  "now" | "random" | "sleep" | "peers"
>;

/**
 * Lets nodes that race to change one key win in turn. Who has won lets the others go first, or
 * might win for ever: its next race begins after a random part of the time that the others
 * would need for one each. Who races alone does not wait.
 *
 * ```ts
 * import type { Node } from "../maelstrom.ts";
 * import { Kv } from "./kv.ts";
 * import { Turns } from "./turns.ts";
 *
 * function counting(node: Node<Record<never, never>>): () => Promise<number> {
 *   const kv = new Kv<number>(node, "lin-kv");
 *   const turns = new Turns(node);
 *   let last = 0;
 *   return () =>
 *     turns.race(async () => {
 *       const before = last;
 *       for (;;) {
 *         const found = await kv.read("count");
 *         const next = (found ?? 0) + 1;
 *         if (!await kv.change("count", found, next)) continue;
 *         last = next;
 *         return { result: next, isAlone: next === before + 1 };
 *       }
 *     });
 * }
 * ```
 */
export class Turns {
  readonly #node: Racer;
  /** Ends when this node may race again. */
  #standing: Promise<void> = Promise.resolve();

  /** The turns of a node. */
  constructor(node: Racer) {
    this.#node = node;
  }

  /**
   * Races, when it is this node's turn: one race after another.
   *
   * @param run a race, to its end; tells whether any other node has won since the last one
   */
  async race<R>(
    run: () => Promise<{ result: R; isAlone: boolean }>,
  ): Promise<R> {
    await this.#standing;
    const begun = this.#node.now();
    const { result, isAlone } = await run();
    if (!isAlone) {
      const othersMs = (this.#node.now() - begun) * this.#node.peers.length;
      const standMs = this.#node.random() * Math.min(othersMs, STAND_BACK_MS);
      this.#standing = this.#node.sleep(standMs);
    }
    return result;
  }
}
