/** Asks the nodes what the strict judge wants to know, when Maelstrom's part of a run is over. */
import { type Clock, MS, SECOND, sleep } from "../world/clock.ts";
import { isTimeout } from "../history/history.ts";
import type { Generator, Questions } from "../workloads/workload.ts";
import type { ActiveWorker } from "./workers.ts";

/** How often a question is asked at most, since a store may abort, and milliseconds between two tries. */
const TRIES = 5;
const RETRY_MS = 1_000;

/** After this time, in seconds, questions are no longer repeated. */
const ASKING_SECONDS = 120;

const NO_GENERATOR: Generator = { next: () => null };

/**
 * Asks one node these questions, and repeats those that it refused or did not answer. A node that
 * has ended is asked nothing, and one that answers none of {@link TRIES} requests no more.
 *
 * @param hasEnded whether the node's process has ended by itself
 */
export async function ask(
  worker: ActiveWorker,
  { invocations, again }: Questions,
  clock: Clock,
  hasEnded: () => boolean,
): Promise<void> {
  const { node } = worker;
  const giveUpAt = clock.now() + ASKING_SECONDS * SECOND;
  let requests = 0;
  let hasAnswered = false;
  for (const { once = false, ...invocation } of invocations) {
    let tries = 0;
    for (;;) {
      if (hasEnded() || !hasAnswered && requests++ === TRIES) return;
      const op = await worker.perform({ ...invocation, node }, NO_GENERATOR);
      hasAnswered ||= !isTimeout(op);
      const delay = op.type === "ok"
        ? again?.(op) ?? null
        : once || ++tries === TRIES
        ? null
        : RETRY_MS;
      if (delay === null || clock.now() >= giveUpAt) break;
      await sleep(clock, delay * MS);
    }
  }
}
