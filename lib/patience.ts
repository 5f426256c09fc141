/**
 * How long to wait for a service before asking again: learnt, not guessed.
 *
 * @module
 */
import { ErrorCode, hasCode, type Node, type RpcOptions } from "./maelstrom.ts";

/** The shortest wait, and the first, in milliseconds: a lost message costs this much. */
const LEAST_MS = 500;

/** The longest wait, in milliseconds: clients give up after five seconds anyway. */
const MOST_MS = 4_000;

/**
 * Repeats calls that may be repeated. The time each is given doubles when it was too
 * short and shrinks to three times what the last answer took, so that lost messages are
 * soon asked for again on a fast network, and a slow one is not taken for a broken one.
 *
 * ```ts
 * import { Kv, type Node } from "./maelstrom.ts";
 * import { Patience } from "./patience.ts";
 *
 * async function limit(node: Node<Record<never, never>>): Promise<number> {
 *   const patience = new Patience(node);
 *   return await patience.until((options) =>
 *     new Kv<number>(node, "lin-kv", options).readOr("limit", 0)
 *   );
 * }
 * ```
 */
export class Patience {
  #timeoutMs = LEAST_MS;

  constructor(private readonly node: Pick<Node<Record<never, never>>, "now">) {}

  /**
   * Calls `attempt`, which must be idempotent, until it is answered.
   *
   * @throws any error but a timeout; there is no end while there is no answer
   */
  async until<T>(attempt: (options: RpcOptions) => Promise<T>): Promise<T> {
    for (;;) {
      const timeoutMs = this.#timeoutMs;
      const begun = this.node.now();
      try {
        const answer = await attempt({ timeoutMs });
        this.#learn(this.node.now() - begun);
        return answer;
      } catch (error) {
        if (!hasCode(error, ErrorCode.timeout)) throw error;
        this.#timeoutMs = Math.min(
          MOST_MS,
          Math.max(this.#timeoutMs, 2 * timeoutMs),
        );
      }
    }
  }

  #learn(tookMs: number): void {
    this.#timeoutMs = Math.min(MOST_MS, Math.max(LEAST_MS, 3 * tookMs));
  }
}
