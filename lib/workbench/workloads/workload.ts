/**
 * What a workload is: the operations of clients, the messages that they send for them, and what the
 * replies mean. How nodes are hosted, when operations happen and which faults strike is up to the
 * run.
 */
import type { ReplySchema, Rpc } from "../world/client.ts";
import type { Body, Op } from "../history/history.ts";
import type { Options } from "../history/options.ts";
import type { Json } from "../history/json.ts";
import type { Random } from "../world/random.ts";

/** An operation to be invoked. It becomes an `invoke` line of the history, with any extra keys. */
export interface Invocation {
  f: string;
  value: Json;
  "final?"?: boolean;
  /** How long to wait before invoking it, in milliseconds; used by final phases only, not recorded. */
  delayMs?: number;
  /** In an aftermath: whether it must not be repeated, whatever its outcome; not recorded. */
  once?: boolean;
  [key: string]: Json | undefined;
}

/** A worker: a sequence of clients that talk to one node throughout the run. */
export interface Worker {
  /** 0 .. workers - 1. */
  index: number;
  /** Its current process: its index, plus the number of workers for each crash so far. */
  process: number;
  /** The node it talks to: `nodes[index % nodes.length]`. */
  node: string;
}

/** What a generator can use. */
export interface GeneratorContext {
  random: Random;
  options: Options;
  nodes: readonly string[];
  workers: number;
}

/** A source of operations. It uses nothing but its own state and its random stream. */
export interface Generator {
  /**
   * The next operation for this worker, or null if there is none: a final phase then ends for
   * the worker.
   *
   * @param now nanoseconds since the main phase began, as in the history
   */
  next(worker: Worker, now: number): Invocation | null;
  /** Called with every client operation that enters the history, invocations and completions alike. */
  update?(op: Op, worker: Worker): void;
}

/** A client, which may remember something between operations, such as kafka's offsets. */
export interface Client {
  /**
   * Performs one operation; returns the value of its `ok` completion, or null to repeat the
   * invocation's.
   *
   * @throws {ErrorReply} the node answered with an error
   * @throws {NetTimeout} the node did not answer in time
   * @throws {MalformedReply} the answer broke the protocol
   */
  invoke(op: Invocation, rpc: Rpc): Promise<Json>;
}

/** Thrown by a client for an operation that crashes its process without sending any message: kafka's `crash`. */
export class ClientCrash extends Error {
  override name = "ClientCrash";
}

/** What a node is asked after the run. */
export interface Questions {
  /** How long after the last fault it is asked, in milliseconds, excluding network latency. */
  settleMs: number;
  /** What it is asked, one operation after another. What it refuses or does not answer is repeated a few times. */
  invocations: Invocation[];
  /**
   * After how many milliseconds to repeat an operation that has succeeded with this result; null not to
   * repeat it.
   */
  again?(op: Op): number | null;
}

/** One workload. */
export interface Workload {
  name: string;
  /** Operations that are idempotent, so that a timeout or an indefinite error counts as a `fail`. */
  idempotent: ReadonlySet<string>;
  /**
   * False if Maelstrom's client does not catch errors, so that even definite ones become `info`
   * with an exception.
   */
  handlesErrors: boolean;
  /** Whether a client is used again after an `info`; if not, it is closed and replaced. */
  reusesClient: boolean;
  /** How long a client waits for one reply, in milliseconds. */
  timeoutMs(options: Options): number;
  /**
   * A request that every node gets before the main phase, such as broadcast's `topology`, with the
   * reply that it must give.
   */
  setup?(
    node: string,
    context: GeneratorContext,
  ): { request: Body; reply: ReplySchema };
  /** The operations of the main phase. */
  generator(context: GeneratorContext): Generator;
  /** The operations of the final phase, if the workload has one. Each worker goes on until it has no more. */
  final?: {
    /** After how many seconds it is ended, if at all. */
    limitSeconds?: number;
    generator(context: GeneratorContext, history: readonly Op[]): Generator;
  };
  /**
   * What every node is asked before the final phase, only under chaos: things that the final
   * operations would hide.
   */
  beforeFinal?(history: readonly Op[]): Questions;
  /**
   * What every node is asked for the strict judge, after Maelstrom's part of the run.
   *
   * @param index the node's index
   */
  aftermath?(history: readonly Op[], index: number): Questions;
  openClient(): Client;
}
