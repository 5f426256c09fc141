/** A watch that stops when the process does: by SIGSTOP, or because the machine sleeps. */

/** In how many steps it counts. */
const STEPS = 20;

/**
 * Calls back once, when this process has run for so long.
 *
 * A timer would also count the time for which the process could do nothing, and blame what was to be
 * done in it.
 *
 * @returns a function that stops the watch
 */
export function afterRunning(ms: number, task: () => void): () => void {
  let steps = 0;
  const timer = setInterval(() => {
    if (++steps < STEPS) return;
    clearInterval(timer);
    task();
  }, ms / STEPS);
  return () => clearInterval(timer);
}
