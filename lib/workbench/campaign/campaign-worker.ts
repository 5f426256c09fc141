/** A thread of a campaign: performs the runs that it is given, one after the other. */
import { Mark } from "./mark.ts";
import { runSeed } from "./run-seed.ts";
import type { FromThread, ToThread } from "./watched-thread.ts";

// Only what a worker has and a page lacks; Deno's types here are those of the main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToThread>) => void;
  postMessage(message: FromThread): void;
};

const alive = () => scope.postMessage("alive");
alive();

scope.onmessage = async ({ data: { memory, ...simulation } }) => {
  const mark = memory === undefined ? {} : { mark: new Mark(memory) };
  const listeners = { onProgress: alive, ...mark };
  scope.postMessage(await runSeed(simulation, listeners));
};
