/**
 * From operations to a history: workers, their processes and clients, and what each
 * outcome of a request means for the history (Jepsen's interpreter).
 */
import type { ClientEndpoint, Clients } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Json, Op } from "./history.ts";
import {
  type Client,
  ClientCrash,
  ErrorReply,
  type Generator,
  type Invocation,
  MalformedReply,
  NetTimeout,
  type Worker,
  type Workload,
} from "./workloads/workload.ts";

/** Error codes' names, as they appear in histories. */
const NAMES: Readonly<Record<number, string>> = {
  0: "timeout",
  1: "node-not-found",
  10: "not-supported",
  11: "temporarily-unavailable",
  12: "malformed-request",
  13: "crash",
  14: "abort",
  20: "key-does-not-exist",
  21: "key-already-exists",
  22: "precondition-failed",
  30: "txn-conflict",
};

const INDEFINITE: ReadonlySet<number> = new Set([0, 13]);

/** The history under construction. */
export class History {
  readonly ops: Op[] = [];

  /** Appends a line; the index is given here. */
  add(op: Omit<Op, "index">): Op {
    const line = { index: this.ops.length, ...op } as Op;
    this.ops.push(line);
    return line;
  }
}

/** How an operation ended. */
interface Outcome {
  type: "ok" | "fail" | "info";
  value: Json;
  error?: Json;
  exception?: Json;
}

/** A worker with its connection; it does one operation at a time. */
export class ActiveWorker implements Worker {
  process: number;
  busy = false;
  #current: Promise<unknown> = Promise.resolve();
  #client: Client | null = null;
  #endpoint: ClientEndpoint | null = null;

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

  /** Does one operation; the history gets its invocation at once and its completion in time. */
  perform(invocation: Invocation, generator: Generator): Promise<Op> {
    const performing = this.#perform(invocation, generator);
    this.#current = performing;
    return performing;
  }

  async #perform(invocation: Invocation, generator: Generator): Promise<Op> {
    const { delayMs: _, ...fields } = invocation;
    this.busy = true;
    const { process } = this;
    const invoked = this.history.add({
      time: this.#now(),
      type: "invoke",
      process,
      ...fields,
    });
    generator.update?.(invoked, this);
    const outcome = await this.#outcome(invocation);
    const { index: _index, ...rest } = invoked;
    const completed = this.history.add({
      ...rest,
      time: this.#now(),
      ...outcome,
    });
    generator.update?.(completed, this);
    if (outcome.type === "info") this.#crash();
    this.busy = false;
    return completed;
  }

  #now(): number {
    return this.clock.now() - this.originNs;
  }

  async #outcome(invocation: Invocation): Promise<Outcome> {
    this.#endpoint ??= this.clients.open();
    this.#client ??= this.workload.openClient();
    const endpoint = this.#endpoint;
    try {
      const value = await this.#client.invoke(
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
      const name = NAMES[error.code] ?? "unknown";
      const definite = name !== "unknown" && !INDEFINITE.has(error.code);
      const type = definite || idempotent.has(f) ? "fail" : "info";
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

  #crash(): void {
    this.process += this.workers;
    if (!this.workload.reusesClient) {
      this.#endpoint?.close();
      this.#endpoint = null;
      this.#client = null;
    }
  }
}
