/** Clients of services as beginners write them, for mutants: they never retry. */
import type { Body, Json } from "../../lib/node/world.ts";
import { ErrorCode, type Node } from "../../lib/maelstrom.ts";
import { hasCode } from "../fixtures/has-code.ts";
import type { RpcOptions } from "../../lib/node/node.ts";
import type { KvService } from "../../lib/services/kv.ts";

/** The part of a node that talks to services. */
type Caller = Pick<
  Node<Record<never, never>>,
  "id" | "call" | "random" | "sleep"
>;

/** A key-value store that is asked once: a timeout is the caller's problem. */
export class HastyKv<V extends Json = Json> {
  /** A store, reached by way of a node; the options are those of every call. */
  constructor(
    private readonly node: Caller,
    /** The store's name. */
    readonly service: KvService,
    private readonly options: RpcOptions = {},
  ) {}

  /**
   * The value of a key.
   *
   * @throws {RpcError} `keyDoesNotExist` when it has none
   */
  async read(key: string): Promise<V> {
    return (await this.#call({ type: "read", key })).value as V;
  }

  /**
   * The value of a key, or `absent` when it has none.
   *
   * @throws {RpcError} a timeout
   */
  async readOr<D>(key: string, absent: D): Promise<V | D> {
    try {
      return await this.read(key);
    } catch (error) {
      if (hasCode(error, ErrorCode.keyDoesNotExist)) return absent;
      throw error;
    }
  }

  /** Sets a key. */
  async write(key: string, value: V): Promise<void> {
    await this.#call({ type: "write", key, value });
  }

  /**
   * Sets a key to `to` if it is `from`; with `create`, also if it does not exist.
   *
   * @throws {RpcError} `preconditionFailed` when it is something else, `keyDoesNotExist`
   *   when it is nothing
   */
  async cas(
    key: string,
    from: V | null,
    to: V,
    { create = false }: { create?: boolean } = {},
  ): Promise<void> {
    const extra = create ? { create_if_not_exists: true } : {};
    await this.#call({ type: "cas", key, from, to, ...extra });
  }

  /** Changes a key by a function of its value, until no other change comes between. */
  async update(key: string, change: (value: V) => V, initial: V): Promise<V> {
    for (;;) {
      const value = await this.readOr(key, null);
      const next = change(value ?? initial);
      try {
        await this.cas(key, value, next, { create: value === null });
        return next;
      } catch (error) {
        if (!hasCode(error, ErrorCode.preconditionFailed)) throw error;
      }
      await this.node.sleep(10 * this.node.random());
    }
  }

  /** A read barrier for seq-kv. */
  async sync(): Promise<void> {
    const value = `${this.node.random()} ${this.node.random()}`;
    const key = `sync ${this.node.id}`;
    await this.#call({ type: "write", key, value });
  }

  #call(body: Body): Promise<Body> {
    return this.node.call(this.service, body, this.options);
  }
}
