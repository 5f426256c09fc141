/** A thread of a campaign: performs the runs that it is given, one after the other. */
import { inThread } from "../executable/thread.ts";
import { outliveErrors } from "./impurities.ts";
import { Mark } from "./mark.ts";
import { runSeed } from "./run-seed.ts";
import type { FromThread, ToThread } from "./watched-thread.ts";

let outlives = false;

const say = inThread<ToThread, FromThread>(
  async ({ memory, ...simulation }) => {
    if (simulation.guest !== undefined && !outlives) {
      outliveErrors();
      outlives = true;
    }
    const mark = memory === undefined ? {} : { mark: new Mark(memory) };
    const listeners = { onProgress: () => say("alive"), ...mark };
    say(await runSeed(simulation, listeners));
  },
);
say("alive");
