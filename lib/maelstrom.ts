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
import { ErrorCode, RpcError } from "./node/errors.ts";
import { serve } from "./node/process.ts";
import {
  type AnsweredTypeOf,
  check,
  type Exactly,
  type HandlerOf,
  type MessageShape,
  type Protocol,
  type ProtocolOf,
  type ReplyOf,
  type RequestOf,
  type Shapes,
  type StandardSchema,
  type TypeOf,
} from "./node/protocol.ts";
import type { Body, Message, Mounted, Stop, World } from "./node/world.ts";

export { ErrorCode, hasCode, RpcError } from "./node/errors.ts";
export type {
  MessageShape,
  Protocol,
  ProtocolOf,
  StandardSchema,
} from "./node/protocol.ts";
export type {
  Body,
  Json,
  Message,
  Mounted,
  Stop,
  World,
} from "./node/world.ts";

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
  /** The calls that wait for a reply, by the request's id. */
  readonly #calls = new Map<unknown, Call>();
  readonly #timers = new Set<Stop>();
  /** What messages hold, by type, if the program has declared it. */
  #shapes: Shapes = {};
  /** The misfits that have been logged: each sender and type once. */
  readonly #misfits = new Set<string>();
  /** What the program asked for too soon, null once it may act; and what ends that time. */
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
    const body: Body = { ...message, type };
    if (this.#held === null) this.#send(dest, body);
    else this.#whenActive(() => this.#send(dest, body));
  }

  /**
   * Sends a request and returns its reply.
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
   * @ignore What {@link rpc} is made of, without a protocol's types: for services, see `lib/services`.
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
      const checked = shape && check(shape.request, body);
      if (checked?.wrong !== undefined) {
        return this.#refuse(src, body, checked.wrong, since);
      }
      const reply = handle(checked === undefined ? body : checked.value, src);
      if (!(reply instanceof Promise)) {
        return this.#answer(src, body, okType, reply, since);
      }
      reply
        .then((reply) => this.#answer(src, body, okType, reply, since))
        .catch((error) => this.#answerError(src, body, error, since));
    } catch (error) {
      this.#answerError(src, body, error, since);
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

  /** Refuses a message that does not fit: a client is told; a node must be of another version. */
  #refuse(src: string, body: Body, wrong: string, since = this.now()): void {
    const text = `Cannot take "${body.type}": ${wrong}`;
    if (!this.ids.includes(src)) {
      const error = new RpcError(ErrorCode.malformedRequest, text);
      return this.#answerError(src, body, error, since);
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
    const wrong = schema && check(schema, body).wrong;
    if (wrong !== undefined) return this.#refuse(src, body, wrong);
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
    since: number,
  ): void {
    if (reply === undefined || in_reply_to === undefined) return;
    const isClient = src[0] === "c";
    if (isClient && this.now() > since + CLIENT_PATIENCE_MS) {
      return this.log(`dropped a late reply to ${src}'s "${requestType}"`);
    }
    this.#send(src, { ...(reply as object), type, in_reply_to });
  }

  #answerError(src: string, request: Body, error: unknown, since: number) {
    if (!(error instanceof RpcError)) {
      this.#logError(`the handler of "${request.type}"`, error);
      error = new RpcError(ErrorCode.crash, String(error));
    }
    const { code, message: text } = error as RpcError;
    this.#answer(src, request, "error", { code, text }, since);
  }

  #logError(where: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack : String(error);
    this.log(`${this.id}: ${where} threw ${stack}`);
  }
}

/** A program: registers handlers and starts timers on the node it is given. */
export type Program<P extends Protocol<P>> = (node: Node<P>) => void;

/**
 * A program and its protocol. What does not fit is refused before a handler sees it: a client's
 * request with error 12, which names the field; a message of another node, which must be of
 * another version, with a line in the log.
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

/**
 * Puts a program into a world, without any I/O: for simulators and tests, as
 * `lib/README.md` shows.
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

/**
 * Runs a program on stdin and stdout until the input ends or the output is closed; the
 * process then exits at once with status 0, whatever timers and calls are pending. In
 * Deno, in Node 22.18 or later, and in Bun.
 *
 * A line that is not JSON or not a message is reported on stderr and skipped. What the program
 * throws when it starts is reported there too, and ends the process with status 1.
 */
export function run<P extends Protocol<P>>(
  program: Program<P>,
): Promise<never> {
  return serve((world) => mount(program, world));
}
