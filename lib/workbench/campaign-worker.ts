/** A thread of a campaign: does the runs it is told to, one after the other. */
import { runSeed } from "./campaign.ts";
import type { Simulation } from "./simulate.ts";

// Only what a worker has and a page has not; Deno's types here are those of the main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Simulation>) => void;
  postMessage(message: unknown): void;
};

// A program's stray rejection is the program's business, as in a real process.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
});

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage({ result: await runSeed(data) });
  } catch (error) {
    const text = error instanceof Error ? error.stack : String(error);
    scope.postMessage({ error: `Cannot simulate seed ${data.seed}: ${text}` });
  }
};
