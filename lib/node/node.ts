/**
 * A node: its handlers, the calls that wait for replies, and its timers.
 *
 * @module
 */
import { ErrorCode, RpcError, stackOf, wordsOf } from "./errors.ts";
import type {
  AnsweredTypeOf,
  Exactly,
  HandlerOf,
  Issue,
  MessageShape,
  Protocol,
  ReplyOf,
  RequestOf,
  Shapes,
  StandardSchema,
  TypeOf,
} from "./protocol.ts";
import { steady } from "./steady.ts";
import type { Body, Message, Stop, World } from "./world.ts";

/** How long to wait for a reply, and how to stop waiting. */
export interface RpcOptions {
  /** Milliseconds after which the call fails with {@link ErrorCode.timeout}; 1000 if not given. */
  timeoutMs?: number;
  /** Aborting it makes the call fail with the signal's reason. */
  signal?: AbortSignal;
}

/** A registered handler. */
interface Handler {
  handle(request: unknown, src: string): unknown;
  okType: string;
  shape: MessageShape | undefined;
}

/** A call that waits for its reply. */
interface Call {
  dest: string;
  /** What the reply must match, if that is declared. */
  schema: StandardSchema | undefined;
  /** Stops waiting. */
  stop: Stop;
  resolve(reply: Body): void;
  reject(error: RpcError): void;
}

/**
 * For how long a client may have waited if it is still to get a reply: Maelstrom's clients give up
 * after 5 s, and the reply takes some time to arrive.
 */
const CLIENT_PATIENCE_MS = 4_900;
/**
 * How long a node waits for a first message before it sends anything, in ms: by then its peers
 * exist. Under the real Maelstrom at a load of 16, the last of 25 nodes started 3.2 s after the
 * first had its init.
 */
const UNSPOKEN_MS = 5_000;

/** Stops a timer that has not been started. */
const NOT_YET: Stop = () => {};

/** A node, as its program sees it. `run` and `mount` make nodes; programs do not. */
export class Node<P extends Protocol<P>> {
  /** This node's name, e.g. `"n0"`. */
  readonly id: string;
  /** The names of all nodes, this one included, in the same order on every node. */
  readonly ids: readonly string[];
  readonly #world: World;
  readonly #now: () => number;
  readonly #handlers = new Map<string, Handler>();
  /** The calls that wait for a reply, by the request's id. */
  readonly #calls = new Map<unknown, Call>();
  /** What stops each timer, by number: looking up a number is faster than looking up a function. */
  readonly #timers = new Map<number, Stop>();
  #nextTimerId = 0;
  /** By type, what messages hold, if the program has declared it. */
  #shapes: Shapes = {};
  /** Senders and types of messages that did not match and were logged: each is logged once. */
  readonly #misfits = new Set<string>();
  /** What the program has asked for too early, null once it may act; and the timer that ends that time. */
  #held: (() => void)[] | null = [];
  #stop: Stop = () => {};
  #disposed = false;
  #nextMsgId: number;

  /** @ignore */
  constructor(world: World, id: string, ids: readonly string[]) {
    this.#world = world;
    this.#now = steady(world);
    this.id = id;
    this.ids = ids;
    // A random start keeps replies meant for an earlier life of this node from matching.
    this.#nextMsgId = 1 + Math.floor(world.random() * 2 ** 30);
  }

  /** @ignore Declares what messages hold, so that they are checked; must precede any handler. */
  speak(shapes: Shapes): void {
    this.#shapes = shapes;
  }

  /** The names of all nodes but this one. */
  get peers(): string[] {
    return this.ids.filter((id) => id !== this.id);
  }

  /** Milliseconds since the Unix epoch. Never goes backwards, and stays the same throughout one event. */
  now(): number {
    return this.#now();
  }

  /** A float, uniform on [0, 1). */
  random(): number {
    return this.#world.random();
  }

  /** Logs a line (to stderr, under Maelstrom). */
  log(text: string): void {
    this.#world.log(text);
  }

  /**
   * Answers messages of one type with what the handler returns, or its promise resolves to. The
   * reply's `type` (the request's plus `_ok`) and `in_reply_to` are added. If the handler throws an
   * {@link RpcError}, that is sent as an error reply; anything else is logged with its stack and
   * sent as error 13. No reply goes to a request without a `msg_id`, nor to a client that has
   * waited for longer than 4.9 s. Throws if the type already has a handler.
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
   * Sends a request and returns its reply. Throws an {@link RpcError} if that is an error, or none
   * comes within `timeoutMs`, 1000 if not given (code 0, indefinite), and the reason of `signal` if
   * that is aborted.
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
   * @ignore As {@link rpc}, without a protocol's types: for the clients of services in `lib/services`.
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
      const request = { ...body, msg_id: msgId };
      if (this.#held === null) return this.#send(dest, request);
      this.#whenActive(() => {
        if (!signal?.aborted) this.#send(dest, request);
      });
    });
  }

  /** Runs a task once, `delayMs` from now; returns a function that stops it. If the task throws, that is logged. */
  after(delayMs: number, task: () => void): Stop {
    const id = this.#nextTimerId++;
    this.#timers.set(id, NOT_YET);
    this.#whenActive(() => {
      if (!this.#timers.has(id)) return; // stopped before it could start
      const cancel = this.#world.schedule(delayMs, () => {
        this.#timers.delete(id);
        try {
          task();
        } catch (error) {
          this.#logError("a timer", error);
        }
      });
      this.#timers.set(id, cancel);
    });
    return () => {
      this.#timers.get(id)?.();
      this.#timers.delete(id);
    };
  }

  /**
   * Runs a task every `periodMs`, the first time one period from now; returns a function that stops
   * it. A task still running when its next turn comes misses that turn. If it throws, that is logged.
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

  /** Resolves `delayMs` from now, or rejects with the reason of `signal` if that is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#wait(delayMs, signal, (isAborted) => {
        isAborted ? reject(signal?.reason) : resolve();
      });
    });
  }

  /** @ignore Takes a message for this node, which may have arrived as early as `from`, on the world's clock. */
  receive({ src, body }: Message, from?: number): void {
    if (this.#disposed) return;
    this.#activate();
    const now = this.now();
    const since = from === undefined ? now : now - (this.#world.now() - from);
    const answered: unknown = body.in_reply_to ?? null;
    if (answered !== null) return this.#receiveReply(src, body);
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

  /** @ignore Ends the node: no timer fires, no message is sent, and pending calls never settle. */
  dispose(): void {
    this.#disposed = true;
    this.#held = null;
    this.#calls.clear();
    for (const stop of [this.#stop, ...this.#timers.values()]) stop();
    this.#timers.clear();
  }

  #activate(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#stop();
    held.forEach((task) => task());
  }

  /** Whether a sender may not use a message type, since it is a client and the type is only for nodes. */
  #isSecret({ shape }: Handler, src: string): boolean {
    return shape?.amongNodes === true && !this.ids.includes(src);
  }

  /**
   * Refuses a message that does not match: a client gets an error; of a node, which must run
   * another version, it is logged.
   */
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

  /** Calls `end` after a delay or when aborted, unless stopped before; leaves no timer or listener behind. */
  #wait(
    delayMs: number,
    signal: AbortSignal | undefined,
    end: (isAborted?: true) => void,
  ): Stop {
    if (signal === undefined) return this.after(delayMs, end);
    const stopTimer = this.after(delayMs, () => {
      stop();
      end();
    });
    const abort = () => {
      stop();
      end(true);
    };
    const stop = () => {
      stopTimer();
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort);
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
    // A peer may run another version: these fields can hold anything.
    const { code, text } = body;
    call.reject(
      new RpcError(
        typeof code === "number" ? code : ErrorCode.crash,
        `${src} answered: ${typeof text === "string" ? text : "an error"}`,
      ),
    );
  }

  #answer(
    src: string,
    { type: requestType, msg_id }: Body,
    type: string,
    reply: unknown,
    since: number,
  ): void {
    const in_reply_to = msg_id ?? null;
    if (reply === undefined || in_reply_to === null) return;
    const isClient = src[0] === "c";
    if (isClient && this.now() > since + CLIENT_PATIENCE_MS) {
      return this.log(`dropped a late reply to ${src}'s "${requestType}"`);
    }
    this.#send(src, { ...(reply as object), type, in_reply_to });
  }

  #answerError(src: string, request: Body, error: unknown, since: number) {
    if (!(error instanceof RpcError)) {
      this.#logError(`the handler of "${request.type}"`, error);
      error = new RpcError(ErrorCode.crash, wordsOf(error));
    }
    const { code, message: text } = error as RpcError;
    this.#answer(src, request, "error", { code, text }, since);
  }

  #logError(where: string, error: unknown): void {
    this.log(`${this.id}: ${where} threw ${stackOf(error)}`);
  }
}

/** A program: registers handlers and starts timers on the node it is given. */
export type Program<P extends Protocol<P>> = (node: Node<P>) => void;

/**
 * The value that a schema makes of a value, or a text that says what is wrong with it, and where.
 *
 * @throws {TypeError} the schema is asynchronous
 */
function check(
  schema: StandardSchema,
  value: unknown,
): { value: unknown; wrong?: undefined } | { wrong: string } {
  const checked = schema["~standard"].validate(value);
  if (checked instanceof Promise) {
    throw new TypeError("Cannot check a message: its schema is asynchronous");
  }
  if (!checked.issues) return checked;
  return { wrong: checked.issues.map(inWords).join("; ") };
}

function inWords({ message, path = [] }: Issue): string {
  const keys = path.map((part) => typeof part === "object" ? part.key : part);
  return [keys.map(String).join("."), message].filter(Boolean).join(": ");
}
