/** The thread in which a guest is simulated, see `watched.ts`. */
import { outliveErrors } from "../campaign/impurities.ts";
import { Mark } from "../campaign/mark.ts";
import { inThread } from "../executable/thread.ts";
import { simulateOne } from "./simulate.ts";
import type { WatchedEnd, WatchedRun } from "./watched.ts";

/** Stands still until the process has ended. */
function stand(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

outliveErrors();
const say = inThread<WatchedRun, WatchedEnd>(async ({ command, memory }) => {
  try {
    const mark = new Mark(memory);
    const exit = (status: number) => {
      say({ status });
      stand();
    };
    say({ status: await simulateOne(command, { mark, exit }) });
  } catch (error) {
    const expected = error instanceof Error &&
      error.message.startsWith("Cannot ");
    say({ error: expected ? error.message : String((error as Error).stack) });
  }
});
