/**
 * Runs a guest in a watched thread: a handler that never returns would stop the whole
 * workbench, and nothing could name it.
 */
import { Mark } from "../campaign/mark.ts";
import { watchMemory } from "../campaign/memory.ts";
import { afterRunning } from "../campaign/watch.ts";
import { thread } from "../executable/thread.ts";
import { printJson } from "../terminal/print.ts";
import type { SimulateCommand } from "./simulate.ts";

/** What the thread is told. */
export interface WatchedRun {
  command: SimulateCommand;
  memory: SharedArrayBuffer;
}

/** What the thread says: the exit status, or why there is none. */
export type WatchedEnd = { status: number } | { error: string };

/** How long a node may take for one step, in milliseconds. */
const PATIENCE_MS = 15_000;

/** What `--json` prints of a run that has no end. */
function withoutVerdict(
  { simulation: { name }, seeds: [seed] }: SimulateCommand,
  sentence: string,
): object {
  const anomalies = [{ type: "no-verdict", because: [sentence] }];
  return {
    results: { "valid?": "unknown", error: sentence },
    strict: { "valid?": "unknown", anomalies, notes: [] },
    folder: null,
    seed,
    program: name,
  };
}

/** Performs the run of a command; returns the exit status. */
export function watched(
  command: SimulateCommand,
  patienceMs = PATIENCE_MS,
  mostBytes?: number,
): Promise<number> {
  const mark = new Mark();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const worker = thread("guest");
  const breakOff = (sentence: string) => {
    console.error(sentence);
    if (command.json) printJson(withoutVerdict(command, sentence));
    resolve(1);
  };
  let count = -1, quietMs = 0;
  let watchNoStep = () => {};
  const look = () => {
    watchNoStep = afterRunning(patienceMs, look);
    if (mark.count === 0 || mark.count !== count) {
      count = mark.count;
      quietMs = 0;
      return;
    }
    quietMs += patienceMs;
    // The first mark is that the module has been loaded, which may take longer than any step.
    if (count === 1 && quietMs < PATIENCE_MS) return;
    breakOff(
      `${command.simulation.name} never returns: ${mark.text} has been at it for ${
        patienceMs / 1_000
      } s. In a real run the node would be silent from then on`,
    );
  };
  watchNoStep = afterRunning(patienceMs, look);
  const watchNoMore = watchMemory(mark, (sentence) => {
    breakOff(`${command.simulation.name} is broken off: ${sentence}`);
  }, mostBytes);
  worker.onmessage = ({ data }: MessageEvent<WatchedEnd>) => {
    if ("status" in data) resolve(data.status);
    else reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Cannot simulate on: ${event.message}`));
  };
  worker.postMessage(
    { command, memory: mark.memory } satisfies WatchedRun,
  );
  return promise.finally(() => {
    watchNoStep();
    watchNoMore();
    worker.terminate();
  });
}
