/**
 * The machine under a simulated run, as far as it makes things late. Real nodes share a
 * few processors with each other, with a JVM and with whatever else is going on, so timers
 * fire late, what arrives is read late, and now and then everything stands still. What
 * is under way then, at whichever node, client, service or in the network, is late by that.
 *
 * `quiet` is a machine on which nothing of this happens. `busy` was measured: 25 nodes of
 * `broadcast-3d` with a probe in each, under the real Maelstrom on two processors, with other
 * work of up to one more. Per number, what was seen and what is drawn, which is rather more:
 *
 * - Round trips between two nodes, beyond their latency: 5 % 1 ms, median 7, 90 % 15, 99 % 24,
 *   at most 37. Drawn: {@link INPUT_MS} for each reading of what has arrived.
 * - Of timers, 1 % more than 5 ms late; of these the median 8, 90 % 18. Drawn:
 *   {@link LATE_TIMERS}, {@link LATE_AT_LEAST_MS} and {@link LATE_MS}.
 * - Of the same, 99 % 112, at most 163 ms: while 25 processes were starting, which took 2 s.
 *   Drawn: {@link START_MS}, and {@link START}, pauses of each process.
 * - Twice in 20 s, all nodes late by 45 to 65 ms at once. Drawn: {@link STALLS}.
 * - One process alone standing still, as it does to collect garbage, was in the 90 % above.
 *   Drawn: {@link PAUSES}.
 *
 * `stalled` is `busy` with one stall of {@link STALL_MS} more, at any moment of the main
 * phase: in one real run of seven there was one.
 */
import { type Cancel, type Clock, MS, SECOND } from "./clock.ts";
import type { Random } from "./random.ts";

/** The machines there are. */
export const MACHINES = ["quiet", "busy", "stalled"] as const;

/** One of {@link MACHINES}. */
export type MachineName = (typeof MACHINES)[number];

/** Means and bounds in milliseconds, gaps in seconds. */
const INPUT_MS = 3.7;
const LATE_TIMERS = 0.015;
const LATE_AT_LEAST_MS = 5;
const LATE_MS = 5;
const STALL_MS = 180;

/** Pauses: for how long, and how much time is between them, both uniform. */
interface Habit {
  ms: readonly [from: number, to: number];
  gapS: readonly [from: number, to: number];
}

const STALLS: Habit = { ms: [30, 65], gapS: [1, 9] };
const PAUSES: Habit = { ms: [3, 30], gapS: [1, 29] };
const START: Habit = { ms: [40, 165], gapS: [0.3, 1.5] };
const START_S = 2;
const START_MS = [0, 1_500] as const;

/** After a pause, what waited happens in its order, within this part of the time it waited. */
const CATCHING_UP = 1 / 20;

/** A machine, as one run has it. */
export interface Machine {
  /** The clock of everything on it: what is scheduled for a time when it stands still happens afterwards. */
  readonly clock: Clock;
  /** A new process on it. */
  process(): Process;
}

/** A process on a machine: a node. */
export interface Process {
  /** The same clock, but the process has pauses of its own. */
  readonly clock: Clock;
  /** How much longer than on a quiet machine it takes to start, in milliseconds. */
  startMs(): number;
  /** By how much a timer is late, beyond that; in milliseconds, drawn anew each time. */
  timerMs(): number;
  /** How long it takes until what has arrived is read, likewise. */
  inputMs(): number;
}

/** A machine on which nothing is late. */
export function quietMachine(clock: Clock): Machine {
  const none = () => 0;
  const process = { clock, startMs: none, timerMs: none, inputMs: none };
  return { clock, process: () => process };
}

/**
 * The machine of this name.
 *
 * @param limitNs how long the run's main phase is, within which the stall of `stalled` falls
 */
export function machineOf(
  name: MachineName,
  clock: Clock,
  random: Random,
  limitNs: number,
): Machine {
  if (name === "quiet") return quietMachine(clock);
  const stalls: Iterator<Pause>[] = [habit(STALLS, random.fork("stalls"))];
  if (name === "stalled") {
    const atNs = random.fork("stall").uniform(0, limitNs);
    stalls.push([{ fromNs: atNs, toNs: atNs + STALL_MS * MS }].values());
  }
  const shared = standing(clock, stalls);
  let processes = 0;
  return {
    clock: shared,
    process() {
      const own = random.fork(`process ${processes++}`);
      const born = clock.now();
      const pauses = [
        habit(PAUSES, own.fork("pauses"), born),
        habit(START, own.fork("start"), born, born + START_S * SECOND),
      ];
      return {
        clock: standing(shared, pauses),
        startMs: () => own.uniform(...START_MS),
        timerMs: () =>
          own.chance(LATE_TIMERS)
            ? LATE_AT_LEAST_MS + own.exponential(LATE_MS)
            : 0,
        inputMs: () => own.exponential(INPUT_MS),
      };
    },
  };
}

/** A time during which something stands still. */
interface Pause {
  fromNs: number;
  toNs: number;
}

/** Pauses of one kind, in their order. */
function* habit(
  { ms, gapS }: Habit,
  random: Random,
  beginNs = 0,
  endNs = Infinity,
): Generator<Pause> {
  for (let fromNs = beginNs;;) {
    fromNs += random.uniform(...gapS) * SECOND;
    if (fromNs >= endNs) return;
    const toNs = fromNs + random.uniform(...ms) * MS;
    yield { fromNs, toNs };
    fromNs = toNs;
  }
}

/** A clock on which what falls into a pause happens after it. */
function standing(clock: Clock, kinds: Iterator<Pause>[]): Clock {
  const postponed = kinds.map(postponing);
  return {
    now: () => clock.now(),
    schedule(delayNs: number, task: () => void): Cancel {
      const now = clock.now();
      const due = now + Math.max(0, delayNs);
      const at = postponed.reduce((atNs, postpone) => postpone(atNs), due);
      return clock.schedule(at - now, task);
    },
  };
}

/** When what is due at a moment happens, with these pauses. */
function postponing(pauses: Iterator<Pause>): (dueNs: number) => number {
  const known: Pause[] = [];
  let isOver = false;
  return (dueNs) => {
    while (!isOver && (known.at(-1)?.fromNs ?? -1) <= dueNs) {
      const { value, done } = pauses.next();
      if (done) isOver = true;
      else known.push(value);
    }
    const pause = known.findLast(({ fromNs }) => fromNs <= dueNs);
    if (pause === undefined || dueNs >= pause.toNs) return dueNs;
    return pause.toNs + (dueNs - pause.fromNs) * CATCHING_UP;
  };
}
