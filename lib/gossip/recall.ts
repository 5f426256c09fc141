/**
 * How a starting node gets back what its earlier life had told others, where no
 * conversation (lib/gossip/conversation.ts) does that: it asks some of them for all that
 * they know, until each has answered; after the first try only those that it can hear. Its clients
 * can wait for that, or they would miss what they have seen before.
 *
 * Late messages of an earlier life must not pass for what the present one knows. Its stamp may
 * even be lower than theirs, if the clock was set back. So a node that meets another life of
 * its peer tells it so, and the peer takes a higher stamp if it must, and asks again: what came
 * before its question is in the answer, and what comes after it is over ({@link Recall.accepts}).
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
import { CatchUp, Life, type Meeting } from "./life.ts";
import type { Json } from "../node/world.ts";
import { ErrorCode, type Node, RpcError } from "../maelstrom.ts";
import type { RpcOptions } from "../node/node.ts";
import type { StandardSchema } from "../node/protocol.ts";
import { amongNodes, array, natural, rpc, type Schema } from "../schema.ts";

/** What a protocol must have for its node to recall. */
export interface RecallProtocol<T extends Json> {
  /** Gives all that is known, the latest stamp known of the sender's life, and the receiver's own. */
  recall(
    request: { life: number },
  ): { known: T[]; latest: number; life: number };
  /** A ping: the answer shows that its receiver can be heard. */
  hear(request: Record<never, never>): Record<never, never>;
  /** Has the receiver ask again: the latest life known of it is not the one that was known before. */
  remember(request: { latest: number }): Record<never, never>;
}

/** What {@link RecallProtocol} is at run time. */
export function recallProtocol<T extends Json>(item: Schema<T>): {
  recall: {
    request: StandardSchema<{ life: number }>;
    reply: StandardSchema<{ known: T[]; latest: number; life: number }>;
  };
  hear: {
    request: StandardSchema<Record<never, never>>;
    reply: StandardSchema<Record<never, never>>;
  };
  remember: {
    request: StandardSchema<{ latest: number }>;
    reply: StandardSchema<Record<never, never>>;
  };
} {
  return amongNodes({
    /** Tells its life's stamp, and gets all that is known, the latest stamp known of it, and the other's. */
    recall: rpc(
      { life: natural },
      { known: array(item), latest: natural, life: natural },
    ),
    /** A ping: the answer shows that its receiver can be heard. */
    hear: rpc({}, {}),
    /** Tells the latest stamp known of the receiver's life: it asks again. */
    remember: rpc({ latest: natural }, {}),
  });
}

/** Refuses a message that is not accepted ({@link Recall.accepts}): like a timeout, it asks for another try. */
export function refusal(): RpcError {
  return new RpcError(ErrorCode.timeout, "a later life of yours is known");
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
    until<R>(
      ask: (options: RpcOptions, isAgain: boolean) => Promise<R>,
    ): Promise<R>;
  };
  /** All that is known here. */
  all(): T[];
  /** This is all that another node knows. */
  take(known: T[], src: string): void;
}

/** What a node has to recall, and what it tells others that do. */
export class Recall<T extends Json> {
  /** The life of this node, and of those that have asked it. */
  readonly life: Life;
  /** Is over when all have answered that were asked, or after a second. */
  readonly catchUp: CatchUp;
  #isBack = false;
  /** By peer, the latest life that it was told of. */
  readonly #told = new Map<string, number>();
  readonly #node: RecallNode<T>;
  readonly #options: RecallOptions<T>;

  /** Answers those that recall; {@link from} asks. */
  constructor(node: RecallNode<T>, options: RecallOptions<T>) {
    this.#node = node;
    this.#options = options;
    this.life = new Life(node);
    this.catchUp = new CatchUp(node, () => this.#isBack);
    node.on("recall", ({ life }, src) => {
      this.#meet(src, life);
      const latest = this.life.latest(src);
      return { known: options.all(), latest, life: this.life.stamp };
    });
    node.on("hear", () => ({}));
    node.on("remember", ({ latest }, src) => {
      this.life.raise(latest);
      this.#ask(src);
      return {};
    });
  }

  /**
   * Whether to take in a message of a life. Not if that life is over, and then it must not be
   * acknowledged either: if the clock was set back it is the present one, which will say it again
   * under a higher stamp. What an earlier life told nobody, the next one does not know either.
   */
  accepts(src: string, life: number): boolean {
    return this.#meet(src, life) !== "over";
  }

  /** Asks these nodes for all that they know. */
  async from(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#ask(id)));
    this.#isBack = true;
    this.catchUp.look();
  }

  async #ask(id: string): Promise<void> {
    const { patience, take } = this.#options;
    const node = this.#node;
    let answer: ReturnType<RecallProtocol<T>["recall"]> | undefined;
    const { known, latest, life } = await patience.until(
      async (options, isAgain) => {
        // What is known may be much: it is not told again and again to a node that cannot hear.
        if (isAgain) await node.rpc(id, "hear", {}, options);
        const request = { life: this.life.stamp };
        return answer ??= await node.rpc(id, "recall", request, options);
      },
    );
    take(known, id);
    this.#meet(id, life);
    this.life.raise(latest);
    // As long as the peer does not know this life, what an earlier one said may come and count.
    if (latest !== this.life.stamp) await this.#ask(id);
  }

  /** A life of a peer has spoken: the peer is told if that is another than before. */
  #meet(src: string, life: number): Meeting {
    const meeting = this.life.meet(src, life);
    if (meeting === "next" || meeting === "over") this.#remind(src);
    return meeting;
  }

  /** Tells a peer the latest life known of it, once. */
  #remind(id: string): void {
    const latest = this.life.latest(id);
    if (this.#told.get(id) === latest) return;
    this.#told.set(id, latest);
    this.#options.patience.until((options) =>
      this.#node.rpc(id, "remember", { latest }, options)
    );
  }
}
