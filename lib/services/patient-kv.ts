import {
  type Caller,
  ErrorCode,
  hasCode,
  type Json,
  Kv,
  type KvService,
  type RpcOptions,
} from "../maelstrom.ts";
import { Patience, type Waiter } from "./patience.ts";

/**
 * One of Maelstrom's key-value stores, asked until it answers. There is no end while it
 * does not: see `inTime` for clients that wait.
 *
 * What is repeated may happen twice. That does no harm to a read, to a barrier, or to a
 * compare-and-set whose values never come back, which the caller must see to.
 *
 * ```ts
 * import type { Node } from "../maelstrom.ts";
 * import { PatientKv } from "./patient-kv.ts";
 *
 * async function claim(node: Node<Record<never, never>>): Promise<string> {
 *   const kv = new PatientKv<string>(node, "lin-kv");
 *   await kv.change("leader", null, node.id);
 *   return await kv.readOr("leader", "nobody"); // whoever was first
 * }
 * ```
 */
export class PatientKv<V extends Json> {
  readonly #patience: Patience;
  readonly #node: Caller & Waiter;
  readonly #service: KvService;

  constructor(node: Caller & Waiter, service: KvService) {
    this.#node = node;
    this.#service = service;
    this.#patience = new Patience(node);
  }

  /** The value of a key, or `absent` when it has none. */
  readOr<D>(key: string, absent: D): Promise<V | D> {
    return this.#ask((kv) => kv.readOr(key, absent));
  }

  /**
   * Sets a key to `to` if it is `from`, or if it is absent and `from` is null.
   *
   * @returns whether it was `from`; false may also mean that an earlier try, whose answer was
   * lost, has changed it: look, unless it does not matter who did it
   */
  async change(key: string, from: V | null, to: V): Promise<boolean> {
    const create = from === null;
    try {
      await this.#ask((kv) => kv.cas(key, from, to, { create }));
      return true;
    } catch (error) {
      const other = hasCode(error, ErrorCode.preconditionFailed) ||
        hasCode(error, ErrorCode.keyDoesNotExist);
      if (other) return false;
      throw error;
    }
  }

  /** A read barrier: see {@link Kv.sync}. */
  sync(): Promise<void> {
    return this.#ask((kv) => kv.sync());
  }

  #ask<R>(request: (kv: Kv<V>) => Promise<R>): Promise<R> {
    return this.#patience.until((options: RpcOptions) =>
      request(new Kv<V>(this.#node, this.#service, options))
    );
  }
}
