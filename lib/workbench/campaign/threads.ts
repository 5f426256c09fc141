/** Runs seeds in threads: as many at a time as there are cores, each in its own isolate. */
import { Mark } from "./mark.ts";
import { noVerdict, type SeedResult } from "./seed-result.ts";
import type { Simulation } from "./simulate.ts";
import { thread } from "./thread.ts";

/** What a thread says: a result, or that it is alive. */
export type FromThread = SeedResult | "alive";

/** Settings of {@link runInThreads}. */
export interface ThreadOptions {
  /** How many threads. */
  threads: number;
  /** After this much silence, in milliseconds, a run is aborted: its program loops for ever. */
  patienceMs?: number;
  /** The script that threads run. */
  script?: string;
  /** When aborted, current runs are finished and no others begin. */
  signal?: AbortSignal;
}

/** The same for guests, whose every step is recorded, so less patience is needed. */
const GUEST_PATIENCE_MS = 15_000;

/** Nothing ends a thread that loops, and each takes a core: after this many no more are started. */
const LOOPING_AT_MOST = 3;

/** What a thread is told: a run, and where to record what a guest's nodes are doing. */
export type ToThread = Simulation & { memory?: SharedArrayBuffer };

/**
 * Performs runs; `onResult` is called for each as it ends, in no order, with how many
 * milliseconds it took. When too many have looped for ever, those that have not begun are left
 * out.
 */
export async function runInThreads(
  simulations: readonly Simulation[],
  options: ThreadOptions,
  onResult: (result: SeedResult, simulation: Simulation, ms: number) => void,
): Promise<void> {
  const queue = simulations.values();
  const { signal } = options;
  const count = Math.min(options.threads, simulations.length);
  let looping = 0;
  const work = async () => {
    const runner = new Thread(options);
    try {
      for (const simulation of queue) {
        if (signal?.aborted || looping >= LOOPING_AT_MOST) return;
        const began = performance.now();
        const result = await runner.run(simulation, () => looping++);
        onResult(result, simulation, performance.now() - began);
      }
    } finally {
      runner.end();
    }
  };
  await Promise.all(Array.from({ length: count }, work));
}

/** A thread that is replaced when a run has broken it. */
class Thread {
  #worker: Worker | null = null;
  readonly #script: string | undefined;
  readonly #patienceMs: number;

  constructor({ script, patienceMs = 120_000 }: ThreadOptions) {
    this.#script = script;
    this.#patienceMs = patienceMs;
  }

  /** Performs a run; `onLoop` is called if it never ends. */
  run(simulation: Simulation, onLoop: () => void): Promise<SeedResult> {
    const { promise, resolve } = Promise.withResolvers<SeedResult>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const giveUp = (reason: string) => {
      clearTimeout(timer);
      this.end();
      resolve(noVerdict(simulation.seed, reason));
    };
    const mark = simulation.guest && new Mark();
    const patienceMs = mark === undefined
      ? this.#patienceMs
      : Math.min(this.#patienceMs, GUEST_PATIENCE_MS);
    const wait = () => {
      const count = mark?.count;
      timer = setTimeout(() => {
        // At 0 the judges are busy, not the program.
        if (mark !== undefined && (mark.count === 0 || mark.count !== count)) {
          return wait();
        }
        const at = mark === undefined ? "" : `, last ${mark.text}`;
        onLoop();
        giveUp(
          `the run stood still for ${
            patienceMs / 1_000
          } s: the program loops without end${at}`,
        );
      }, patienceMs);
    };
    // A new thread says that it is alive when it can begin: loading may take a while.
    const isNew = this.#worker === null;
    const worker = this.#worker ??= this.#script === undefined
      ? thread("campaign")
      : new Worker(this.#script, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      clearTimeout(timer);
      if (data === "alive") wait();
      else resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      giveUp(`its thread broke down: ${event.message}`);
    };
    const memory = mark === undefined ? {} : { memory: mark.memory };
    worker.postMessage({ ...simulation, ...memory } satisfies ToThread);
    if (!isNew) wait();
    return promise;
  }

  end(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
