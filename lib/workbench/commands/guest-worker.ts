/** The thread in which a guest is simulated, see `watched.ts`. */
import { outliveErrors } from "../campaign/impurities.ts";
import { Mark } from "../campaign/mark.ts";
import { inThread } from "../executable/thread.ts";
import { simulateOne } from "./simulate.ts";
import type { WatchedEnd, WatchedRun } from "./watched.ts";

outliveErrors();
const say = inThread<WatchedRun, WatchedEnd>(async ({ command, memory }) => {
  try {
    say({ status: await simulateOne(command, new Mark(memory)) });
  } catch (error) {
    const expected = error instanceof Error &&
      error.message.startsWith("Cannot ");
    say({ error: expected ? error.message : String((error as Error).stack) });
  }
});
