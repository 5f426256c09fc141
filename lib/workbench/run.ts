/**
 * One run, from the first `init` to the last reply: set-up, main phase under faults,
 * quiet, final phase, and what the strict judge asks afterwards. The same code drives
 * real processes in real time and modules in virtual time.
 */
import { Clients } from "./client.ts";
import { type Clock, MS, SECOND, sleep } from "./clock.ts";
import type { Host, OpenHost } from "./cluster/host.ts";
import {
  type FaultContext,
  type Faults,
  noFaults,
  partitions,
  recordNemesis,
} from "./faults.ts";
import {
  type Aftermath,
  type Body,
  type Incident,
  type Json,
  nodesOf,
  type Options,
  type Recording,
  workersOf,
} from "./history.ts";
import { Journal } from "./journal.ts";
import { isClient, type Latency, Network } from "./network.ts";
import type { Random } from "./random.ts";
import { createServices } from "./services.ts";
import { ActiveWorker, History } from "./workers.ts";
import {
  ErrorReply,
  type Generator,
  type GeneratorContext,
  MalformedReply,
  NetTimeout,
  type Workload,
} from "./workloads/workload.ts";

/** How long a node may take to answer `init`, in milliseconds. */
const INIT_TIMEOUT_MS = 10_000;

/** Silence between the main phase and the final one, in seconds. */
const QUIET_SECONDS = 10;

/** How late timers are on a busy machine, in milliseconds; in virtual time they never are. */
const TIMER_LATENESS_MS = 5;

/** What a run is made of. */
export interface RunConfig {
  workload: Workload;
  options: Options;
  openHost: OpenHost;
  clock: Clock;
  random: Random;
  /** Faults instead of those the options ask for. */
  faults?: Faults;
  /** Mute a node after a malformed line and let seq-kv wrap around, as Maelstrom does; off, both are reported or absent. */
  faithful?: boolean;
  /** Milliseconds a reply takes on its way to the client at most: in virtual time operations would else never overlap. */
  replyJitterMs?: number;
  /** Names things that happened, for tests that must know that they did ("a read was stale"). */
  onEvent?(label: string): void;
  /** Called about once a second of the run's own time. */
  onProgress?(progress: Progress): void;
}

/** How far a run is. */
export interface Progress {
  phase: "set-up" | "main" | "quiet" | "final" | "aftermath";
  /** Seconds since the main phase began. */
  seconds: number;
  operations: number;
}

/** Nothing could be tested, for a reason in plain words. */
class SetupFailed extends Error {
  constructor(readonly node: string, text: string) {
    super(text);
  }
}

/** Does one run. A node that fails is in the recording's incidents, not an exception. */
export async function performRun(config: RunConfig): Promise<Recording> {
  const run = new Run(config);
  try {
    return await run.perform();
  } finally {
    await run.stop();
  }
}

class Run {
  readonly #nodes: string[];
  readonly #history = new History();
  readonly #incidents: Incident[] = [];
  readonly #network: Network;
  readonly #clients: Clients;
  readonly #host: Host;
  readonly #mute = new Set<string>();
  /** Rejects calls that wait for a node which has exited. */
  readonly #onExit = new Map<string, (error: Error) => void>();
  #originNs = 0;
  #phase: Progress["phase"] = "set-up";

  constructor(private readonly config: RunConfig) {
    const { options, clock, random } = config;
    this.#nodes = nodesOf(options);
    this.#network = new Network(
      clock,
      random.fork("latency"),
      latencyOf(options),
      new Journal(),
      config.replyJitterMs,
    );
    this.#clients = new Clients(this.#network, clock);
    this.#host = config.openHost(this.#nodes, {
      sent: (node, message) => this.#sent(node, message),
      garbage: (node, text) =>
        this.#violation(
          node,
          text.trim() === ""
            ? "it wrote an empty line"
            : `it wrote a line that is no JSON: ${text.slice(0, 200)}`,
        ),
      exited: (node, how) => this.#exited(node, how),
    });
  }

  stop(): Promise<void> {
    return this.#host.stop();
  }

  async perform(): Promise<Recording> {
    const { options, workload } = this.config;
    const recording: Recording = {
      workload: workload.name,
      options,
      history: this.#history.ops,
      journal: this.#network.journal.events,
      incidents: this.#incidents,
    };
    const ticking = this.#tick();
    try {
      this.#startServices();
      await Promise.all(this.#nodes.map((node) => this.#init(node)));
      await Promise.all(this.#nodes.map((node) => this.#setUp(node)));
      this.#originNs = this.config.clock.now();
      recording.journalOrigin = this.#originNs;
      await this.#phases(recording);
    } catch (error) {
      if (!(error instanceof SetupFailed)) throw error;
      this.#incident("setup-failed", error.node, error.message);
    } finally {
      ticking.stop();
    }
    return recording;
  }

  async #phases(recording: Recording): Promise<void> {
    const { options, workload, clock } = this.config;
    const workers = this.#openWorkers();
    const limitNs = Number(options["time-limit"] ?? 60) * SECOND;
    const context: FaultContext = {
      clock,
      originNs: this.#originNs,
      limitNs,
      network: this.#network,
      nodes: this.#nodes,
      options,
      random: this.config.random.fork("faults"),
      history: this.#history,
      kill: (node) => this.#kill(node),
      restart: (node) => this.#restart(node),
    };
    const nemesis = options.nemesis !== undefined;
    const faults = (this.config.faults ?? (nemesis ? partitions : noFaults))(
      context,
    );
    this.#phase = "main";
    await this.#mainPhase(workers, limitNs);
    await Promise.all(workers.map((worker) => worker.idle()));
    if (workload.final !== undefined) {
      await faults.end();
      if (nemesis) {
        recordNemesis(context, "stop-partition", null, "network-healed");
      }
      this.#phase = "quiet";
      await sleep(clock, QUIET_SECONDS * SECOND);
      this.#phase = "final";
      await this.#finalPhase(workers);
    }
    // Maelstrom's run ends here: what follows is for the strict judge alone.
    const healedAt = clock.now() - this.#originNs;
    this.#network.journal = new Journal();
    await faults.end();
    this.#phase = "aftermath";
    const aftermath = await this.#aftermath(healedAt);
    if (aftermath !== null) recording.aftermath = aftermath;
    if (this.#network.dropped > 0) this.#event("partition-cut-a-message");
    if (this.#clients.timeouts > 0) this.#event("client-timeout");
  }

  /** Brings the rate: gaps uniform between 0 and twice the mean, without catching up. */
  async #mainPhase(workers: ActiveWorker[], limitNs: number): Promise<void> {
    const { clock, options, random, workload } = this.config;
    const rate = Number(options.rate ?? 5);
    const end = this.#originNs + limitNs;
    if (rate === 0) return await sleep(clock, limitNs);
    const gaps = random.fork("stagger");
    const generator = workload.generator(this.#generatorContext("main"));
    const pick = roundRobin(workers);
    for (let due = clock.now();;) {
      // What busy workers delay is not caught up with; what a late timer delays is.
      const earliest = clock.now() - TIMER_LATENESS_MS * MS;
      due = Math.max(due, earliest) + gaps.uniform(0, 2 / rate) * SECOND;
      if (due >= end) break;
      if (due > clock.now()) await sleep(clock, due - clock.now());
      const started = await this.#dispatch(workers, pick, generator, end);
      if (!started) break;
    }
    await sleep(clock, end - clock.now());
  }

  /** Starts one operation, as soon as a worker is free that the generator has one for. */
  async #dispatch(
    workers: readonly ActiveWorker[],
    pick: (ready: (worker: ActiveWorker) => boolean) => boolean,
    generator: Generator,
    end: number,
  ): Promise<boolean> {
    const { clock } = this.config;
    while (clock.now() < end) {
      const found = pick((worker) => {
        if (worker.busy) return false;
        const now = clock.now() - this.#originNs;
        const invocation = generator.next(worker, now);
        if (invocation === null) return false;
        worker.perform(invocation, generator);
        return true;
      });
      if (found) return true;
      const busy = workers.filter((worker) => worker.busy);
      await Promise.race([
        ...busy.map((worker) => worker.idle()),
        ...(busy.length < workers.length ? [sleep(clock, MS)] : []),
      ]);
    }
    return false;
  }

  async #finalPhase(workers: ActiveWorker[]): Promise<void> {
    const { clock, workload } = this.config;
    const { generator: make, limitSeconds = Infinity } = workload.final!;
    const end = clock.now() + limitSeconds * SECOND;
    const context = this.#generatorContext("final");
    const generator = make(context, this.#history.ops);
    await Promise.all(workers.map(async (worker) => {
      for (;;) {
        const now = clock.now() - this.#originNs;
        const invocation = generator.next(worker, now);
        if (invocation === null) return;
        if (invocation.delayMs !== undefined) {
          await sleep(clock, invocation.delayMs * MS);
        }
        if (clock.now() >= end) return;
        await worker.perform(invocation, generator);
      }
    }));
  }

  /** Asks every node what the workload wants to know of it after all faults have ended. */
  async #aftermath(healedAt: number): Promise<Aftermath | null> {
    const { clock, workload } = this.config;
    const wanted = workload.aftermath?.(this.#history.ops);
    if (wanted === undefined) return null;
    await sleep(clock, wanted.settleMs * MS);
    const history = new History();
    const nothing: Generator = { next: () => null };
    await Promise.all(this.#nodes.map(async (node, index) => {
      const worker = this.#openWorker(index, node, history);
      for (const invocation of wanted.invocations) {
        await worker.perform({ ...invocation, node }, nothing);
      }
    }));
    const journal = this.#network.journal.events;
    return { history: history.ops, journal, healedAt };
  }

  #openWorkers(): ActiveWorker[] {
    const count = workersOf(this.config.options);
    return Array.from({ length: count }, (_, index) => {
      const node = this.#nodes[index % this.#nodes.length]!;
      return this.#openWorker(index, node, this.#history);
    });
  }

  #openWorker(index: number, node: string, history: History): ActiveWorker {
    const { workload, options, clock } = this.config;
    return new ActiveWorker(
      index,
      node,
      workersOf(options),
      workload,
      workload.timeoutMs(options),
      this.#clients,
      clock,
      this.#originNs,
      history,
    );
  }

  #generatorContext(phase: string): GeneratorContext {
    const { options, random } = this.config;
    const workers = workersOf(options);
    const fork = random.fork(`generator ${phase}`);
    return { random: fork, options, nodes: this.#nodes, workers };
  }

  async #init(node: string): Promise<void> {
    const receive = this.#host.deliver.bind(this.#host, node);
    try {
      this.#host.start(node);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SetupFailed(node, `${node} could not be started: ${reason}`);
    }
    this.#network.register(node, receive);
    const request = { type: "init", node_id: node, node_ids: this.#nodes };
    await this.#setUpCall(node, request, INIT_TIMEOUT_MS, false);
  }

  async #setUp(node: string): Promise<void> {
    const { workload, options } = this.config;
    if (workload.setup === undefined) return;
    const context = this.#generatorContext("set-up");
    const { request } = workload.setup(node, context);
    const timeoutMs = workload.timeoutMs(options);
    await this.#setUpCall(node, request, timeoutMs, true);
  }

  /** One request of the set-up: whatever goes wrong with it ends the run. */
  async #setUpCall(
    node: string,
    request: Body,
    timeoutMs: number,
    closed: boolean,
  ): Promise<void> {
    const client = this.#clients.open();
    try {
      await Promise.race([
        client.rpc(node, request, {}, timeoutMs, { closed }),
        new Promise((_, reject) => this.#onExit.set(node, reject)),
      ]);
    } catch (error) {
      const known = error instanceof NetTimeout ||
        error instanceof ErrorReply || error instanceof MalformedReply ||
        error instanceof SetupFailed;
      if (!known) throw error;
      const lines = this.#host.lastLines(node);
      const last = lines.length === 0
        ? "it wrote nothing to stderr"
        : `its last lines on stderr:\n  ${lines.slice(-8).join("\n  ")}`;
      throw new SetupFailed(
        node,
        `${node} did not get through "${request.type}": ${error.message}; ${last}`,
      );
    } finally {
      this.#onExit.delete(node);
      client.close();
    }
  }

  #startServices(): void {
    const { random, faithful = false } = this.config;
    const services = createServices(random.fork("services"), {
      faithful,
      onEvent: (label: string) => this.#event(label),
    });
    for (const [id, service] of Object.entries(services)) {
      this.#network.register(id, ({ src, body }) => {
        const reply = service.handle(src, body);
        if (reply === null || !this.#network.has(src)) return;
        this.#network.send(id, src, { ...reply, in_reply_to: body.msg_id! });
      });
    }
  }

  /** A node has written a JSON value: Maelstrom's closed schema decides whether it is a message. */
  #sent(node: string, message: unknown): void {
    if (this.#mute.has(node)) return;
    const problem = this.#problem(node, message);
    if (problem !== null) return this.#violation(node, problem);
    const { dest, body } = message as { dest: string; body: Body | null };
    this.#network.send(node, dest, body ?? {});
  }

  #problem(node: string, message: unknown): string | null {
    const text = () => JSON.stringify(message)?.slice(0, 200);
    if (
      typeof message !== "object" || message === null || Array.isArray(message)
    ) {
      return `it wrote a line that is no object: ${text()}`;
    }
    const { src, dest, body, id, ...more } = message as Record<string, Json>;
    if (typeof src !== "string" || typeof dest !== "string") {
      return `src and dest must be strings: ${text()}`;
    }
    if (Object.keys(more).length > 0) {
      return `a message has no "${Object.keys(more)[0]}": ${text()}`;
    }
    if (id !== undefined && !Number.isInteger(id)) {
      return `id must be an integer: ${text()}`;
    }
    if (body === undefined || typeof body !== "object" || Array.isArray(body)) {
      return `body must be an object: ${text()}`;
    }
    if (src !== node) return `it signed a message as ${src}: ${text()}`;
    if (!this.#network.has(dest)) {
      return isClient(dest)
        ? `it answered client ${dest}, which has given up and gone: ${text()}`
        : `it wrote to "${dest}", which is nobody: ${text()}`;
    }
    return null;
  }

  #violation(node: string, text: string): void {
    this.#incident("protocol-violation", node, text);
    if (this.config.faithful) this.#mute.add(node);
  }

  #exited(node: string, how: string): void {
    const last = this.#host.lastLines(node).slice(-8).map((line) =>
      `\n  ${line}`
    );
    const text = `${node} ended (${how})${last.join("")}`;
    this.#incident("process-exit", node, text);
    this.#onExit.get(node)?.(new SetupFailed(node, `it ended: ${how}`));
  }

  #kill(node: string): void {
    this.#incident("kill", node, `${node} was killed`);
    this.#host.kill(node);
  }

  /** Starts a node again and does its set-up again, without waiting for the answers. */
  #restart(node: string): void {
    this.#incident("restart", node, `${node} was started again`);
    this.#host.start(node);
    const request = { type: "init", node_id: node, node_ids: this.#nodes };
    this.#setUpCall(node, request, INIT_TIMEOUT_MS, false)
      .then(() => this.#setUp(node))
      .catch((error) => this.#incident("setup-failed", node, error.message));
  }

  #incident(type: Incident["type"], node: string, text: string): void {
    const time = this.config.clock.now() - this.#originNs;
    this.#incidents.push({ time, node, type, text });
    this.#event(type);
  }

  #event(label: string): void {
    this.config.onEvent?.(label);
  }

  /** Reports progress once a second. */
  #tick(): { stop(): void } {
    const { clock, onProgress } = this.config;
    if (onProgress === undefined) return { stop() {} };
    let cancel = () => {};
    const tick = () => {
      const seconds = (clock.now() - this.#originNs) / SECOND;
      const operations = this.#history.ops.length >> 1;
      onProgress({ phase: this.#phase, seconds, operations });
      cancel = clock.schedule(SECOND, tick);
    };
    cancel = clock.schedule(SECOND, tick);
    return { stop: () => cancel() };
  }
}

/** Tries workers in turn, beginning after the one that was found last. */
function roundRobin<T>(items: readonly T[]) {
  let cursor = 0;
  return (ready: (item: T) => boolean): boolean => {
    for (let i = 0; i < items.length; i++) {
      const at = (cursor + i) % items.length;
      if (ready(items[at]!)) {
        cursor = at + 1;
        return true;
      }
    }
    return false;
  };
}

function latencyOf(options: Options): Latency {
  const distribution = String(options["latency-dist"] ?? "constant");
  if (
    distribution !== "constant" && distribution !== "uniform" &&
    distribution !== "exponential"
  ) {
    throw new Error(
      `Cannot use latency-dist "${distribution}": use constant, uniform or exponential`,
    );
  }
  return { meanMs: Number(options.latency ?? 0), distribution };
}
