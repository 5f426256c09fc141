import type { Body, Json } from "../node/world.ts";
import { ErrorCode, type Node, RpcError } from "../maelstrom.ts";
import { type Asker, Patience } from "./patience.ts";

/** The part of a node that talks to services. */
export type Caller = Asker & Pick<Node<Record<never, never>>, "id" | "call">;

/** The errors that are answers, to a read and to a change. */
const NO_KEY = [ErrorCode.keyDoesNotExist];
const OTHER = [ErrorCode.keyDoesNotExist, ErrorCode.preconditionFailed];

/** The names of Maelstrom's key-value stores. */
export type KvService = "lin-kv" | "seq-kv" | "lww-kv";

/**
 * One of Maelstrom's key-value stores, which is asked until it answers, with no limit of time; for
 * clients that wait, see `inTime` and `Rounds`.
 *
 * - `lin-kv` is linearizable.
 * - `seq-kv` is sequential: a read may show any state since the last one that this node saw. Only a
 *   request that really changes the store, such as {@link sync}, brings its caller up to date.
 * - `lww-kv` is two stores that never agree: if a key was written once, only half of all reads ever
 *   find it. {@link cas} creates no key there.
 *
 * A repeated request may take effect twice, and a copy may arrive late. That is harmless for a
 * read, for a barrier, and for a change whose values never recur, which the caller must ensure. A
 * late copy of a plain {@link write} may undo a later one.
 *
 * ```ts
 * import type { Node } from "../maelstrom.ts";
 * import { Kv } from "./kv.ts";
 *
 * async function claim(node: Node<Record<never, never>>): Promise<string> {
 *   const kv = new Kv<string>(node, "lin-kv");
 *   await kv.cas("leader", null, node.id);
 *   return await kv.read("leader") ?? "nobody"; // whoever was first
 * }
 * ```
 */
export class Kv<V extends Json = Json> {
  readonly #patience: Patience;
  readonly #node: Caller;
  /** The store's name. */
  readonly service: KvService;

  /** A store, as a node reaches it. */
  constructor(node: Caller, service: KvService) {
    this.#node = node;
    this.service = service;
    this.#patience = new Patience(node);
  }

  /** How long the quickest answer took, in milliseconds; infinite until there is one. */
  get leastMs(): number {
    return this.#patience.leastMs;
  }

  /** The value of a key, null if it has none. */
  async read(key: string): Promise<V | null> {
    try {
      return (await this.#ask({ type: "read", key }, NO_KEY)).value as V;
    } catch (error) {
      if (error instanceof RpcError) return null;
      throw error;
    }
  }

  /** Sets a key. */
  async write(key: string, value: V): Promise<void> {
    await this.#ask({ type: "write", key, value });
  }

  /**
   * Compare-and-set: sets a key to `to` if it is `from`, or if it is absent and `from` is null.
   *
   * @returns whether it was `from`; false may also mean that an earlier try, whose answer was lost,
   *   changed it: read the key if it matters who did
   */
  async cas(key: string, from: V | null, to: V): Promise<boolean> {
    const create = from === null ? { create_if_not_exists: true } : {};
    try {
      await this.#ask({ type: "cas", key, from, to, ...create }, OTHER);
      return true;
    } catch (error) {
      if (error instanceof RpcError) return false;
      throw error;
    }
  }

  /**
   * A read barrier for seq-kv: what this node reads afterwards is at least as new as the store was
   * when `sync` was called. It writes a value never used before, since a request that changes the
   * store is executed on the newest state.
   */
  async sync(): Promise<void> {
    const value = `${this.#node.random()} ${this.#node.random()}`;
    await this.#ask({ type: "write", key: `sync ${this.#node.id}`, value });
  }

  /** @throws {RpcError} only errors that are answers */
  #ask(body: Body, answers: readonly number[] = []): Promise<Body> {
    return this.#patience.until(
      (options) => this.#node.call(this.service, body, options),
      answers,
    );
  }
}
