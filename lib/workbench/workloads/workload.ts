/**
 * What a workload is: the operations clients ask for, the messages they become,
 * and what the replies mean. How nodes are hosted, when operations happen and
 * which faults strike is the runner's business, not the workload's.
 */
import type { ReplySchema, Rpc } from "../world/client.ts";
import type { Body, Json, Op, Options } from "../history.ts";
import type { Random } from "../world/random.ts";

/** What one client wants done; becomes an `invoke` line of the history, extra keys included. */
export interface Invocation {
  f: string;
  value: Json;
  "final?"?: boolean;
  /** Milliseconds to wait before invoking it; used by final phases only, not recorded. */
  delayMs?: number;
  /** In an aftermath: not to be asked again, whatever comes of it; not recorded. */
  once?: boolean;
  [key: string]: Json | undefined;
}

/** A worker: one thread of clients, which talks to one node for the whole run. */
export interface Worker {
  /** 0 .. workers - 1. */
  index: number;
  /** The process it is now: its index, plus the number of workers for each crash so far. */
  process: number;
  /** The node it talks to: `nodes[index % nodes.length]`. */
  node: string;
}

/** What a generator may know. */
export interface GeneratorContext {
  random: Random;
  options: Options;
  nodes: readonly string[];
  workers: number;
}

/** A source of operations. Pure but for its own state and its random stream. */
export interface Generator {
  /**
   * The next operation for this worker, or null when it has none for it (a final phase then ends for the worker).
   *
   * @param now nanoseconds since the main phase began, as operations are stamped
   */
  next(worker: Worker, now: number): Invocation | null;
  /** Called with every client operation as it enters the history, invocations and completions. */
  update?(op: Op, worker: Worker): void;
}

/** A client: what it remembers between operations (kafka's offsets), if anything. */
export interface Client {
  /**
   * Does one operation and gives the value of its `ok` completion (null repeats the invocation's value).
   *
   * @throws {ErrorReply} the node answered with an error
   * @throws {NetTimeout} the node did not answer in time
   * @throws {MalformedReply} the answer broke the protocol
   */
  invoke(op: Invocation, rpc: Rpc): Promise<Json>;
}

/** Thrown by a client for an operation that crashes its process without any message (kafka's `crash`). */
export class ClientCrash extends Error {
  override name = "ClientCrash";
}

/** What a node is asked when everything is over. */
export interface Questions {
  /** How long after the last fault, beside the network's own time, in milliseconds. */
  settleMs: number;
  /** One after the other; what is not answered, or refused, is asked again a few times. */
  invocations: Invocation[];
  /** After how many milliseconds an operation that succeeded so is to be done once more; null if it is not. */
  again?(op: Op): number | null;
}

/** One workload. */
export interface Workload {
  name: string;
  /** Operations whose timeout or indefinite error is a `fail`, since repeating them is harmless. */
  idempotent: ReadonlySet<string>;
  /** False where Maelstrom's client lets errors escape, so that even definite ones become `info` with an exception. */
  handlesErrors: boolean;
  /** Whether a client goes on being used after an `info`, or is closed and replaced. */
  reusesClient: boolean;
  /** How long a client waits for one reply, in milliseconds. */
  timeoutMs(options: Options): number;
  /** A request every node gets before the main phase (broadcast's `topology`), with the reply it must give. */
  setup?(
    node: string,
    context: GeneratorContext,
  ): { request: Body; reply: ReplySchema };
  /** The operations of the main phase. */
  generator(context: GeneratorContext): Generator;
  /** The operations of the final phase, where the workload has one: every worker runs it to its own end. */
  final?: {
    /** Cut after so many seconds, if at all. */
    limitSeconds?: number;
    generator(context: GeneratorContext, history: readonly Op[]): Generator;
  };
  /**
   * What the strict judge asks every node once more after the run that Maelstrom would
   * have made, by the node's position among all.
   */
  aftermath?(history: readonly Op[], index: number): Questions;
  openClient(): Client;
}
