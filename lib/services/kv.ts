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
 * One of Maelstrom's key-value stores, asked until it answers, without end: see `inTime` and
 * `Rounds` for clients that wait.
 *
 * - `lin-kv` is linearizable.
 * - `seq-kv` is sequential: a read may be of any state since the last one this node saw.
 *   Only a request that really changes the store brings its caller up to date:
 *   {@link sync} is one.
 * - `lww-kv` is two stores that never agree: half of all reads find a key that was written
 *   once, for ever. {@link cas} creates no key there.
 *
 * A repeated request may take effect twice, and a copy may arrive late. That does no harm to
 * a read, to a barrier, or to a change whose values never recur, which the caller must
 * ensure; a late copy of a plain {@link write} may undo a later one.
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

  /** A store, reached by way of a node. */
  constructor(node: Caller, service: KvService) {
    this.#node = node;
    this.service = service;
    this.#patience = new Patience(node);
  }

  /** How long the quickest answer took, in milliseconds; infinite before there is one. */
  get leastMs(): number {
    return this.#patience.leastMs;
  }

  /** The value of a key, null when it has none. */
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
   * @returns whether it was `from`; false may also mean that an earlier try, whose answer
   * was lost, has changed it: look, unless it does not matter who did it
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
   * A read barrier for seq-kv: what this node reads afterwards is at least as new as
   * the store was when `sync` was called. It writes a value never used before, since
   * a request that changes the store is executed on its newest state.
   */
  async sync(): Promise<void> {
    const value = `${this.#node.random()} ${this.#node.random()}`;
    await this.#ask({ type: "write", key: `sync ${this.#node.id}`, value });
  }

  /** @throws {RpcError} only an error that is an answer */
  #ask(body: Body, answers: readonly number[] = []): Promise<Body> {
    return this.#patience.until(
      (options) => this.#node.call(this.service, body, options),
      answers,
    );
  }
}
