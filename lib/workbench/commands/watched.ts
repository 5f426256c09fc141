/**
 * A guest's run in a thread that is watched: a handler that never returns would stop
 * the whole workbench, and nobody could say which.
 */
import { Mark } from "../campaign/mark.ts";
import { thread } from "../campaign/thread.ts";
import type { SimulateCommand } from "./simulate.ts";

/** What the thread is told. */
export interface WatchedRun {
  command: SimulateCommand;
  memory: SharedArrayBuffer;
}

/** What the thread says: the exit status, or why there is none. */
export type WatchedEnd = { status: number } | { error: string };

/** So long may a node take for one thing, in milliseconds. */
const PATIENCE_MS = 15_000;

/** Does the run of a command; gives the exit status. */
export function watched(
  command: SimulateCommand,
  patienceMs = PATIENCE_MS,
): Promise<number> {
  const mark = new Mark();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const worker = thread("guest");
  let count = -1, quietMs = 0;
  const watch = setInterval(() => {
    if (mark.count === 0 || mark.count !== count) {
      count = mark.count;
      quietMs = 0;
      return;
    }
    quietMs += patienceMs;
    // What is noted first is that the module is loaded, which may take longer than any step.
    if (count === 1 && quietMs < PATIENCE_MS) return;
    console.error(
      `${command.simulation.name} never returns: ${mark.text} has been at it for ${
        patienceMs / 1_000
      } s. In a real run the node would be silent from then on`,
    );
    resolve(1);
  }, patienceMs);
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
    clearInterval(watch);
    worker.terminate();
  });
}
