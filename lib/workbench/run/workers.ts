/**
 * Performs operations and records them in the history: workers, their processes and clients,
 * and what each outcome of a request means (Jepsen's interpreter).
 */
import { ERROR_NAMES, isDefinite } from "../history/errors.ts";
import type { History, Op } from "../history/history.ts";
import {
  type ClientEndpoint,
  type Clients,
  ErrorReply,
  MalformedReply,
  NetTimeout,
} from "../world/client.ts";
import type { Clock } from "../world/clock.ts";
import type { Json } from "../history/json.ts";
import {
  type Client,
  ClientCrash,
  type Generator,
  type Invocation,
  type Worker,
  type Workload,
} from "../workloads/workload.ts";

/** How an operation ended. */
interface Outcome {
  type: "ok" | "fail" | "info";
  value: Json;
  error?: Json;
  exception?: Json;
}

/** A worker with its connection; it performs one operation at a time. */
export class ActiveWorker implements Worker {
  process: number;
  busy = false;
  #current: Promise<unknown> = Promise.resolve();
  #connection: { client: Client; endpoint: ClientEndpoint } | null = null;
  /** Whether the connection is to be replaced before it is used again. */
  #crashed = false;

  constructor(
    readonly index: number,
    readonly node: string,
    private readonly workers: number,
    private readonly workload: Workload,
    private readonly timeoutMs: number,
    private readonly clients: Clients,
    private readonly clock: Clock,
    /** The time of the history's beginning, on the clock. */
    private readonly originNs: number,
    private readonly history: History,
  ) {
    this.process = index;
  }

  /** Resolves when no operation is under way. */
  idle(): Promise<unknown> {
    return this.#current;
  }

  /** Nanoseconds since the history's beginning. */
  now(): number {
    return this.clock.now() - this.originNs;
  }

  /**
   * Performs one operation: records its invocation now and its completion when it comes.
   *
   * @param dueNs when it should have begun, on the clock: timers are late
   */
  perform(
    invocation: Invocation,
    generator: Generator,
    dueNs = this.clock.now(),
  ): Promise<Op> {
    const performing = this.#perform(invocation, generator, dueNs);
    this.#current = performing;
    return performing;
  }

  async #perform(
    invocation: Invocation,
    generator: Generator,
    dueNs: number,
  ): Promise<Op> {
    this.busy = true;
    const { process } = this;
    const invoked = this.history.add({
      ...invocation,
      time: dueNs - this.originNs,
      type: "invoke",
      process,
    });
    generator.update?.(invoked, this);
    const outcome = await this.#outcome(invocation);
    const completed = this.history.add({
      ...invocation,
      process,
      time: this.now(),
      ...outcome,
    });
    generator.update?.(completed, this);
    if (outcome.type === "info") {
      this.process += this.workers;
      this.#crashed = true;
    }
    this.busy = false;
    return completed;
  }

  async #outcome(invocation: Invocation): Promise<Outcome> {
    const { client, endpoint } = this.#connect();
    try {
      const value = await client.invoke(
        invocation,
        (request, schema) =>
          endpoint.rpc(this.node, request, schema, this.timeoutMs),
      );
      return { type: "ok", value: value ?? invocation.value };
    } catch (error) {
      return this.#failure(invocation, error);
    }
  }

  #failure({ f, value }: Invocation, error: unknown): Outcome {
    const { handlesErrors, idempotent } = this.workload;
    if (error instanceof ClientCrash) return { type: "info", value };
    if (error instanceof NetTimeout && handlesErrors) {
      const type = idempotent.has(f) ? "fail" : "info";
      return { type, value, error: "net-timeout" };
    }
    if (error instanceof ErrorReply && handlesErrors) {
      const name = ERROR_NAMES.get(error.code) ?? "unknown";
      const isFail = isDefinite(error.code) || idempotent.has(f);
      const type = isFail ? "fail" : "info";
      return { type, value, error: [name, error.text] };
    }
    if (
      error instanceof NetTimeout || error instanceof ErrorReply ||
      error instanceof MalformedReply
    ) {
      const text = `indeterminate: ${error.message}`;
      return { type: "info", value, error: text, exception: error.name };
    }
    throw error; // a bug of the workbench
  }

  /** The connection; a crashed process gets a new one only now, unless its workload reuses them. */
  #connect() {
    if (this.#crashed && !this.workload.reusesClient) {
      this.#connection?.endpoint.close();
      this.#connection = null;
    }
    this.#crashed = false;
    return this.#connection ??= {
      endpoint: this.clients.open(),
      client: this.workload.openClient(),
    };
  }
}
