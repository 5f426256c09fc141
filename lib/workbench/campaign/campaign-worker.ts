/** A thread of a campaign: does the runs it is told to, one after the other. */
import { runSeed } from "./seed-result.ts";
import type { Simulation } from "./simulate.ts";
import type { FromThread } from "./threads.ts";

// Only what a worker has and a page has not; Deno's types here are those of the main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Simulation>) => void;
  postMessage(message: FromThread): void;
};

const alive = () => scope.postMessage("alive");
alive();

scope.onmessage = async ({ data }) => {
  scope.postMessage(await runSeed(data, { onProgress: alive }));
};
