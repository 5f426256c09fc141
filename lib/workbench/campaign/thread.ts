/** Threads of the workbench, by what they do. */
import { carriedParts } from "../executable/carried.ts";

/** The scripts there are. */
const SCRIPTS = {
  campaign: "./campaign-worker.ts",
  guest: "../commands/guest-worker.ts",
};

/** Starts a thread that does this. Its name says so to an executable, which is one script for all. */
export function thread(does: keyof typeof SCRIPTS): Worker {
  const script = carriedParts()?.script ?? import.meta.resolve(SCRIPTS[does]);
  return new Worker(script, { type: "module", name: does });
}
