/** A thread that performs runs, and is watched: a program that loops for ever answers nobody. */
import { Mark } from "./mark.ts";
import { watchMemory } from "./memory.ts";
import { noVerdict, type SeedResult } from "./seed-result.ts";
import type { Simulation } from "./simulate.ts";
import { thread } from "../executable/thread.ts";
import { afterRunning } from "./watch.ts";

/** What a thread says: a result, or that it is alive. */
export type FromThread = SeedResult | "alive";

/** What a thread is told: a run, and where to record what a guest's nodes are doing. */
export type ToThread = Simulation & { memory?: SharedArrayBuffer };

/** Settings of a {@link WatchedThread}. */
export interface ThreadOptions {
  /**
   * After this much silence, in milliseconds, a run is aborted: its program loops for ever. Time in
   * which the process was stopped does not count.
   */
  patienceMs?: number;
  /** The script that the thread runs. */
  script?: string;
}

/** The same for guests, whose every step is recorded, so less patience is needed. */
const GUEST_PATIENCE_MS = 15_000;

/** A thread that is replaced when a run has broken it. */
export class WatchedThread {
  #worker: Worker | null = null;
  readonly #script: string | undefined;
  readonly #patienceMs: number;

  constructor({ script, patienceMs = 120_000 }: ThreadOptions = {}) {
    this.#script = script;
    this.#patienceMs = patienceMs;
  }

  /** Performs a run; `onLoop` is called if it never ends, or takes too much memory: nothing but the end of the process ends that thread. */
  run(simulation: Simulation, onLoop: () => void): Promise<SeedResult> {
    const { promise, resolve } = Promise.withResolvers<SeedResult>();
    let waitNoMore = () => {};
    let watchNoMore = () => {};
    const giveUp = (reason: string) => {
      waitNoMore();
      watchNoMore();
      this.end();
      resolve(noVerdict(simulation.seed, reason));
    };
    const mark = simulation.guest && new Mark();
    if (mark !== undefined) {
      watchNoMore = watchMemory(mark, (sentence) => {
        onLoop();
        giveUp(sentence);
      });
    }
    const patienceMs = mark === undefined
      ? this.#patienceMs
      : Math.min(this.#patienceMs, GUEST_PATIENCE_MS);
    const wait = () => {
      const count = mark?.count;
      waitNoMore = afterRunning(patienceMs, () => {
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
      });
    };
    // A new thread says that it is alive when it can begin: loading may take a while.
    const isNew = this.#worker === null;
    const worker = this.#worker ??= this.#script === undefined
      ? thread("campaign")
      : new Worker(this.#script, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      waitNoMore();
      if (data === "alive") return wait();
      watchNoMore();
      resolve(data);
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
