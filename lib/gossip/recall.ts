/**
 * How a starting node gets back what its earlier life had told others, where no
 * conversation (lib/gossip/conversation.ts) does that: it asks some of them for all that
 * they know, until each has answered. Its clients can wait for that, or they would miss what
 * they have seen before.
 *
 * ```ts
 * import { program } from "../maelstrom.ts";
 * import { Recall, recallProtocol } from "./recall.ts";
 * import { array, rpc, string } from "../schema.ts";
 * import { Patience } from "../services/patience.ts";
 *
 * const noteProtocol = {
 *   read: rpc({}, { notes: array(string) }),
 *   ...recallProtocol(string),
 * };
 *
 * export default program(noteProtocol, (node) => {
 *   const notes = new Set<string>();
 *   const recall = new Recall<string>(node, {
 *     patience: new Patience(node),
 *     all: () => [...notes],
 *     take: (known) => known.forEach((note) => notes.add(note)),
 *   });
 *   recall.from(node.peers);
 *   node.on("read", () => recall.catchUp.run(() => ({ notes: [...notes] })));
 * });
 * ```
 *
 * @module
 */
import { CatchUp, Life } from "./life.ts";
import type { Json } from "../node/world.ts";
import type { Node } from "../maelstrom.ts";
import type { RpcOptions } from "../node/node.ts";
import type { StandardSchema } from "../node/protocol.ts";
import { amongNodes, array, natural, rpc, type Schema } from "../schema.ts";

/** What a protocol must have for its node to recall. */
export interface RecallProtocol<T extends Json> {
  /** Gives all that is known, and the latest stamp known of the sender's life. */
  recall(request: { life: number }): { known: T[]; latest: number };
}

/** What {@link RecallProtocol} is at run time. */
export function recallProtocol<T extends Json>(item: Schema<T>): {
  recall: {
    request: StandardSchema<{ life: number }>;
    reply: StandardSchema<{ known: T[]; latest: number }>;
  };
} {
  return amongNodes({
    /** Tells its life's stamp, and gets all that is known and the latest stamp known of it. */
    recall: rpc({ life: natural }, { known: array(item), latest: natural }),
  });
}

/** The part of a node that recalls. */
export type RecallNode<T extends Json> = Pick<
  Node<RecallProtocol<T>>,
  "on" | "rpc" | "now" | "after" | "random" | "log"
>;

/** What a program tells others that recall, and takes from them. */
export interface RecallOptions<T extends Json> {
  /** Repeats a question until it is answered, as lib/services/patience.ts does. */
  patience: {
    until<R>(ask: (options: RpcOptions) => Promise<R>): Promise<R>;
  };
  /** All that is known here. */
  all(): T[];
  /** This is all that another node knows. */
  take(known: T[], src: string): void;
}

/** See the module. */
export class Recall<T extends Json> {
  /** The life of this node, and of those that have asked it. */
  readonly life: Life;
  /** Is over when all have answered that were asked, or after a second. */
  readonly catchUp: CatchUp;
  #isBack = false;
  readonly #node: RecallNode<T>;
  readonly #options: RecallOptions<T>;

  /** Answers those that recall; {@link from} asks. */
  constructor(node: RecallNode<T>, options: RecallOptions<T>) {
    this.#node = node;
    this.#options = options;
    this.life = new Life(node);
    this.catchUp = new CatchUp(node, () => this.#isBack);
    node.on("recall", ({ life }, src) => {
      this.life.meet(src, life);
      return { known: options.all(), latest: this.life.latest(src) };
    });
  }

  /** Asks these nodes for all that they know. */
  async from(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#ask(id)));
    this.#isBack = true;
    this.catchUp.look();
  }

  async #ask(id: string): Promise<void> {
    const { patience, take } = this.#options;
    const { known, latest } = await patience.until((options) =>
      this.#node.rpc(id, "recall", { life: this.life.stamp }, options)
    );
    this.life.raise(latest);
    take(known, id);
  }
}
