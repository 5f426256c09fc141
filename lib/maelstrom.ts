/**
 * A node library for Maelstrom: a program is a function of a {@link Node}.
 *
 * ```ts
 * import { Kv, type Node } from "./maelstrom.ts";
 *
 * interface NewsProtocol {
 *   read(): { news: string[] };
 *   tell(request: { news: string }): Record<string, never>;
 *   gossip(message: { news: string[] }): void;
 * }
 *
 * export default function gazette(node: Node<NewsProtocol>): void {
 *   const known = new Set<string>();
 *   const archive = new Kv<string[]>(node, "seq-kv");
 *
 *   node.on("read", () => ({ news: [...known] }));
 *   node.on("tell", async ({ news }) => {
 *     known.add(news);
 *     await archive.update(node.id, (old) => [...old, news], []);
 *     return {};
 *   });
 *   node.on("gossip", ({ news }) => news.forEach((item) => known.add(item)));
 *   node.every(100, () => {
 *     for (const peer of node.peers) node.send(peer, "gossip", { news: [...known] });
 *   });
 * }
 * // and at the end of the script: if (import.meta.main) await run(gazette);
 * ```
 *
 * The program is called once, when Maelstrom's `init` has told the node its name and its
 * peers, and registers one handler per message type. What a message asks and what its
 * reply holds is declared once, in an interface of methods (the protocol); a wrong type,
 * field or reply does not compile. A method that returns void has no reply.
 *
 * Everything impure (network, clock, randomness, log) reaches the program through the
 * node, so the same program runs on stdin and stdout ({@link run}) and inside a
 * simulator ({@link mount}). Times are milliseconds everywhere.
 *
 * Two mistakes that silence a node for ever under Maelstrom are impossible here: an
 * answer to a client that has given up is dropped, and nothing is sent between `init`
 * and the first message after it, when peers may not exist yet.
 *
 * @module
 */

/** Anything JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | Json[]
  | { [key: string]: Json };

/** A message body as it is on the wire. */
export interface Body {
  /** What it asks, or `"x_ok"` as the reply to `"x"`, or `"error"`. */
  type: string;
  /** The sender's number for it, where a reply is awaited. */
  msg_id?: number;
  /** In a reply, the request's `msg_id`. */
  in_reply_to?: number;
  /** What else it says. */
  [field: string]: Json | undefined;
}

/** A message as it is on the wire. */
export interface Message {
  /** Who sends it: `"n0"`, `"c1"`, `"lin-kv"`. */
  src: string;
  /** Whom it is for. */
  dest: string;
  /** What it says. */
  body: Body;
}

/** What a protocol is: an interface whose methods take a request and give its reply, or void. */
export type Protocol<P> = {
  [T in keyof P]: (request: never) => object | void;
};

/** The message types of a protocol. */
export type TypeOf<P> = keyof P & string;

/** The message types of a protocol that have a reply. */
export type AnsweredTypeOf<P> = {
  [T in TypeOf<P>]: ReplyOf<P, T> extends void ? never : T;
}[TypeOf<P>];

/** The fields of a request. */
export type RequestOf<P, T extends keyof P> = P[T] extends
  (...request: infer Q) => unknown
  ? Q extends [infer First] ? First : Record<string, never>
  : never;

/** The fields of a reply, void where there is none. */
export type ReplyOf<P, T extends keyof P> = P[T] extends
  (...request: never[]) => infer R ? R : never;

/** What answers the messages of one type: gives the reply, or a promise of it. */
export type HandlerOf<P, T extends keyof P> = (
  request: RequestOf<P, T>,
  src: string,
) => ReplyOf<P, T> | Promise<ReplyOf<P, T>>;

/** Refuses a reply with more than the declared fields, as Maelstrom does. */
export type Exactly<
  Reply,
  R,
  Extra = Exclude<
    R extends unknown ? keyof R : never,
    Reply extends unknown ? keyof Reply : never
  >,
> = [Extra] extends [never] ? unknown
  : ["a reply has no such field in the protocol", Extra];

/** Stops what was started; calling it again does nothing. */
export type Stop = () => void;

/** Maelstrom's error codes, by name. Codes from 1000 on are free for programs and always indefinite. */
export const ErrorCode = {
  timeout: 0,
  nodeNotFound: 1,
  notSupported: 10,
  temporarilyUnavailable: 11,
  malformedRequest: 12,
  crash: 13,
  abort: 14,
  keyDoesNotExist: 20,
  keyAlreadyExists: 21,
  preconditionFailed: 22,
  txnConflict: 30,
} as const;

const CODES: ReadonlySet<number> = new Set(Object.values(ErrorCode));

/**
 * An error reply: thrown by {@link Node.rpc} when the other side sends one (or is silent:
 * code 0), and thrown by a handler to send one.
 */
export class RpcError extends Error {
  /** `"RpcError"` */
  override name = "RpcError";

  /** An error with a code, and a text for people. */
  constructor(
    /** One of {@link ErrorCode}, or a number of the program's own from 1000 on. */
    readonly code: number,
    text: string,
  ) {
    super(text);
  }

  /** Whether the request certainly did not and will not take effect. */
  get definite(): boolean {
    const { timeout, crash } = ErrorCode;
    return CODES.has(this.code) && this.code !== timeout && this.code !== crash;
  }
}

/** What a node needs of the world: {@link run} gives it stdin, stdout and the clock, a simulator its own. */
export interface World {
  /** Puts a message on the network, which may delay, lose, duplicate or reorder it. */
  send(message: Message): void;
  /** Milliseconds since the Unix epoch, never going backwards; the same all through one event. */
  now(): number;
  /** A float, uniform on [0, 1). */
  random(): number;
  /** Calls `task` once, about `delayMs` from now, unless stopped before. */
  schedule(delayMs: number, task: () => void): Stop;
  /** Writes a line for people. */
  log(text: string): void;
}

/** How long to wait for a reply, and how to stop waiting. */
export interface RpcOptions {
  /** Milliseconds after which the call fails with {@link ErrorCode.timeout}; 1000 if not given. */
  timeoutMs?: number;
  /** Aborting it makes the call fail with the signal's reason. */
  signal?: AbortSignal;
}

/** A handler as it is stored. */
interface Handler {
  handle(request: Body, src: string): unknown;
  okType: string;
}

/** Maelstrom's clients give up after 5 s; the margin is for the pipes on the way. */
const CLIENT_PATIENCE_MS = 4_900;

/** A node as its program sees it. Made by {@link run} and {@link mount}, not by programs. */
export class Node<P extends Protocol<P>> {
  /** This node's name, e.g. `"n0"`. */
  readonly id: string;
  /** The names of all nodes, this one included, in the same order on every node. */
  readonly ids: readonly string[];
  readonly #world: World;
  readonly #handlers = new Map<string, Handler>();
  /** Who waits for a reply, by the request's id and destination. */
  readonly #calls = new Map<string, PromiseWithResolvers<Body>>();
  readonly #timers = new Set<Stop>();
  /** What the program asked for before the first message after `init`; null from then on. */
  #held: (() => void)[] | null = [];
  #disposed = false;
  #nextMsgId: number;

  /** @ignore */
  constructor(world: World, id: string, ids: readonly string[]) {
    this.#world = world;
    this.id = id;
    this.ids = ids;
    // A random start keeps replies meant for an earlier life of this node from matching.
    this.#nextMsgId = 1 + Math.floor(world.random() * 2 ** 30);
    this.#handlers.set("init", { handle: () => ({}), okType: "init_ok" });
  }

  /** The names of all nodes but this one. */
  get peers(): string[] {
    return this.ids.filter((id) => id !== this.id);
  }

  /** Milliseconds since the Unix epoch, never going backwards; the same all through one event. */
  now(): number {
    return this.#world.now();
  }

  /** A float, uniform on [0, 1). */
  random(): number {
    return this.#world.random();
  }

  /** Writes a line for people (to stderr, under Maelstrom). */
  log(text: string): void {
    this.#world.log(text);
  }

  /**
   * Answers messages of one type with what the handler returns, or a promise of it.
   *
   * The reply's `type` (the request's plus `_ok`) and `in_reply_to` are added to it.
   * A thrown {@link RpcError} is sent as an error reply; anything else thrown is logged
   * with its stack and sent as error 13. No reply is sent to a request without a
   * `msg_id`, nor to a client that has waited for longer than 4.9 s.
   *
   * @throws {Error} the type has a handler already
   */
  on<T extends TypeOf<P>, H extends HandlerOf<P, T>>(
    type: T,
    handler: H & Exactly<ReplyOf<P, T>, Awaited<ReturnType<H>>>,
  ): void {
    if (this.#handlers.has(type)) {
      throw new Error(`Cannot handle "${type}": it has a handler already`);
    }
    const handle = handler as unknown as Handler["handle"];
    this.#handlers.set(type, { handle, okType: `${type}_ok` });
  }

  /** Sends a message and expects nothing back. It may never arrive. */
  send<T extends TypeOf<P>>(
    dest: string,
    type: T,
    message: RequestOf<P, T>,
  ): void {
    this.#whenActive(() => this.#send(dest, { ...message, type }));
  }

  /**
   * Sends a request and gives its reply.
   *
   * ```ts
   * import { ErrorCode, hasCode, type Node } from "./maelstrom.ts";
   *
   * interface Shop {
   *   price(request: { what: string }): { price: number };
   * }
   *
   * async function ask(node: Node<Shop>, dest: string): Promise<number | undefined> {
   *   try {
   *     const options = { timeoutMs: 300 };
   *     return (await node.rpc(dest, "price", { what: "tea" }, options)).price;
   *   } catch (error) {
   *     if (hasCode(error, ErrorCode.timeout)) return undefined;
   *     throw error;
   *   }
   * }
   * ```
   *
   * @throws {RpcError} the other side answered with an error, or (code 0, indefinite)
   *   did not answer in time
   * @throws the signal's reason, when it is aborted
   */
  rpc<T extends AnsweredTypeOf<P>>(
    dest: string,
    type: T,
    request: RequestOf<P, T>,
    options?: RpcOptions,
  ): Promise<ReplyOf<P, T>> {
    const reply = this.call(dest, { ...request, type }, options);
    return reply as Promise<ReplyOf<P, T>>;
  }

  /**
   * What {@link rpc} is made of, without a protocol's types: for services such as {@link Kv}.
   *
   * @throws {RpcError} as {@link rpc}
   */
  async call(
    dest: string,
    body: Body,
    { timeoutMs = 1_000, signal }: RpcOptions = {},
  ): Promise<Body> {
    signal?.throwIfAborted();
    const msgId = this.#nextMsgId++;
    const key = `${msgId} ${dest}`;
    const call = Promise.withResolvers<Body>();
    const expire = () => {
      const text = `no reply from ${dest} to "${body.type}"`;
      const code = ErrorCode.timeout;
      call.reject(new RpcError(code, `${text} within ${timeoutMs} ms`));
    };
    this.#calls.set(key, call);
    this.#whenActive(() => {
      if (!signal?.aborted) this.#send(dest, { ...body, msg_id: msgId });
    });
    try {
      return await this.#settled(call, timeoutMs, expire, signal);
    } finally {
      this.#calls.delete(key);
    }
  }

  /** Runs a task once, `delayMs` from now. What it throws is logged. */
  after(delayMs: number, task: () => void): Stop {
    let cancel: Stop = () => {};
    const stop = () => {
      this.#timers.delete(stop);
      cancel();
    };
    this.#timers.add(stop);
    this.#whenActive(() => {
      if (!this.#timers.has(stop)) return; // stopped before it could start
      cancel = this.#world.schedule(delayMs, () => {
        this.#timers.delete(stop);
        try {
          task();
        } catch (error) {
          this.#logError("a timer", error);
        }
      });
    });
    return stop;
  }

  /**
   * Runs a task every `periodMs`, the first time one period from now. A task that is
   * still running when its next turn comes misses that turn; what it throws is logged.
   */
  every(periodMs: number, task: () => void | Promise<void>): Stop {
    let running = false;
    const turn = async () => {
      stop = this.after(periodMs, turn);
      if (running) return;
      running = true;
      try {
        await task();
      } catch (error) {
        this.#logError("a periodic task", error);
      } finally {
        running = false;
      }
    };
    let stop = this.after(periodMs, turn);
    return () => stop();
  }

  /** Resolves `delayMs` from now; rejects with the signal's reason if that is aborted first. */
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const sleep = Promise.withResolvers<void>();
    await this.#settled(sleep, delayMs, sleep.resolve, signal);
  }

  /** @ignore A message for this node has arrived. */
  receive({ src, body }: Message): void {
    if (this.#disposed) return;
    if (body.type !== "init") this.#activate();
    if (body.in_reply_to !== undefined) return this.#receiveReply(src, body);
    const handler = this.#handlers.get(body.type);
    try {
      if (handler === undefined) {
        const text = `no handler for "${body.type}"`;
        throw new RpcError(ErrorCode.notSupported, text);
      }
      const { handle, okType } = handler;
      const reply = handle(body, src);
      if (!(reply instanceof Promise)) {
        return this.#answer(src, body, okType, reply);
      }
      const patienceMs = src.startsWith("c") ? CLIENT_PATIENCE_MS : Infinity;
      const deadline = this.now() + patienceMs;
      reply
        .then((reply) => this.#answer(src, body, okType, reply, deadline))
        .catch((error) => this.#answerError(src, body, error, deadline));
    } catch (error) {
      this.#answerError(src, body, error);
    }
  }

  /** @ignore Ends the node: no timer fires and no message is sent any more; calls never settle. */
  dispose(): void {
    this.#disposed = true;
    this.#held = null;
    this.#calls.clear();
    for (const stop of [...this.#timers]) stop();
  }

  #activate(): void {
    const held = this.#held;
    this.#held = null;
    held?.forEach((task) => task());
  }

  #whenActive(task: () => void): void {
    if (this.#held !== null) this.#held.push(task);
    else if (!this.#disposed) task();
  }

  /** Waits for a promise, for a while and unless aborted, and leaves nothing behind. */
  async #settled<T>(
    { promise, reject }: PromiseWithResolvers<T>,
    delayMs: number,
    onTime: () => void,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const abort = () => reject(signal?.reason);
    const stopTimer = this.after(delayMs, onTime);
    signal?.addEventListener("abort", abort);
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
      stopTimer();
    }
  }

  #send(dest: string, body: Body): void {
    if (!this.#disposed) this.#world.send({ src: this.id, dest, body });
  }

  #receiveReply(src: string, body: Body): void {
    const call = this.#calls.get(`${body.in_reply_to} ${src}`);
    if (call === undefined) return; // late, or a duplicate
    if (body.type !== "error") return call.resolve(body);
    const { code = ErrorCode.crash, text = "" } = body;
    call.reject(new RpcError(Number(code), `${src} answered: ${text}`));
  }

  #answer(
    src: string,
    { type: requestType, msg_id: in_reply_to }: Body,
    type: string,
    reply: unknown,
    deadline = Infinity,
  ): void {
    if (reply === undefined || in_reply_to === undefined) return;
    if (deadline !== Infinity && this.now() > deadline) {
      return this.log(`dropped a late reply to ${src}'s "${requestType}"`);
    }
    this.#send(src, { ...(reply as object), type, in_reply_to });
  }

  #answerError(src: string, request: Body, error: unknown, deadline?: number) {
    if (!(error instanceof RpcError)) {
      this.#logError(`the handler of "${request.type}"`, error);
      error = new RpcError(ErrorCode.crash, String(error));
    }
    const { code, message: text } = error as RpcError;
    this.#answer(src, request, "error", { code, text }, deadline);
  }

  #logError(where: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error);
    this.log(`${this.id}: ${where} threw ${stack}`);
  }
}

/** A program: registers handlers and starts timers on the node it is given. */
export type Program<P extends Protocol<P>> = (node: Node<P>) => void;

/** A program in its place: what feeds it messages and ends it. */
export interface Mounted {
  /**
   * Hands over what arrived. Anything that is no message is logged and skipped; the
   * first `init` starts the program; what comes before it is refused with error 11.
   */
  receive(message: unknown): void;
  /** Ends the program: its timers and calls are dropped. */
  dispose(): void;
}

/**
 * Puts a program into a world, without any I/O: for simulators and tests.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Body, mount, type Node } from "./maelstrom.ts";
 *
 * interface Greeter {
 *   greet(request: { name: string }): { text: string };
 * }
 * function greeter(node: Node<Greeter>) {
 *   node.on("greet", ({ name }) => ({ text: `hello ${name}` }));
 * }
 *
 * const sent: Body[] = [];
 * const mounted = mount(greeter, {
 *   send: ({ body }) => void sent.push(body),
 *   now: () => 0,
 *   random: () => 0.5,
 *   schedule: () => () => {},
 *   log: () => {},
 * });
 * const init = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] };
 * mounted.receive({ src: "c0", dest: "n0", body: init });
 * const greet = { type: "greet", msg_id: 2, name: "you" };
 * mounted.receive({ src: "c0", dest: "n0", body: greet });
 * assertEquals(sent, [
 *   { type: "init_ok", in_reply_to: 1 },
 *   { type: "greet_ok", in_reply_to: 2, text: "hello you" },
 * ]);
 * ```
 */
export function mount<P extends Protocol<P>>(
  program: Program<P>,
  world: World,
): Mounted {
  let node: Node<P> | undefined;

  function start({ src, dest, body }: Message): Node<P> | undefined {
    const { type, msg_id: in_reply_to, node_id: id, node_ids: ids } = body;
    if (type === "init" && typeof id === "string" && Array.isArray(ids)) {
      const started = new Node<P>(world, id, ids.map(String));
      program(started);
      return started;
    }
    if (in_reply_to === undefined) return undefined;
    const [code, text] = type === "init"
      ? [ErrorCode.malformedRequest, "init needs a node_id and node_ids"]
      : [ErrorCode.temporarilyUnavailable, `"${type}" came before init`];
    const error = { type: "error", in_reply_to, code, text };
    world.send({ src: dest, dest: src, body: error });
    return undefined;
  }

  return {
    receive(message) {
      if (!isMessage(message)) {
        const text = JSON.stringify(message).slice(0, 200);
        return world.log(`skipped, no message: ${text}`);
      }
      node ??= start(message);
      node?.receive(message);
    },
    dispose: () => node?.dispose(),
  };
}

function isMessage(value: unknown): value is Message {
  const message = value as Partial<Message> | null;
  return typeof message?.src === "string" &&
    typeof message.dest === "string" && typeof message.body?.type === "string";
}

/** When and how often {@link retry} tries again. */
export interface RetryOptions {
  /** How often to try in all; without end if not given. */
  attempts?: number;
  /** The longest first pause, in milliseconds; doubled for every further one. 100 if not given. */
  baseMs?: number;
  /** The longest pause of all, in milliseconds; 2000 if not given. */
  capMs?: number;
  /** Which errors are worth another try; indefinite {@link RpcError}s if not given. */
  when?: (error: unknown) => boolean;
  /** Aborting it ends the pause and the retries. */
  signal?: AbortSignal;
}

/**
 * Calls `attempt` until it succeeds, with exponential backoff and full jitter (Brooker,
 * "Exponential Backoff And Jitter") on the node's own clock. `attempt` must be
 * idempotent: an indefinite failure may have taken effect.
 *
 * @throws the last error, when it is not worth another try or the attempts are used up
 */
export async function retry<T>(
  node: Pick<Node<Record<never, never>>, "random" | "sleep">,
  attempt: () => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { attempts = Infinity, baseMs = 100, capMs = 2_000, signal } = options;
  const when = options.when ??
    ((error) => error instanceof RpcError && !error.definite);
  for (let tried = 1;; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (tried >= attempts || !when(error)) throw error;
    }
    const pauseMs = Math.min(capMs, baseMs * 2 ** (tried - 1));
    await node.sleep(node.random() * pauseMs, signal);
  }
}

/** The part of a node that talks to services. */
export type Caller = Pick<
  Node<Record<never, never>>,
  "id" | "call" | "random" | "sleep"
>;

/** The names of Maelstrom's key-value stores. */
export type KvService = "lin-kv" | "seq-kv" | "lww-kv";

/**
 * One of Maelstrom's key-value stores.
 *
 * - `lin-kv` is linearizable.
 * - `seq-kv` is sequential: a read may be of any state since the last one this node saw.
 *   Only an operation that really changes the store brings its caller up to date:
 *   {@link sync} is one.
 * - `lww-kv` is eventual and can lose writes; it has no create-if-not-exists.
 *
 * Every method throws an {@link RpcError}: the store's own (`keyDoesNotExist`,
 * `preconditionFailed`), or a timeout, after which the operation may have happened.
 */
export class Kv<V extends Json = Json> {
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

  /**
   * Changes a key by a function of its value (`initial` when it does not exist), with
   * compare-and-set, until no other change comes between; gives the new value. When the
   * function gives back the very value it got, nothing is written.
   *
   * @throws {RpcError} a timeout: the change may have happened, once
   */
  async update(key: string, change: (value: V) => V, initial: V): Promise<V> {
    const conflict = (error: unknown) =>
      hasCode(error, ErrorCode.preconditionFailed) ||
      hasCode(error, ErrorCode.keyDoesNotExist);
    let tried = 0;
    return await retry(this.node, async () => {
      // A stale read repeats the conflict; a sequential store must be brought up to date.
      if (tried++ > 0 && this.service === "seq-kv") await this.sync();
      const value = await this.readOr(key, null);
      const old = value ?? initial;
      const next = change(old);
      if (next === old) return next;
      const create = value === null;
      // lww-kv creates no keys by compare-and-set.
      if (create && this.service === "lww-kv") await this.write(key, next);
      else await this.cas(key, value, next, { create });
      return next;
    }, { when: conflict, baseMs: 10, capMs: 500 });
  }

  /**
   * A read barrier for seq-kv: what this node reads afterwards is at least as new as
   * the store was when `sync` was called. It writes a value never used before, since
   * a request that changes the store is executed on its newest state.
   */
  async sync(): Promise<void> {
    const value = `${this.node.random()} ${this.node.random()}`;
    const key = `sync ${this.node.id}`;
    await this.#call({ type: "write", key, value });
  }

  #call(body: Body): Promise<Body> {
    return this.node.call(this.service, body, this.options);
  }
}

/** Maelstrom's timestamp oracle, `lin-tso`. */
export class Tso {
  /** The oracle, reached by way of a node; the options are those of every call. */
  constructor(
    private readonly node: Caller,
    private readonly options: RpcOptions = {},
  ) {}

  /**
   * An integer greater than any that was given before this call began.
   *
   * @throws {RpcError} a timeout
   */
  async ts(): Promise<number> {
    const body = { type: "ts" };
    return Number((await this.node.call("lin-tso", body, this.options)).ts);
  }
}

/** Whether an error is an {@link RpcError} of this code. */
export function hasCode(error: unknown, code: number): error is RpcError {
  return error instanceof RpcError && error.code === code;
}

/** Cuts a stream of bytes, split anywhere, into lines. */
export class LineBuffer {
  #tail = "";
  readonly #decoder = new TextDecoder();

  /** Takes bytes, gives the lines they complete, without their newlines. */
  push(chunk: Uint8Array): string[] {
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    lines[0] = this.#tail + lines[0];
    this.#tail = lines.pop() ?? "";
    return lines;
  }

  /** What is left when the stream ends without a newline. */
  end(): string {
    return this.#tail + this.#decoder.decode();
  }
}

const NEWLINE = 10;

/** A pipe takes so many bytes as a whole or, when it is non-blocking and full, not at all. */
const PIPE_BUF = 4_096;

/** Larger batches cost less per message, but their first message waits for their last. */
const BATCH = 32_768;

/**
 * Collects lines and writes them in pieces: when one is full, when a batch of input has
 * been handled, and otherwise as soon as the code that is running has ended. Writing is
 * synchronous, which keeps the order and lets a slow reader slow the node down.
 */
class Output {
  #lines = "";
  #scheduled = false;
  readonly #encoder = new TextEncoder();

  line(text: string): void {
    if (this.#lines.length >= BATCH) this.flush();
    this.#lines += text + "\n";
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /**
   * Writes what there is. Deno's stdout throws when the pipe is non-blocking and full,
   * without saying how much it has taken. Of a piece that fits into PIPE_BUF and has
   * nothing after its last newline, it has then taken nothing.
   */
  flush(): void {
    const bytes = this.#encoder.encode(this.#lines);
    this.#lines = "";
    for (let start = 0, end = 0; start < bytes.length; start = end) {
      end = Math.min(start + PIPE_BUF, bytes.length);
      let line = end;
      while (line > start && bytes[line - 1] !== NEWLINE) line--;
      if (line > start) end = line;
      this.#write(bytes.subarray(start, end));
    }
  }

  #write(piece: Uint8Array): void {
    for (;;) {
      try {
        const written = Deno.stdout.writeSync(piece);
        if (written === piece.length) return;
        piece = piece.subarray(written);
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // sleeps 1 ms
      }
    }
  }
}

/** The longest delay that `setTimeout` takes: 25 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Runs a program on stdin and stdout until the input ends or the output is closed; the
 * process then exits at once with status 0, whatever timers and calls are pending.
 *
 * A line that is no JSON or no message is reported on stderr and skipped.
 */
export async function run<P extends Protocol<P>>(
  program: Program<P>,
): Promise<never> {
  const output = new Output();
  const log = (text: string) => console.error(text);
  // The time of the event that is being handled, as in a simulator: reading the clock for
  // every message costs a fifth of the throughput.
  let now = 0;
  const tick = () => void (now = performance.timeOrigin + performance.now());
  const mounted = mount(program, {
    send: (message) => output.line(JSON.stringify(message)),
    now: () => now,
    random: Math.random,
    schedule(delayMs, task) {
      const timer = setTimeout(() => {
        tick();
        task();
      }, Math.min(delayMs, MAX_DELAY_MS));
      return () => clearTimeout(timer);
    },
    log,
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log(`a promise was rejected: ${event.reason?.stack ?? event.reason}`);
  });

  function receive(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch (error) {
      if (line.trim() === "") return;
      return log(`skipped, ${error}: ${line.slice(0, 200)}`);
    }
    mounted.receive(message);
  }

  const lines = new LineBuffer();
  const chunk = new Uint8Array(65_536);
  for (;;) {
    const length = await Deno.stdin.read(chunk);
    if (length === null) break;
    tick();
    for (const line of lines.push(chunk.subarray(0, length))) receive(line);
    output.flush();
  }
  receive(lines.end());
  // One more turn for answers and reports that only wait for promises.
  await new Promise((resolve) => setTimeout(resolve, 0));
  output.flush();
  Deno.exit(0);
}
