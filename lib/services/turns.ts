import type { Node } from "../maelstrom.ts";

/**
 * How long a winner stands back at most, in milliseconds: longer lets more others go first,
 * shorter keeps its own clients waiting for less.
 */
const STAND_BACK_MS = 250;

/** How much earlier observations of the others count for after each new one. */
const MEMORY = 0.9;

/**
 * How often others may have changed the key, on average, for a guess that they have not: less
 * guesses seldom, more is wrong too often, which costs as much as being right saves.
 */
const GUESS = 0.5;

/** The part of a node that races with others. */
export type Racer = Pick<
  Node<Record<never, never>>,
  "now" | "random" | "sleep" | "peers"
>;

/**
 * Lets nodes that race to change one key win in turn. A winner lets the others go first, or it
 * might win for ever: its next race begins after a random part of the time that the others
 * would need for one each. A node that races alone does not wait.
 *
 * ```ts
 * import type { Node } from "../maelstrom.ts";
 * import { Kv } from "./kv.ts";
 * import { Turns } from "./turns.ts";
 *
 * function counting(node: Node<Record<never, never>>): () => Promise<number> {
 *   const kv = new Kv<number>(node, "lin-kv");
 *   const turns = new Turns(node);
 *   let count = 0;
 *   return async () => {
 *     await turns.next();
 *     return await turns.race(async () => {
 *       for (let isNewest = turns.isQuiet;; isNewest = false) {
 *         const known = isNewest ? count : await kv.read("count") ?? 0;
 *         if (!isNewest) turns.saw(known - count);
 *         const next = count = known + 1;
 *         if (!await kv.cas("count", known || null, next)) continue;
 *         turns.saw(0);
 *         return next;
 *       }
 *     });
 *   };
 * }
 * ```
 */
export class Turns {
  readonly #node: Racer;
  /** Ends when this node may race again. */
  #standing: Promise<void> = Promise.resolve();
  /** Whether others have changed the key since the last race. */
  #isAlone = true;
  /** How often others have changed it, in how long, and when this node knew that last. */
  #changes = 0;
  #ms = 0;
  #sawAt: number;

  /** The turns of a node. */
  constructor(node: Racer) {
    this.#node = node;
    this.#sawAt = node.now();
  }

  /**
   * Waits for this node's turn, and for whatever comes at this moment: clients that were answered
   * together ask together. What comes meanwhile may take part in the next race.
   */
  async next(): Promise<void> {
    await Promise.all([this.#standing, this.#node.sleep(0)]);
  }

  /** Races, to the end. Call {@link next} before: one race after another. */
  async race<R>(run: () => Promise<R>): Promise<R> {
    const begun = this.#node.now();
    const result = await run();
    if (!this.#isAlone) {
      const othersMs = (this.#node.now() - begun) * this.#node.peers.length;
      const standMs = this.#node.random() * Math.min(othersMs, STAND_BACK_MS);
      this.#standing = this.#node.sleep(standMs);
    }
    this.#isAlone = true;
    return result;
  }

  /** This node knows what the key holds, and that others have changed it so often since it knew that last. */
  saw(changes: number): void {
    const now = this.#node.now();
    this.#changes = MEMORY * this.#changes + changes;
    this.#ms = MEMORY * this.#ms + now - this.#sawAt;
    this.#sawAt = now;
    if (changes > 0) this.#isAlone = false;
  }

  /** Whether the others have probably not changed the key since this node knew what it holds. */
  get isQuiet(): boolean {
    const sinceMs = this.#node.now() - this.#sawAt;
    return sinceMs * this.#changes < GUESS * this.#ms;
  }
}
