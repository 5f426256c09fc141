/**
 * The client side of a replica: keeps requests until a leader has carried them out, and answers
 * clients in time.
 *
 * A request that was handed to one leader goes to the next with the same number, so it takes effect
 * once. Before clients give up, they are told that the outcome is unknown or, if the request was
 * never handed to a leader, that nothing was done.
 *
 * @module
 */
import { ErrorCode, type Node, RpcError } from "../maelstrom.ts";
import type { Json } from "../node/world.ts";
import type { Key, RegisterProtocol } from "../protocols.ts";
import type { Pace } from "./pace.ts";
import type { Command, Registers } from "./registers.ts";

/**
 * After how many milliseconds clients are told that a request takes too long; those of lin-kv give
 * up after 1000.
 */
const PATIENCE_MS = 900;

/**
 * The same in round trips, for slow networks: there, clients wait for ten times the latency, which
 * is five round trips.
 */
const PATIENCE_TRIPS = 4;

/** The longest that a request may wait, in milliseconds: no reply is sent after 4900. */
const LONGEST_MS = 4_500;

/** How long the first requests of a node may have waited for it to start, in milliseconds. */
const STARTING_MS = 300;

/** After how many milliseconds a request without an outcome may have been lost on its way to the leader. */
const AGAIN_MS = 300;

/** A change that a client asks for. */
type Change = Pick<Command, "key" | "to" | "from">;

/** A change that a client waits for. */
interface Waiting {
  change: Change;
  /** The epoch in which it was last handed to a leader (-1 if never), and when. */
  epoch: number;
  at: number;
  resolve(reply: Record<never, never>): void;
  reject(error: RpcError): void;
}

/** A read that a client waits for. */
interface Reading {
  key: Key;
  resolve(reply: { value: Json }): void;
  reject(error: RpcError): void;
}

/** See the module. */
export class Clients {
  /** Which life of the node this is; 0 until that is known. */
  life = 0;
  /** By number. */
  readonly #changes = new Map<number, Waiting>();
  readonly #reads = new Map<number, Reading>();
  #serial = 0;
  readonly #startedAt: number;
  #lastRead = 0;
  readonly #node: Node<RegisterProtocol>;
  readonly #registers: Registers;
  readonly #pace: Pace;
  readonly #onRequest: () => void;

  /** @param onRequest called when there is something new for the leader */
  constructor(
    node: Node<RegisterProtocol>,
    registers: Registers,
    pace: Pace,
    onRequest: () => void,
  ) {
    this.#node = node;
    this.#startedAt = node.now();
    this.#registers = registers;
    this.#pace = pace;
    this.#onRequest = onRequest;
    node.on("read", ({ key }) => this.#read(key));
    node.on("write", ({ key, value: to }) => this.#change({ key, to }));
    node.on("cas", ({ key, from, to }) => this.#change({ key, from, to }));
  }

  /** The number of the last read that was requested. */
  get lastRead(): number {
    return this.#lastRead;
  }

  /**
   * The changes that have not been handed to the leader of this epoch, or not recently, to be
   * handed to it now.
   */
  commands(epoch: number): Command[] {
    const node = this.#node;
    const { life } = this;
    const now = node.now();
    const floor = this.#changes.keys().next().value ?? this.#serial;
    const commands: Command[] = [];
    for (const [serial, waiting] of this.#changes) {
      if (waiting.epoch === epoch && now < waiting.at + AGAIN_MS) continue;
      Object.assign(waiting, { epoch, at: now });
      commands.push({ node: node.id, life, serial, floor, ...waiting.change });
    }
    return commands;
  }

  /** Answers the changes that have been applied. */
  answer(): void {
    for (const [serial, { resolve, reject }] of this.#changes) {
      const outcome = this.#registers.outcome(this.#node.id, this.life, serial);
      if (outcome === undefined) continue;
      this.#changes.delete(serial);
      if (outcome === 0) resolve({});
      else reject(refusal(outcome));
    }
  }

  /** Answers the reads up to this number from what has been applied. */
  serve(last: number): void {
    for (const [read, { key, resolve, reject }] of this.#reads) {
      if (read > last) break;
      this.#reads.delete(read);
      const value = this.#registers.read(key);
      if (value === undefined) reject(refusal(ErrorCode.keyDoesNotExist));
      else resolve({ value });
    }
  }

  /** How long a request that arrives now may take. */
  get #patienceMs(): number {
    const ageMs = this.#node.now() - this.#startedAt;
    const tripsMs = PATIENCE_TRIPS * this.#pace.tripMs;
    const waitMs = Math.min(LONGEST_MS, Math.max(PATIENCE_MS, tripsMs));
    return waitMs - Math.max(0, STARTING_MS - ageMs);
  }

  #change(change: Change): Promise<Record<never, never>> {
    const serial = this.#serial++;
    return new Promise((resolve, reject) => {
      const waiting = { change, epoch: -1, at: 0, resolve, reject };
      this.#changes.set(serial, waiting);
      this.#node.after(this.#patienceMs, () => {
        if (!this.#changes.delete(serial)) return;
        reject(waiting.epoch < 0 ? notDone() : unknown());
      });
      this.#onRequest();
    });
  }

  #read(key: Key): Promise<{ value: Json }> {
    const read = ++this.#lastRead;
    return new Promise((resolve, reject) => {
      this.#reads.set(read, { key, resolve, reject });
      this.#node.after(this.#patienceMs, () => {
        if (this.#reads.delete(read)) reject(notDone());
      });
      this.#onRequest();
    });
  }
}

function refusal(code: number): RpcError {
  const text = code === ErrorCode.keyDoesNotExist
    ? "the key does not exist"
    : "the value is another";
  return new RpcError(code, text);
}

function notDone(): RpcError {
  const text = "no leader can be reached, and nothing was done";
  return new RpcError(ErrorCode.temporarilyUnavailable, text);
}

function unknown(): RpcError {
  const text = "this takes too long; it may have happened, or yet happen";
  return new RpcError(ErrorCode.timeout, text);
}
