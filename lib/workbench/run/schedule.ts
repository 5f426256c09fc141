/**
 * When operations begin, and on which worker: the main phase at its rate and the final phase,
 * as Jepsen's generators schedule them.
 */
import { type Clock, MS, SECOND, sleep } from "../world/clock.ts";
import type { Random } from "../world/random.ts";
import type { ActiveWorker } from "./workers.ts";
import type { Generator } from "../workloads/workload.ts";

/** How late timers are on a busy machine, in milliseconds; never in virtual time. */
const TIMER_LATENESS_MS = 5;

/** What a phase needs. */
export interface Phase {
  clock: Clock;
  workers: readonly ActiveWorker[];
  generator: Generator;
  random: Random;
  /** When it ends, on the clock; no operation begins from then on. */
  endNs: number;
}

/**
 * Invokes operations at a rate (per second, over all workers): the first at once, the others at
 * gaps uniform between 0 and twice the mean. What busy workers delay is not made up for.
 */
export async function mainPhase(phase: Phase, rate: number): Promise<void> {
  const { clock, random, endNs } = phase;
  const pick = roundRobin(phase.workers);
  if (rate === 0) return await sleep(clock, endNs - clock.now());
  for (let due = clock.now(); due < endNs;) {
    if (due > clock.now()) await sleep(clock, due - clock.now());
    if (!await dispatch(phase, due, pick)) break;
    // What a late timer delays is made up for.
    const earliest = clock.now() - TIMER_LATENESS_MS * MS;
    due = Math.max(due, earliest) + random.uniform(0, 2 / rate) * SECOND;
  }
  await sleep(clock, endNs - clock.now());
}

/** Every worker performs the generator's operations for it, one after the other. */
export async function finalPhase(phase: Phase): Promise<void> {
  const { clock, generator, random, endNs } = phase;
  // Some of Maelstrom's verdicts depend on which final read is invoked last.
  const workers = random.shuffle(phase.workers);
  await Promise.all(workers.map(async (worker) => {
    for (;;) {
      const next = generator.next(worker, worker.now());
      if (next === null) return;
      const { delayMs, ...invocation } = next;
      if (delayMs !== undefined) await sleep(clock, delayMs * MS);
      if (clock.now() >= endNs) return;
      await worker.perform(invocation, generator);
    }
  }));
}

/** Tries workers in turn until one is ready; returns whether one was. */
type Pick = (ready: (worker: ActiveWorker) => boolean) => boolean;

/** Starts an operation that is due, as soon as the generator has one for a free worker. */
async function dispatch(
  { clock, workers, generator, endNs }: Phase,
  due: number,
  pick: Pick,
): Promise<boolean> {
  for (let at = due; at < endNs; at = clock.now()) {
    const found = pick((worker) => {
      if (worker.busy) return false;
      const invocation = generator.next(worker, worker.now());
      if (invocation === null) return false;
      worker.perform(invocation, generator, at);
      return true;
    });
    if (found) return true;
    const busy = workers.filter((worker) => worker.busy);
    await Promise.race([
      ...busy.map((worker) => worker.idle()),
      ...(busy.length < workers.length ? [sleep(clock, MS)] : []),
    ]);
  }
  return false;
}

/**
 * Jepsen's choice: the first free worker, from a place that advances by one with every
 * operation. The nemesis, the last in the row, is passed over, so the first worker gets its
 * turn too.
 */
function roundRobin(workers: readonly ActiveWorker[]): Pick {
  let cursor = 0;
  return (ready) => {
    for (let i = 0; i <= workers.length; i++) {
      const worker = workers[(cursor + i) % (workers.length + 1)];
      if (worker === undefined || !ready(worker)) continue;
      cursor = (cursor + 1) % (workers.length + 1);
      return true;
    }
    return false;
  };
}
