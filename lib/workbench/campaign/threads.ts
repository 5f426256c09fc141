/** Seeds in threads: as many runs at a time as there are cores, each in an isolate of its own. */
import { noVerdict, type SeedResult } from "./seed-result.ts";
import type { Simulation } from "./simulate.ts";

/** What a thread says: a result, or that it is getting on. */
export type FromThread = SeedResult | "alive";

/** Settings of {@link runInThreads}. */
export interface ThreadOptions {
  /** How many threads. */
  threads: number;
  /** After so much silence, in milliseconds, a run is given up: its program loops without end. */
  patienceMs?: number;
  /** The script that threads run. */
  script?: string;
}

/** Does the runs of all seeds; `onResult` hears of each as it ends, in no order. */
export async function runInThreads(
  simulation: Omit<Simulation, "seed">,
  seeds: readonly number[],
  options: ThreadOptions,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  const queue = [...seeds];
  const count = Math.min(options.threads, seeds.length);
  const thread = async () => {
    const runner = new Thread(options);
    try {
      for (let seed; (seed = queue.shift()) !== undefined;) {
        onResult(await runner.run({ ...simulation, seed }));
      }
    } finally {
      runner.end();
    }
  };
  await Promise.all(Array.from({ length: count }, thread));
}

/** A thread, which is replaced when a run has broken it. */
class Thread {
  #worker: Worker | null = null;
  readonly #script: string;
  readonly #patienceMs: number;

  constructor({ script, patienceMs = 120_000 }: ThreadOptions) {
    this.#script = script ?? import.meta.resolve("./campaign-worker.ts");
    this.#patienceMs = patienceMs;
  }

  run(simulation: Simulation): Promise<SeedResult> {
    const { promise, resolve } = Promise.withResolvers<SeedResult>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const giveUp = (reason: string) => {
      clearTimeout(timer);
      this.end();
      resolve(noVerdict(simulation.seed, reason));
    };
    const wait = () => {
      const seconds = this.#patienceMs / 1_000;
      const reason =
        `the run stood still for ${seconds} s: the program loops without end`;
      timer = setTimeout(() => giveUp(reason), this.#patienceMs);
    };
    // A new thread says that it is alive when it can begin: loading may take its time.
    const isNew = this.#worker === null;
    const worker = this.#worker ??= new Worker(this.#script, {
      type: "module",
    });
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      clearTimeout(timer);
      if (data === "alive") wait();
      else resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      giveUp(`its thread broke down: ${event.message}`);
    };
    worker.postMessage(simulation);
    if (!isNew) wait();
    return promise;
  }

  end(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
