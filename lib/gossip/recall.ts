/**
 * How a starting node gets back what its earlier life had told other nodes, where no conversation
 * (lib/gossip/conversation.ts) does that. It asks some of them for all that they know, until each
 * has answered; after the first try it asks only those that answer a ping. Its clients can wait for
 * that; otherwise they would miss what they have seen before.
 *
 * Late messages of an earlier life must not count as what the present one knows. If the clock was
 * set back, the present life's stamp may even be lower than that of an earlier one. So a node that
 * meets another life of a peer tells the peer, which takes a higher stamp if it must, and asks
 * again. What the node had accepted before this question is in its answer; later messages of
 * earlier lives are not accepted ({@link Recall.accepts}).
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
  /**
   * Gives all that the receiver knows, the stamp of the sender's latest life that it knows, and its
   * own stamp.
   */
  recall(
    request: { life: number },
  ): { known: T[]; latest: number; life: number };
  /** A ping: the answer shows that its receiver can be heard. */
  hear(request: Record<never, never>): Record<never, never>;
  /** Makes the receiver ask again, because the sender has met a life of it other than the one known before. */
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
    /**
     * Gives the sender's stamp; the reply has all that is known, the sender's latest stamp known,
     * and the receiver's.
     */
    recall: rpc(
      { life: natural },
      { known: array(item), latest: natural, life: natural },
    ),
    /** A ping: the answer shows that its receiver can be heard. */
    hear: rpc({}, {}),
    /** Gives the latest stamp known of the receiver, which then asks again. */
    remember: rpc({ latest: natural }, {}),
  });
}

/**
 * The error that refuses a message that is not accepted ({@link Recall.accepts}); like a timeout,
 * it calls for another try.
 */
export function refusal(): RpcError {
  return new RpcError(ErrorCode.timeout, "a later life of yours is known");
}

/** The part of a node that recalls. */
export type RecallNode<T extends Json> = Pick<
  Node<RecallProtocol<T>>,
  "on" | "rpc" | "now" | "after" | "random" | "log"
>;

/** What a program tells nodes that recall, and takes when it recalls. */
export interface RecallOptions<T extends Json> {
  /** Repeats a question until it is answered, as lib/services/patience.ts does. */
  patience: {
    until<R>(
      ask: (options: RpcOptions, isAgain: boolean) => Promise<R>,
    ): Promise<R>;
  };
  /** All that is known here. */
  all(): T[];
  /** Takes all that another node knows. */
  take(known: T[], src: string): void;
}

/** Recalls what other nodes know, and answers those that recall. */
export class Recall<T extends Json> {
  /** The life of this node, and those of nodes that it has heard. */
  readonly life: Life;
  /** Ends when all nodes that were asked have answered, or after a second. */
  readonly catchUp: CatchUp;
  #isBack = false;
  /** By peer that is being asked, the end of that. */
  readonly #asking = new Map<string, Promise<void>>();
  /** By peer, the stamp of its latest life that it was told; and the peers that are being told. */
  readonly #told = new Map<string, number>();
  readonly #reminding = new Set<string>();
  readonly #node: RecallNode<T>;
  readonly #options: RecallOptions<T>;

  /** Answers nodes that recall; {@link from} asks them. */
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
   * Whether to accept a message of a life: not if that life is over. Then the message must not be
   * acknowledged either: if the clock was set back, it is from the present life, which will send it
   * again under a higher stamp. What an earlier life told no other node, the next one does not know
   * either.
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

  /** Asks a peer for all that it knows; once at a time, however often the peer wants to be asked. */
  #ask(id: string): Promise<void> {
    const asking = this.#asking.get(id) ??
      this.#askUntilKnown(id).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asking);
    return asking;
  }

  /** Asks until the peer knows this life: before, it may still accept late messages of an earlier one. */
  async #askUntilKnown(id: string): Promise<void> {
    const { patience, take } = this.#options;
    const node = this.#node;
    for (let isKnown = false; !isKnown;) {
      let answer: ReturnType<RecallProtocol<T>["recall"]> | undefined;
      const { known, latest, life } = await patience.until(
        async (options, isAgain) => {
          // An answer may be large, so it is not asked for again and again while none can get
          // through.
          if (isAgain) await node.rpc(id, "hear", {}, options);
          const request = { life: this.life.stamp };
          return answer ??= await node.rpc(id, "recall", request, options);
        },
      );
      take(known, id);
      this.#meet(id, life);
      this.life.raise(latest);
      isKnown = latest === this.life.stamp;
    }
  }

  /** A life of a peer has been heard; the peer is told if it is not the one known before. */
  #meet(src: string, life: number): Meeting {
    const meeting = this.life.meet(src, life);
    if (meeting === "next" || meeting === "over") this.#remind(src);
    return meeting;
  }

  /**
   * Tells a peer the stamp of its latest life known here, once. A peer that starts again and again
   * and hears nothing costs no more than one that has started once.
   */
  async #remind(id: string): Promise<void> {
    if (this.#reminding.has(id)) return;
    this.#reminding.add(id);
    while (this.#told.get(id) !== this.life.latest(id)) {
      const told = await this.#options.patience.until(async (options) => {
        const latest = this.life.latest(id);
        await this.#node.rpc(id, "remember", { latest }, options);
        return latest;
      });
      this.#told.set(id, told);
    }
    this.#reminding.delete(id);
  }
}
