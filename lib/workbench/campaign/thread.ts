/** Threads of the workbench, by what they do. */

/** The scripts there are. */
const SCRIPTS = {
  campaign: "./campaign-worker.ts",
  guest: "../commands/guest-worker.ts",
};

/** Starts a thread that does this. */
export function thread(does: keyof typeof SCRIPTS): Worker {
  const script = import.meta.resolve(SCRIPTS[does]);
  return new Worker(script, { type: "module", name: does });
}
