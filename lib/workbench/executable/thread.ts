/** Starts the workbench's threads, by what they do. */
import { carriedParts } from "./carried.ts";

/** The script of each kind of thread. */
const SCRIPTS = {
  campaign: "../campaign/campaign-worker.ts",
  guest: "../commands/guest-worker.ts",
};

/**
 * The thread's own side: hears what it is told, and returns how it answers. A guest that the
 * thread loads cannot answer in its place, nor close it.
 */
export function inThread<Told, Said>(
  hear: (told: Told) => void,
): (said: Said) => void {
  // Only what a worker has and a page lacks; Deno's types here are those of the main thread.
  const scope = globalThis as unknown as {
    postMessage?(message: Said): void;
    close?(): void;
  };
  const say = scope.postMessage!.bind(scope);
  delete scope.postMessage;
  delete scope.close;
  globalThis.addEventListener("message", (event) => {
    hear((event as MessageEvent<Told>).data);
  });
  return say;
}

/**
 * Starts a thread of this kind. Its name tells the kind to an executable, which is one script
 * for all.
 */
export function thread(does: keyof typeof SCRIPTS): Worker {
  const script = carriedParts()?.script ?? import.meta.resolve(SCRIPTS[does]);
  return new Worker(script, { type: "module", name: does });
}
