import type { Caller } from "./kv.ts";
import { Patience } from "./patience.ts";

/**
 * Maelstrom's timestamp oracle, `lin-tso`, which is asked until it answers.
 *
 * ```ts
 * import type { Node } from "../maelstrom.ts";
 * import { Tso } from "./tso.ts";
 *
 * async function stamp(node: Node<Record<never, never>>): Promise<string> {
 *   return `${await new Tso(node).ts()} ${node.id}`;
 * }
 * ```
 */
export class Tso {
  readonly #patience: Patience;
  readonly #node: Caller;

  /** The oracle, as a node reaches it. */
  constructor(node: Caller) {
    this.#node = node;
    this.#patience = new Patience(node);
  }

  /**
   * An integer greater than any that was given before this call began. If a request is repeated
   * because its answer was late, one integer is wasted.
   */
  async ts(): Promise<number> {
    const { ts } = await this.#patience.until((options) =>
      this.#node.call("lin-tso", { type: "ts" }, options)
    );
    return Number(ts);
  }
}
