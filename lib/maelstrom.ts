/**
 * A node library for Maelstrom: a program is a function of a {@link Node}.
 *
 * ```ts
 * import { program } from "./maelstrom.ts";
 * import { amongNodes, array, message, rpc, string } from "./schema.ts";
 *
 * const newsProtocol = {
 *   read: rpc({}, { news: array(string) }),
 *   tell: rpc({ news: string }, {}),
 *   ...amongNodes({ gossip: message({ news: array(string) }) }),
 * };
 *
 * const gazette = program(newsProtocol, (node) => {
 *   const known = new Set<string>();
 *
 *   node.on("read", () => ({ news: [...known] }));
 *   node.on("tell", ({ news }) => {
 *     known.add(news);
 *     return {};
 *   });
 *   node.on("gossip", ({ news }) => news.forEach((item) => known.add(item)));
 *   node.every(100, () => {
 *     for (const peer of node.peers) node.send(peer, "gossip", { news: [...known] });
 *   });
 * });
 *
 * export default gazette;
 * // and at the end of the script: if (import.meta.main) await run(gazette);
 * ```
 *
 * The program is called once, when Maelstrom's `init` has told the node its name and its
 * peers, and registers one handler per message type. What a message asks and what its
 * reply holds is declared once, in the protocol: a wrong type, field or reply does not
 * compile, and a request that does not fit is answered with error 12 before any handler
 * sees it.
 *
 * Everything impure (network, clock, randomness, log) reaches the program through the
 * node, so the same program runs on stdin and stdout ({@link run}) and inside a
 * simulator ({@link mount}). Times are milliseconds everywhere.
 *
 * Integers are exact: beyond 2^53 they are bigints in programs, and digits on the wire.
 *
 * Two mistakes that silence a node for ever under Maelstrom are impossible here: an
 * answer to a client that has given up is dropped, and nothing is sent between `init`
 * and the first message after it, or for five seconds, when peers may not exist yet.
 *
 * @module
 */

/** Anything JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | bigint
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

/** @ignore What is wrong with a value, and where: see {@link StandardSchema}. */
export interface Issue {
  /** What is wrong, for people. */
  readonly message: string;
  /** The keys that lead to it. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

/** A type that is known at run time, as https://standardschema.dev has it; validation must be synchronous. */
export interface StandardSchema<T = unknown> {
  /** Its standard properties. */
  readonly "~standard": {
    /** Of the standard. */
    readonly version: 1;
    /** Who made the schema. */
    readonly vendor: string;
    /** Gives the value, as the schema has it, or what is wrong with it. */
    validate(value: unknown):
      | { readonly value: T; readonly issues?: undefined }
      | { readonly issues: readonly Issue[] }
      | Promise<unknown>;
    /** For the compiler alone. */
    readonly types?:
      | { readonly input: unknown; readonly output: T }
      | undefined;
  };
}

/** @ignore What messages of one type hold: see `lib/schema.ts`. */
export interface MessageShape {
  /** The request's fields. */
  readonly request: StandardSchema;
  /** The reply's, where there is one. */
  readonly reply?: StandardSchema;
  /** Whether clients do not use it. */
  readonly amongNodes?: true;
}

/** @ignore A protocol at run time: what messages hold, by their type. */
export type Shapes = { readonly [type: string]: MessageShape };

/** @ignore A protocol for the compiler, from what it is at run time. */
export type ProtocolOf<S extends Shapes> = {
  [T in keyof S]: (
    request: S[T]["request"] extends StandardSchema<infer Q> ? Q : never,
  ) => S[T] extends { reply: StandardSchema<infer R> } ? R & object : void;
};

/** What a protocol is: an interface whose methods take a request and give its reply, or void. */
export type Protocol<P> = {
  [T in keyof P]: (request: never) => object | void;
};

/** @ignore The message types of a protocol. */
export type TypeOf<P> = keyof P & string;

/** @ignore The message types of a protocol that have a reply. */
export type AnsweredTypeOf<P> = {
  [T in TypeOf<P>]: ReplyOf<P, T> extends void ? never : T;
}[TypeOf<P>];

/** @ignore The fields of a request. */
export type RequestOf<P, T extends keyof P> = P[T] extends
  (...request: infer Q) => unknown
  ? Q extends [infer First] ? First : Record<string, never>
  : never;

/** @ignore The fields of a reply, void where there is none. */
export type ReplyOf<P, T extends keyof P> = P[T] extends
  (...request: never[]) => infer R ? R : never;

/** @ignore What answers the messages of one type: gives the reply, or a promise of it. */
export type HandlerOf<P, T extends keyof P> = (
  request: RequestOf<P, T>,
  src: string,
) => ReplyOf<P, T> | Promise<ReplyOf<P, T>>;

/** @ignore Refuses a reply with more than the declared fields, as Maelstrom does. */
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
export class RpcError implements Error {
  /** `"RpcError"` */
  readonly name = "RpcError";

  /** One of {@link ErrorCode}, or a number of the program's own from 1000 on. */
  readonly code: number;

  /** For people. */
  readonly message: string;

  /** An error with a code, and a text for people. */
  constructor(code: number, text: string) {
    this.code = code;
    this.message = text;
  }

  /** The name and the text alone. */
  get stack(): string {
    return String(this);
  }

  /** Whether the request certainly did not and will not take effect. */
  get definite(): boolean {
    const { timeout, crash } = ErrorCode;
    return CODES.has(this.code) && this.code !== timeout && this.code !== crash;
  }
}

// An error in all but the stack: most are part of a protocol, and Deno takes longer to record it than for a whole call.
Object.setPrototypeOf(RpcError.prototype, Error.prototype);

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
  handle(request: unknown, src: string): unknown;
  okType: string;
  shape: MessageShape | undefined;
}

/** A call whose reply is awaited. */
interface Call {
  dest: string;
  /** What the reply must be. */
  schema: StandardSchema | undefined;
  /** Ends the waiting. */
  stop: Stop;
  resolve(reply: Body): void;
  reject(error: RpcError): void;
}

/** Maelstrom's clients give up after 5 s; the margin is for the pipes on the way. */
const CLIENT_PATIENCE_MS = 4_900;
/** How long a node waits to be spoken to before it acts, in ms: by then its peers are there. */
const UNSPOKEN_MS = 5_000;

/** A node as its program sees it. Made by {@link run} and {@link mount}, not by programs. */
export class Node<P extends Protocol<P>> {
  /** This node's name, e.g. `"n0"`. */
  readonly id: string;
  /** The names of all nodes, this one included, in the same order on every node. */
  readonly ids: readonly string[];
  readonly #world: World;
  readonly #handlers = new Map<string, Handler>();
  /** Who waits for a reply, by the request's id. */
  readonly #calls = new Map<unknown, Call>();
  readonly #timers = new Set<Stop>();
  /** What messages hold, by type, of a program that has declared it. */
  #shapes: Shapes = {};
  /** From whom what has come that does not fit: told once. */
  readonly #misfits = new Set<string>();
  /** What the program asked for while it was too soon, null from then on; and what ends that time. */
  #held: (() => void)[] | null = [];
  #stop: Stop = () => {};
  #disposed = false;
  #nextMsgId: number;

  /** @ignore */
  constructor(world: World, id: string, ids: readonly string[]) {
    this.#world = world;
    this.id = id;
    this.ids = ids;
    // A random start keeps replies meant for an earlier life of this node from matching.
    this.#nextMsgId = 1 + Math.floor(world.random() * 2 ** 30);
  }

  /** @ignore Checks what comes against these shapes, which must be declared before any handler. */
  speak(shapes: Shapes): void {
    this.#shapes = shapes;
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
    if (type === "init" || this.#handlers.has(type)) {
      throw new Error(`Cannot handle "${type}": it has a handler already`);
    }
    const handle = handler as unknown as Handler["handle"];
    const shape: MessageShape | undefined = this.#shapes[type];
    this.#handlers.set(type, { handle, okType: `${type}_ok`, shape });
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
    const schema: StandardSchema | undefined = this.#shapes[type]?.reply;
    const reply = this.call(dest, { ...request, type }, options, schema);
    return reply as Promise<ReplyOf<P, T>>;
  }

  /**
   * What {@link rpc} is made of, without a protocol's types: for services, see `lib/services`.
   *
   * @throws {RpcError} as {@link rpc}
   */
  call(
    dest: string,
    body: Body,
    { timeoutMs = 1_000, signal }: RpcOptions = {},
    schema?: StandardSchema,
  ): Promise<Body> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const msgId = this.#nextMsgId++;
      const stop = this.#wait(timeoutMs, signal, (isAborted) => {
        this.#calls.delete(msgId);
        if (isAborted) return reject(signal?.reason);
        const text = `no reply from ${dest} to "${body.type}"`;
        const code = ErrorCode.timeout;
        reject(new RpcError(code, `${text} within ${timeoutMs} ms`));
      });
      this.#calls.set(msgId, { dest, schema, stop, resolve, reject });
      this.#whenActive(() => {
        if (!signal?.aborted) this.#send(dest, { ...body, msg_id: msgId });
      });
    });
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
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#wait(delayMs, signal, (isAborted) => {
        isAborted ? reject(signal?.reason) : resolve();
      });
    });
  }

  /** @ignore A message for this node has arrived, at the earliest at `since`. */
  receive({ src, body }: Message, since: number = this.now()): void {
    if (this.#disposed) return;
    this.#activate();
    if (body.in_reply_to !== undefined) return this.#receiveReply(src, body);
    const handler = this.#handlers.get(body.type);
    try {
      if (handler === undefined || this.#isSecret(handler, src)) {
        const text = `no handler for "${body.type}"`;
        throw new RpcError(ErrorCode.notSupported, text);
      }
      const { handle, okType, shape } = handler;
      const checked = shape && validate(shape.request, body);
      if (checked?.issues) return this.#refuse(src, body, checked.issues);
      const reply = handle(checked === undefined ? body : checked.value, src);
      const patienceMs = src.startsWith("c") ? CLIENT_PATIENCE_MS : Infinity;
      const deadline = since + patienceMs;
      if (!(reply instanceof Promise)) {
        return this.#answer(src, body, okType, reply, deadline);
      }
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
    for (const stop of [this.#stop, ...this.#timers]) stop();
  }

  #activate(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#stop();
    held.forEach((task) => task());
  }

  /** Whether a message type is none of this client's business. */
  #isSecret({ shape }: Handler, src: string): boolean {
    return shape?.amongNodes === true && !this.ids.includes(src);
  }

  /** Turns away a message that does not fit: a client is told, and a node is of another version. */
  #refuse(src: string, body: Body, issues: readonly Issue[]): void {
    const text = `Cannot take "${body.type}": ${issues.map(said).join("; ")}`;
    if (!this.ids.includes(src)) {
      const error = new RpcError(ErrorCode.malformedRequest, text);
      return this.#answerError(src, body, error);
    }
    const misfit = `${src} ${body.type}`;
    if (this.#misfits.has(misfit)) return;
    this.#misfits.add(misfit);
    this.log(`dropped, and so will all others be: ${src}: ${text}`);
  }

  #whenActive(task: () => void): void {
    if (this.#held === null) return this.#disposed ? undefined : task();
    if (this.#held.push(task) > 1) return;
    this.#stop = this.#world.schedule(UNSPOKEN_MS, () => this.#activate());
  }

  /** Waits for a while, unless aborted or stopped before; leaves nothing behind. */
  #wait(
    delayMs: number,
    signal: AbortSignal | undefined,
    end: (isAborted: boolean) => void,
  ): Stop {
    const stopTimer = this.after(delayMs, () => {
      stop();
      end(false);
    });
    const abort = () => {
      stop();
      end(true);
    };
    const stop = () => {
      stopTimer();
      signal?.removeEventListener("abort", abort);
    };
    signal?.addEventListener("abort", abort);
    return stop;
  }

  #send(dest: string, body: Body): void {
    if (!this.#disposed) this.#world.send({ src: this.id, dest, body });
  }

  #receiveReply(src: string, body: Body): void {
    const call = this.#calls.get(body.in_reply_to);
    if (call?.dest !== src) return; // late, or a duplicate
    const isError = body.type === "error";
    const schema = isError ? undefined : call.schema;
    const issues = schema && validate(schema, body).issues;
    if (issues) return this.#refuse(src, body, issues);
    this.#calls.delete(body.in_reply_to);
    call.stop();
    if (!isError) return call.resolve(body);
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

/** A value as a schema has it, or what is wrong with it. */
function validate(schema: StandardSchema, value: unknown) {
  const checked = schema["~standard"].validate(value);
  if (checked instanceof Promise) {
    throw new TypeError("Cannot check a message: its schema is asynchronous");
  }
  return checked;
}

/** What is wrong, and where. */
function said({ message, path = [] }: Issue): string {
  const keys = path.map((part) => typeof part === "object" ? part.key : part);
  return keys.length === 0
    ? message
    : `${keys.map(String).join(".")}: ${message}`;
}

/** A program: registers handlers and starts timers on the node it is given. */
export type Program<P extends Protocol<P>> = (node: Node<P>) => void;

/**
 * A program and its protocol. What does not fit is turned away before a handler sees it:
 * a client's request with error 12, which names the field; a message of another node,
 * which must be of another version, with a line in the log.
 *
 * @param shapes what messages hold: from `lib/schema.ts`, or any Standard Schemas
 * @param start registers handlers and starts timers
 */
export function program<S extends Shapes>(
  shapes: S,
  start: Program<ProtocolOf<S>>,
): Program<ProtocolOf<S>> {
  return (node) => {
    node.speak(shapes);
    start(node);
  };
}

/** A program in its place: what feeds it messages and ends it. */
export interface Mounted {
  /**
   * Hands over what arrived. Anything that is no message is logged and skipped; the
   * first `init` starts the program; what comes before it is refused with error 11.
   *
   * @param since when it may have arrived, on the world's clock: earlier than now where the
   *   process was stopped, and reads only now what came meanwhile
   */
  receive(message: unknown, since?: number): void;
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

  /** Starts the node, or refuses to; gives the answer. */
  function init({ node_id: id, node_ids: ids }: Body): Body {
    const wrong = wrongInit(id, ids, node);
    if (wrong !== undefined) {
      const text = `Cannot take "init": ${wrong}`;
      return { type: "error", code: ErrorCode.malformedRequest, text };
    }
    if (node === undefined) {
      node = new Node<P>(world, id as string, ids as string[]);
      program(node);
    }
    return { type: "init_ok" };
  }

  return {
    receive(message, since) {
      if (!isMessage(message)) {
        const text = String(JSON.stringify(message)).slice(0, 200);
        return world.log(`skipped, no message: ${text}`);
      }
      const { src, dest, body } = message;
      const { type, msg_id: in_reply_to } = body;
      if (type !== "init" && node) return node.receive(message, since);
      const code = ErrorCode.temporarilyUnavailable;
      const reply = type === "init"
        ? init(body)
        : { type: "error", code, text: `"${type}" came before init` };
      if (in_reply_to === undefined) return;
      const from = node?.id ?? dest;
      world.send({ src: from, dest: src, body: { ...reply, in_reply_to } });
    },
    dispose: () => node?.dispose(),
  };
}

/** What is wrong with an `init`, undefined if nothing is. */
function wrongInit(
  id: unknown,
  ids: unknown,
  node: { id: string; ids: readonly string[] } | undefined,
): string | undefined {
  if (typeof id !== "string") return "node_id: expected a string";
  const areNames = Array.isArray(ids) &&
    ids.every((id) => typeof id === "string");
  if (!areNames) return "node_ids: expected an array of strings";
  if (!ids.includes(id)) return `node_ids: "${id}", the node, is not in it`;
  if (new Set(ids).size < ids.length) return "node_ids: a name comes twice";
  const isKnown = node === undefined ||
    node.id === id && node.ids.join() === ids.join();
  return isKnown ? undefined : `this is ${node.id} of ${node.ids.join(", ")}`;
}

function isMessage(value: unknown): value is Message {
  const message = value as Partial<Message> | null;
  return typeof message?.src === "string" &&
    typeof message.dest === "string" && typeof message.body?.type === "string";
}

/** Whether an error is an {@link RpcError} of this code. */
export function hasCode(error: unknown, code: number): error is RpcError {
  return error instanceof RpcError && error.code === code;
}

/** What the compiler does not know of JSON yet: numbers as they are written. */
const exact = JSON as unknown as {
  parse(
    text: string,
    reviver?: (key: string, value: unknown, at: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
};

// Integers beyond 2^53, which programs have as bigints, go out as their digits.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  value(this: bigint) {
    return exact.rawJSON(this.toString());
  },
});

const NEWLINE = 10;

/** How many digits 2^53 has: fewer are exact in any case. */
const LONG = 16;

const LONG_DIGITS = new RegExp(`\\d{${LONG}}`);

/** `JSON.parse`, with integers beyond 2^53 as bigints. */
function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source = "" }) => {
    const isRounded = typeof value === "number" && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

const isDigit = (byte: number) => byte >= 48 && byte <= 57;

/** Tells whether lines must be parsed with {@link parseJson}: looks at one byte in 16, and no text. */
class LongDigits {
  /** Where the next chunk is looked at first. */
  #at = 0;
  /** Whether the line that goes on in the next chunk may have a long integer. */
  #isPending = false;

  /** Takes bytes; whether a line that they complete may have a long integer. */
  push(chunk: Uint8Array): boolean {
    let at = this.#at, found = false;
    for (; at < chunk.length; at += LONG) {
      if (!found && isDigit(chunk[at]!) && isLong(chunk, at)) found = true;
    }
    this.#at = at - chunk.length;
    const wasPending = this.#isPending;
    this.#isPending = found || wasPending && !chunk.includes(NEWLINE);
    return found || wasPending;
  }
}

/** Whether the digits around a place are many, or may be with those of another chunk. No more of them are looked at than that takes. */
function isLong(chunk: Uint8Array, at: number): boolean {
  let from = at, to = at + 1;
  while (from > 0 && to - from < LONG && isDigit(chunk[from - 1]!)) from--;
  while (to < chunk.length && to - from < LONG && isDigit(chunk[to]!)) to++;
  return to - from >= LONG || from === 0 || to === chunk.length;
}

/** @ignore Cuts a stream of bytes, split anywhere, into lines. */
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
  readonly #stdio: Stdio;

  constructor(stdio: Stdio) {
    this.#stdio = stdio;
  }

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
   * without saying how much it has taken (Node's and Bun's say it). Of a piece that fits into PIPE_BUF and has
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
        const written = this.#stdio.write(piece);
        if (written === piece.length) return;
        piece = piece.subarray(written);
      } catch (error) {
        if (hasErrno(error, "EPIPE")) this.#stdio.exit(0);
        if (!hasErrno(error, "EAGAIN")) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // sleeps 1 ms
      }
    }
  }
}

/** What a process has of its runtime: all else that is used here is the same in all of them. */
interface Stdio {
  /** What comes in: pieces that hold only until the next is asked for. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Writes some of a piece, synchronously: how many bytes. */
  write(piece: Uint8Array): number;
  /** Hears of promises that were rejected and that nobody awaits, which would end the process. */
  onRejection(report: (reason: unknown) => void): void;
  /** Ends the process at once. */
  exit(status: number): never;
}

/** The runtime at hand: Deno, or what has Node's `process`. */
const stdio = () => "Deno" in globalThis ? denoStdio() : nodeStdio();

function denoStdio(): Stdio {
  return {
    input: denoInput(),
    write: (piece) => Deno.stdout.writeSync(piece),
    onRejection(report) {
      globalThis.addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        report(event.reason);
      });
    },
    exit: (status) => Deno.exit(status),
  };
}

/** Deno's stream of the same makes a new buffer for each piece. */
async function* denoInput(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(65_536);
  for (;;) {
    const length = await Deno.stdin.read(chunk);
    if (length === null) return;
    yield chunk.subarray(0, length);
  }
}

/** What is used here of Node's `process`, which Bun has, too. */
interface NodeProcess {
  readonly stdin: AsyncIterable<Uint8Array>;
  getBuiltinModule(name: "node:fs"): {
    writeSync(fd: number, piece: Uint8Array): number;
  };
  on(event: "unhandledRejection", report: (reason: unknown) => void): void;
  exit(status: number): never;
}

/** Nothing is imported: Deno has Node's modules, too, and takes 15 ms to load the first. */
function nodeStdio(): Stdio {
  const { process } = globalThis as unknown as { process: NodeProcess };
  const fs = process.getBuiltinModule("node:fs");
  return {
    input: process.stdin, // to `fs.read` it would keep Node from leaving while it waits
    write: (piece) => fs.writeSync(1, piece),
    onRejection: (report) => process.on("unhandledRejection", report),
    exit: (status) => process.exit(status),
  };
}

/** Whether an error has this name in Unix. */
function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** How often a process notes that it runs, in milliseconds. */
const PULSE_MS = 500;

/** Whose pulse fails for so long was stopped (SIGSTOP, a laptop's lid): no machine is that busy. */
const STOPPED_MS = 2_000;

/** What is read for so long after a stop may have come during it. */
const CATCH_UP_MS = 250;

/** The longest delay that `setTimeout` takes: 25 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Runs a program on stdin and stdout until the input ends or the output is closed; the
 * process then exits at once with status 0, whatever timers and calls are pending. In
 * Deno, in Node 22.18 or later, and in Bun.
 *
 * A line that is no JSON or no message is reported on stderr and skipped. What the program
 * throws when it is started is reported there too, and ends the process with status 1.
 */
export async function run<P extends Protocol<P>>(
  program: Program<P>,
): Promise<never> {
  const io: Stdio = stdio();
  const output = new Output(io);
  const log = (text: string) => console.error(text);
  // The time of the event that is being handled, as in a simulator: reading the clock for
  // every message costs a fifth of the throughput.
  let now = performance.timeOrigin + performance.now();
  const stop = { from: now, until: -Infinity };
  const tick = () => {
    const before = now;
    now = performance.timeOrigin + performance.now();
    if (now - before > STOPPED_MS) {
      stop.from = before;
      stop.until = now;
    }
  };
  setInterval(tick, PULSE_MS);
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
  io.onRejection((reason) => {
    const stack = reason instanceof Error ? reason.stack : reason;
    log(`a promise was rejected: ${stack}`);
  });

  function receive(line: string, parse: (text: string) => unknown): void {
    let message: unknown;
    try {
      message = parse(line);
    } catch (error) {
      if (line.trim() === "") return;
      return log(`skipped, ${error}: ${line.slice(0, 200)}`);
    }
    mounted.receive(message, now < stop.until + CATCH_UP_MS ? stop.from : now);
  }

  const lines = new LineBuffer();
  const longDigits = new LongDigits();
  function take(bytes: Uint8Array): void {
    const parse = longDigits.push(bytes) ? parseJson : JSON.parse;
    for (const line of lines.push(bytes)) receive(line, parse);
    output.flush();
  }

  try {
    for await (const bytes of io.input) {
      tick();
      take(bytes);
    }
    receive(lines.end(), parseJson);
  } catch (error) {
    // The program has thrown instead of starting. A node that is none would keep everybody waiting.
    log(String(error instanceof Error ? error.stack : error));
    io.exit(1);
  }
  // One more turn for answers and reports that only wait for promises.
  await new Promise((resolve) => setTimeout(resolve, 0));
  output.flush();
  io.exit(0);
}
