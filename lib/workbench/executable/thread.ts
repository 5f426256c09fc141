/** Starts the workbench's threads, by what they do. */
import { carriedParts } from "./carried.ts";

/** The script of each kind of thread. */
const SCRIPTS = {
  campaign: "../campaign/campaign-worker.ts",
  guest: "../commands/guest-worker.ts",
};

/**
 * Starts a thread of this kind. Its name tells the kind to an executable, which is one script
 * for all.
 */
export function thread(does: keyof typeof SCRIPTS): Worker {
  const script = carriedParts()?.script ?? import.meta.resolve(SCRIPTS[does]);
  return new Worker(script, { type: "module", name: does });
}
