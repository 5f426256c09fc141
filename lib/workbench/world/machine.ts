/**
 * The machine that a simulated run runs on, as far as it makes things late. Real nodes share a few
 * processors with each other, with a JVM and with whatever else is going on. So timers fire late,
 * what arrives is read late, and now and then everything stalls. Whatever is in progress then, at
 * a node, a client, a service or in the network, is late by that much.
 *
 * On a `quiet` machine, none of this happens. A `busy` machine follows measurements of 25 nodes of
 * `broadcast-3d`, with a probe in each, under the real Maelstrom on two processors, with other
 * work that took up to one of them. These are the measurements, and the constants from which
 * delays are drawn, which are rather worse:
 *
 * - Round trips between two nodes took, beyond the network's latency, 1 ms (5 %), 7 ms (median),
 *   15 ms (90 %), 24 ms (99 %), and at most 37 ms. See {@link INPUT_MS}, for each time a process
 *   reads what has arrived.
 * - 1 % of timers were more than 5 ms late, half of these by 8 ms or more, 10 % by 18 ms or more.
 *   See {@link LATE_TIMERS}, {@link LATE_AT_LEAST_MS} and {@link LATE_MS}.
 * - 1 % of these were late by 112 ms or more, at most by 163 ms, while 25 processes were starting,
 *   which took 2 s. See {@link START_MS}, and {@link START} for the pauses of each process.
 * - Twice in 20 s, all nodes were late by 45 to 65 ms at once. See {@link STALLS}.
 * - A process that stalls alone, for example to collect garbage, is part of the 10 % above. See
 *   {@link PAUSES}.
 *
 * A `stalled` machine is a busy one with one more stall of {@link STALL_MS}, at any time in the
 * main phase; one in seven real runs had such a stall.
 */
import { type Cancel, type Clock, MS, SECOND } from "./clock.ts";
import type { Random } from "./random.ts";

/** The machines there are. */
export const MACHINES = ["quiet", "busy", "stalled"] as const;

/** One of {@link MACHINES}. */
export type MachineName = (typeof MACHINES)[number];

/** Delays are means and bounds in milliseconds; gaps are in seconds. */
const INPUT_MS = 3.7;
const LATE_TIMERS = 0.015;
const LATE_AT_LEAST_MS = 5;
const LATE_MS = 5;
const STALL_MS = 180;

/** Recurring pauses: their lengths and the gaps between them, both drawn uniformly. */
interface Habit {
  ms: readonly [from: number, to: number];
  gapS: readonly [from: number, to: number];
}

const STALLS: Habit = { ms: [30, 65], gapS: [1, 9] };
const PAUSES: Habit = { ms: [3, 30], gapS: [1, 29] };
const START: Habit = { ms: [40, 165], gapS: [0.3, 1.5] };
const START_S = 2;
const START_MS = [0, 1_500] as const;

/**
 * After a pause, the events that were due in it happen in order, at this fraction of the distances
 * between them.
 */
const CATCHING_UP = 1 / 20;

/** The machine of one run. */
export interface Machine {
  /**
   * The clock of everything on it. An event that is scheduled for a time when the machine stalls
   * happens afterwards.
   */
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
  /** How much later than on a quiet machine a timer fires, in milliseconds; drawn anew each time. */
  timerMs(): number;
  /** How long it takes until a message that has arrived is read, in milliseconds; drawn anew each time. */
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

/** A stretch of time in which something stalls. */
interface Pause {
  fromNs: number;
  toNs: number;
}

/** Pauses of one kind, in the order of time. */
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

/** A clock on which events that are due in a pause happen after it. */
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

/** Returns, for the time when an event is due, the time when it happens, given these pauses. */
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
