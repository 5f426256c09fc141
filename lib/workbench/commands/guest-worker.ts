/** The thread in which a guest is simulated, see `watched.ts`. */
import { Mark } from "../campaign/mark.ts";
import { simulateOne } from "./simulate.ts";
import type { WatchedEnd, WatchedRun } from "./watched.ts";

// Only what a worker has and a page lacks; Deno's types here are those of the main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WatchedRun>) => void;
  postMessage(message: WatchedEnd): void;
};

scope.onmessage = async ({ data: { command, memory } }) => {
  try {
    scope.postMessage({ status: await simulateOne(command, new Mark(memory)) });
  } catch (error) {
    const expected = error instanceof Error &&
      error.message.startsWith("Cannot ");
    scope.postMessage({
      error: expected ? error.message : String((error as Error).stack),
    });
  }
};
