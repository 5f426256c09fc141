import type { Node } from "../maelstrom.ts";

/**
 * How long a winner stands back at most, in milliseconds. A longer time lets more others go first;
 * a shorter one leaves more to its own clients, which wait for 4 s.
 */
const STAND_BACK_MS = 2_000;

/**
 * The least part of the others' tries that a winner stands back for. The more, the fewer races are
 * lost, and the longer its own clients wait.
 */
const LEAST = 0.75;

/** The factor for the weight of all earlier observations with each new one. */
const MEMORY = 0.9;

/**
 * The expected number of changes by others below which a node guesses that there were none. If it
 * is lower, a node rarely guesses; if higher, it is wrong too often, which costs as much as a right
 * guess saves.
 */
const GUESS = 0.5;

/** The part of a node that races with others. */
export type Racer = Pick<
  Node<Record<never, never>>,
  "now" | "random" | "sleep" | "peers"
>;

/**
 * Lets nodes that race to change one key win in turn. A winner knows the newest value, and is the
 * first to try again: it might win for ever, and losers leave no trace from which it could tell
 * (the capture effect of Ethernet). So it stands back for about as long as the others need for one
 * try each, judging by its own: the median of its last three, of which one may have waited for a
 * service that was silent.
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
 *     for (let isNewest = turns.isQuiet;; isNewest = false) {
 *       const known = isNewest ? count : await kv.read("count") ?? 0;
 *       if (!isNewest) turns.saw(known - count);
 *       const next = count = known + 1;
 *       if (!await kv.cas("count", known || null, next)) continue;
 *       turns.won(isNewest ? 2 : 1); // the others read before they change it
 *       return next;
 *     }
 *   };
 * }
 * ```
 */
export class Turns {
  readonly #node: Racer;
  /** Resolves when this node may race again. */
  #standing: Promise<void> = Promise.resolve();
  /** When this node's race began. */
  #begunAt = 0;
  /** How long its last three tries took, in ms. */
  #tries: number[] = [];
  /** How often others have changed the key, in how many ms, and when this node last knew its value. */
  #changes = 0;
  #ms = 0;
  #sawAt: number;

  /** The turns of a node. */
  constructor(node: Racer) {
    this.#node = node;
    this.#sawAt = node.now();
  }

  /**
   * Waits for this node's turn, and for requests that arrive at the same moment, as clients that
   * were answered together ask together. Requests that come meanwhile may take part in the race
   * that begins then.
   */
  async next(): Promise<void> {
    await Promise.all([this.#standing, this.#node.sleep(0)]);
    this.#begunAt = this.#node.now();
  }

  /** Notes that this node knows the key's value, and how often others have changed it since it last did. */
  saw(changes: number): void {
    const now = this.#node.now();
    this.#changes = MEMORY * this.#changes + changes;
    this.#ms = MEMORY * this.#ms + now - this.#sawAt;
    this.#sawAt = now;
  }

  /**
   * Notes that this node has won, that is changed the key: the others go first now.
   *
   * @param times how many times as long as this try the first of the others' takes, as they have to
   *   look for the newest value; all look at the same time
   */
  won(times = 1): void {
    const tryMs = this.#node.now() - Math.max(this.#begunAt, this.#sawAt);
    this.saw(0);
    this.#tries = [...this.#tries, tryMs].slice(-3);
    const sorted = this.#tries.toSorted((a, b) => a - b);
    const usualMs = sorted[(sorted.length - 1) >> 1]!;
    const { length: others } = this.#node.peers;
    const othersMs = others > 0 ? usualMs * (others + times - 1) : 0;
    const standMs = Math.min(
      (LEAST + this.#node.random()) * othersMs,
      STAND_BACK_MS,
    );
    this.#standing = this.#node.sleep(standMs);
  }

  /** Whether the others have probably not changed the key since this node last knew its value. */
  get isQuiet(): boolean {
    const sinceMs = this.#node.now() - this.#sawAt;
    return sinceMs * this.#changes < GUESS * this.#ms;
  }
}
