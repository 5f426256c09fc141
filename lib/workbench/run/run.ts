/**
 * One run, from the first `init` to the last reply: set-up, main phase under faults, quiet,
 * final phase, and the questions of the strict judge afterwards. The same code drives real
 * processes in real time and modules in virtual time.
 */
import { Clients } from "../world/client.ts";
import { type Clock, MS, SECOND, sleep } from "../world/clock.ts";
import type { OpenHost } from "../world/host.ts";
import {
  type ActiveFaults,
  checkFaults,
  type Faults,
  maelstromNemesis,
  noFaults,
} from "../world/faults.ts";
import {
  type Aftermath,
  type Calm,
  History,
  type Op,
  type Recording,
} from "../history/history.ts";
import {
  networkMs,
  nodesOf,
  type Options,
  workersOf,
} from "../history/options.ts";
import { Journal } from "../world/journal.ts";
import { LongLists } from "../history/lists.ts";
import { StormWatch } from "../world/storm.ts";
import { latencyOf, Network } from "../world/network.ts";
import { quote } from "../world/protocol.ts";
import { Nodes, type NodesSettings, SetupFailed } from "../world/nodes.ts";
import { type Random, seeded } from "../world/random.ts";
import { ask } from "./questions.ts";
import { finalPhase, mainPhase } from "./schedule.ts";
import { createServices } from "../world/services.ts";
import { Incidents } from "./incidents.ts";
import { ActiveWorker } from "./workers.ts";
import type {
  Generator,
  GeneratorContext,
  Questions,
  Workload,
} from "../workloads/workload.ts";

/** Silence between the main phase and the final one, in seconds. */
const QUIET_SECONDS = 10;

/** When the calm begins, in seconds after the last fault: until then nodes elect and catch up. */
const RECOVERY_SECONDS = 5;

/** How long the calm lasts, and at most how many operations begin in each second of it. */
const CALM = { seconds: 2, rate: 60 };

/** A timer this late shows that nothing was running. */
const STANDSTILL_NS = 2 * SECOND;

/** What a run is made of. */
export interface RunConfig {
  workload: Workload;
  options: Options;
  openHost: OpenHost;
  clock: Clock;
  random: Random;
  /** Faults to use instead of those that the options ask for. */
  faults?: Faults;
  /**
   * Mutes a node after a malformed line and lets seq-kv go backwards, as Maelstrom does.
   * Otherwise the first is only reported, and the second never happens.
   */
  faithful?: boolean;
  /** Goes on with the workload's operations when all else is over; not, if not given. */
  calm?: boolean;
  /** Keeps only the heads of messages that touch no client; all, if not given. */
  headsAlone?: boolean;
  /** How many elements of long lists are kept, for tests. */
  elementsKept?: number;
  /** Called for every {@link Label}, for tests. */
  onEvent?(label: string): void;
  /** Called about once a second of the run's own time. */
  onProgress?(progress: Progress): void;
}

/** How far a run is. */
export interface Progress {
  phase: "set-up" | "main" | "quiet" | "final" | "aftermath" | "calm";
  /** Seconds since the main phase began. */
  seconds: number;
  operations: number;
}

/**
 * Does one run. A node that fails is in the recording's incidents, not an exception.
 *
 * @throws {RangeError} as {@link checkOptions}
 */
export async function performRun(config: RunConfig): Promise<Recording> {
  const run = new Run(config);
  try {
    return await run.perform();
  } finally {
    await run.stop();
  }
}

/**
 * Refuses options that the workload cannot be run with, before anything starts.
 *
 * @throws {RangeError} the message says which
 */
export function checkOptions(workload: Workload, options: Options): void {
  latencyOf(options);
  checkFaults(options);
  workload.generator({
    random: seeded(0),
    options,
    nodes: nodesOf(options),
    workers: workersOf(options),
  });
}

/** The run is to be broken off; the message says in what state. */
class BrokenOff extends Error {}

class Run {
  readonly #ids: string[];
  readonly #lists: LongLists;
  readonly #history: History;
  readonly #incidents = new Incidents();
  readonly #network: Network;
  readonly #clients: Clients;
  readonly #nodes: Nodes;
  readonly #restarts: Promise<void>[] = [];
  readonly #storm: StormWatch;
  /** Rejects when the run must be aborted. */
  readonly #stopped = Promise.withResolvers<never>();
  #workers: ActiveWorker[] = [];
  /** The operations of the main phase, and of the calm. */
  readonly #generator: Generator;
  #originNs = 0;
  #phase: Progress["phase"] = "set-up";

  constructor(private readonly config: RunConfig) {
    const { options, clock, random, workload, openHost } = config;
    const onEvent = (label: string) => config.onEvent?.(label);
    this.#ids = nodesOf(options);
    this.#lists = new LongLists(config.elementsKept, () =>
      this.#breakOff(
        "as what clients had read filled the memory: take a lower --rate or --time-limit",
      ));
    this.#history = new History(this.#lists);
    this.#generator = workload.generator(this.#context("main"));
    this.#network = new Network(
      clock,
      random.fork("latency"),
      latencyOf(options),
      this.#newJournal(),
      onEvent,
    );
    this.#storm = new StormWatch(
      new Set(this.#ids),
      () => this.#breakOff("in a message storm without end"),
    );
    this.#network.watch = (now, packet, author) =>
      this.#storm.sent(now, packet, author);
    this.#clients = new Clients(
      this.#network,
      clock,
      () => onEvent("client-timeout"),
    );
    this.#nodes = new Nodes({
      ids: this.#ids,
      openHost,
      network: this.#network,
      clients: this.#clients,
      setupOf: (node) => {
        const setup = workload.setup?.(node, this.#context("set-up"));
        if (setup === undefined) return null;
        return { ...setup, timeoutMs: workload.timeoutMs(options) };
      },
      faithful: config.faithful ?? false,
      report: (...what) => this.#report(...what),
    });
  }

  stop(): Promise<void> {
    return this.#nodes.stop();
  }

  async perform(): Promise<Recording> {
    const { options, workload } = this.config;
    const recording: Recording = {
      workload: workload.name,
      options,
      history: this.#history.ops,
      journal: this.#network.journal,
      incidents: this.#incidents.all,
      ...(this.config.faithful ? { faithful: true } : {}),
    };
    const ticking = this.#tick();
    try {
      await Promise.race([this.#chapters(recording), this.#stopped.promise]);
    } catch (error) {
      if (error instanceof SetupFailed) {
        this.#report("setup-failed", error.node, error.message);
      } else if (!(error instanceof BrokenOff)) throw error;
      if (recording.journalOrigin === undefined) this.#begin();
      if (error instanceof BrokenOff) this.#endRecording(error.message);
    } finally {
      ticking.stop();
    }
    this.#reportStorms();
    return recording;
  }

  /** All that happens in a run that is not aborted. */
  async #chapters(recording: Recording): Promise<void> {
    const { clock } = this.config;
    this.#startServices();
    await this.#nodes.setUp();
    this.#begin();
    recording.journalOrigin = this.#originNs;
    const deserted = this.#nodes.deserted.promise.then(() => {
      throw new BrokenOff("as no node was left");
    });
    const faults = await Promise.race([this.#maelstromRun(), deserted]);
    // Maelstrom's run ends here: the rest is for the strict judge alone.
    const healedAt = clock.now() - this.#originNs;
    this.#network.journal = this.#newJournal();
    faults.end();
    await Promise.all(this.#restarts);
    const aftermath = await this.#aftermath(healedAt);
    if (aftermath !== null) recording.aftermath = aftermath;
    if (this.config.calm) recording.calm = await this.#calm(healedAt);
    this.#nodes.reportUnended();
  }

  #newJournal(): Journal {
    const { headsAlone = false } = this.config;
    return new Journal({ headsAlone, lists: this.#lists });
  }

  /** Ends the run; what has been recorded is judged. */
  #breakOff(reason: string): void {
    this.#stopped.reject(new BrokenOff(reason));
  }

  /** Records nothing more, since it would fill the memory, but why. */
  #endRecording(reason: string): void {
    this.#network.journal = this.#newJournal();
    const seconds = ((this.config.clock.now() - this.#originNs) / SECOND)
      .toFixed(3);
    const text = `the run was broken off at ${seconds} s, ${reason}`;
    this.#report("stopped", this.#ids[0]!, text);
  }

  #reportStorms(): void {
    for (const text of this.#storm.storms(this.config.clock.now())) {
      this.#report("message-storm", text.split(" ")[0]!, text);
    }
  }

  /** The history's time begins: what came before has negative times. */
  #begin(): void {
    this.#originNs = this.config.clock.now();
    for (const incident of this.#incidents.all) incident.time -= this.#originNs;
  }

  /** The run as Maelstrom makes it, from the first operation to the last. */
  async #maelstromRun(): Promise<ActiveFaults> {
    const { options, workload, clock, random } = this.config;
    const workers = this.#workers = this.#openWorkers();
    const limitNs = Number(options["time-limit"] ?? 60) * SECOND;
    const faults = this.#beginFaults(limitNs);
    this.#phase = "main";
    const endNs = this.#originNs + limitNs;
    await mainPhase({
      clock,
      workers,
      generator: this.#generator,
      random: random.fork("stagger"),
      endNs,
    }, Number(options.rate ?? 5));
    await Promise.all(workers.map((worker) => worker.idle()));
    if (workload.final === undefined) return faults;

    faults.end();
    this.#phase = "quiet";
    await sleep(clock, QUIET_SECONDS * SECOND);
    const before = this.config.calm && workload.beforeFinal;
    if (before) {
      await this.#askAll(this.#ids.map(() => before(this.#history.ops)));
    }
    this.#phase = "final";
    const { generator: make, limitSeconds = Infinity } = workload.final;
    await finalPhase({
      clock,
      workers,
      generator: make(this.#context("final"), this.#history.ops),
      random: random.fork("final order"),
      endNs: clock.now() + limitSeconds * SECOND,
    });
    return faults;
  }

  #beginFaults(limitNs: number): ActiveFaults {
    const { clock, options, random, faults } = this.config;
    const official = options.nemesis === undefined
      ? noFaults
      : maelstromNemesis;
    return (faults ?? official)({
      clock,
      originNs: this.#originNs,
      limitNs,
      network: this.#network,
      nodes: this.#ids,
      options,
      random: random.fork("faults"),
      history: this.#history,
      kill: (node) => {
        const busy = this.#workers.some((worker) =>
          worker.busy && worker.node === node
        );
        if (busy) this.config.onEvent?.("kill-mid-operation");
        this.#nodes.kill(node);
      },
      restart: (node) => void this.#restarts.push(this.#nodes.restart(node)),
      pause: (node) => this.#nodes.pause(node),
      resume: (node) => this.#nodes.resume(node),
    });
  }

  /** Asks every node the workload's questions, after all faults have ended. */
  async #aftermath(healedAt: number): Promise<Aftermath | null> {
    const { clock, workload, options } = this.config;
    if (workload.aftermath === undefined) return null;
    const questions = this.#ids.map((_, index) =>
      workload.aftermath!(this.#history.ops, index)
    );
    this.#phase = "aftermath";
    await sleep(clock, (questions[0]!.settleMs + networkMs(options, 4)) * MS);
    const history = await this.#askAll(questions);
    const { journal } = this.#network;
    return { history, journal, healedAt };
  }

  /** Asks each node its questions; returns the operations. */
  async #askAll(questions: readonly Questions[]): Promise<Op[]> {
    const history = new History(this.#lists);
    await Promise.all(this.#ids.map((node, index) => {
      const worker = this.#openWorker(index, node, history);
      const hasEnded = () => this.#nodes.hasEnded(node);
      return ask(worker, questions[index]!, this.config.clock, hasEnded);
    }));
    return history.ops;
  }

  /**
   * Goes on with the operations of the main phase. It comes last, since new operations may carry
   * to other nodes what was left behind before the heal, and hide that it had been.
   */
  async #calm(healedAt: number): Promise<Calm> {
    const { clock, random, options } = this.config;
    const beginsNs = this.#originNs + healedAt + RECOVERY_SECONDS * SECOND;
    await sleep(clock, Math.max(0, beginsNs - clock.now()));
    this.#phase = "calm";
    const journal = this.#network.journal = this.#newJournal();
    const history = new History(this.#lists);
    const workers = this.#workers.map(({ index, node, process }) => {
      const worker = this.#openWorker(index, node, history);
      worker.process = process;
      return worker;
    });
    await mainPhase({
      clock,
      workers,
      generator: this.#generator,
      random: random.fork("calm"),
      endNs: clock.now() + CALM.seconds * SECOND,
    }, Math.min(Number(options.rate ?? 5), CALM.rate));
    await Promise.all(workers.map((worker) => worker.idle()));
    return { history: history.ops, journal };
  }

  #openWorkers(): ActiveWorker[] {
    const count = workersOf(this.config.options);
    return Array.from({ length: count }, (_, index) => {
      const node = this.#ids[index % this.#ids.length]!;
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

  #context(phase: string): GeneratorContext {
    const { options, random } = this.config;
    const fork = random.fork(`generator ${phase}`);
    const workers = workersOf(options);
    return { random: fork, options, nodes: this.#ids, workers };
  }

  #startServices(): void {
    const { random, faithful = false, onEvent = () => {} } = this.config;
    const services = createServices(random.fork("services"), {
      faithful,
      onEvent,
    });
    for (const [id, service] of Object.entries(services)) {
      this.#network.register(id, ({ src, body }) => {
        const reply = service.handle(src, body);
        if (reply === null) {
          const known = id === "lin-tso" ? "ts" : "read, write and cas";
          const text = `${src} asked ${id} ${
            quote(body)
          }, which it never answers: it knows ${known}`;
          this.#report("unknown-to-service", src, text);
        } else if (this.#network.has(src)) this.#network.send(id, src, reply);
      });
    }
  }

  #report(
    ...[type, node, text, request]: Parameters<NodesSettings["report"]>
  ): void {
    this.config.onEvent?.(type);
    const time = this.config.clock.now() - this.#originNs;
    const incident = { time, node, type, text };
    this.#incidents.add(request ? { ...incident, request } : incident);
  }

  /** Reports a standstill of the workbench itself, if its own timer is too late. */
  #standstill(lateNs: number): void {
    if (lateNs < STANDSTILL_NS) return;
    const seconds = (lateNs / SECOND).toFixed(1);
    const text = `the workbench itself had stood still for ${seconds} s`;
    this.#report("stood-still", this.#ids[0]!, text);
  }

  /** Reports progress once a second, and a standstill if that is late. */
  #tick(): { stop(): void } {
    const { clock, onProgress } = this.config;
    if (onProgress === undefined) return { stop() {} };
    let cancel = () => {};
    let dueNs = clock.now() + SECOND;
    const tick = () => {
      this.#standstill(clock.now() - dueNs);
      dueNs = clock.now() + SECOND;
      const seconds = (clock.now() - this.#originNs) / SECOND;
      const operations = this.#history.ops.length >> 1;
      onProgress({ phase: this.#phase, seconds, operations });
      cancel = clock.schedule(SECOND, tick);
    };
    cancel = clock.schedule(SECOND, tick);
    return { stop: () => cancel() };
  }
}
