/**
 * Two clocks with one interface: the wall clock for real processes, and a virtual clock whose time
 * jumps from event to event, which makes a simulated run fast and exactly repeatable. Times are
 * nanoseconds since the clock was made.
 */
import { setImmediate } from "node:timers";
import { Heap } from "./heap.ts";

/** Nanoseconds in a millisecond and in a second. */
export const MS = 1e6;
export const SECOND = 1e9;

/**
 * More events than this in a second are an avalanche. It is many times what 100 nodes need at a rate
 * of 1000, and enough to recognise a storm; a run with more would take practically for ever.
 */
const EVENTS_PER_SECOND = 4_000_000;

/** A run in virtual time will never end; the message says why. */
export class Stuck extends Error {
  override name = "Stuck";
}

/** Counts events, and throws when there are so many in a second that they would never end. */
export class Avalanche {
  #second = 0;
  #count = 0;

  constructor(
    private readonly what: string,
    /** More than this many within a second of virtual time are an avalanche. */
    private readonly limit: number,
  ) {}

  /**
   * Counts one more.
   *
   * @throws {Stuck} this event is one too many
   */
  count(nowNs: number): void {
    if (nowNs >= this.#second) {
      this.#second = nowNs + SECOND;
      this.#count = 0;
    } else if (++this.#count > this.limit) {
      throw new Stuck(
        `more than ${this.limit} ${this.what} within a second, at ${
          (nowNs / SECOND).toFixed(3)
        } s: it would go on for ever`,
      );
    }
  }
}

/** Cancels what was scheduled. */
export type Cancel = () => void;

/** Tells the time, and schedules events. */
export interface Clock {
  /** Nanoseconds since the clock was made: an integer that never decreases. */
  now(): number;
  /** Calls a task once, `delayNs` from now. */
  schedule(delayNs: number, task: () => void): Cancel;
}

/** Resolves `delayNs` from now. */
export function sleep(clock: Clock, delayNs: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(delayNs, resolve));
}

/** The longest delay of the host's timers, in milliseconds: they treat a longer one as 0. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The wall clock. Its timers have the host's precision: they may be early by less than a millisecond. */
export class RealClock implements Clock {
  readonly #origin = performance.now();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  now(): number {
    return Math.round((performance.now() - this.#origin) * MS);
  }

  schedule(delayNs: number, task: () => void): Cancel {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, Math.min(Math.max(0, delayNs) / MS, LONGEST_DELAY_MS));
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Cancels all that is scheduled. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** A scheduled event; its task is null once it has happened or was cancelled. */
interface Scheduled {
  task: (() => void) | null;
}

/** Up to this many cancelled events are left in the heap. */
const CANCELLED_KEPT = 256;

/** A clock that moves on only when there is nothing left to do at the current time. */
export class VirtualClock implements Clock {
  readonly #events = new Heap<Scheduled>();
  /** How many of the events in the heap have been cancelled. */
  #cancelled = 0;
  #now = 0;

  readonly #avalanche: Avalanche;
  #isRunning = false;

  /** @param eventsPerSecond more events than this in a second are an avalanche */
  constructor(eventsPerSecond = EVENTS_PER_SECOND) {
    this.#avalanche = new Avalanche("events", eventsPerSecond);
  }

  now(): number {
    return this.#now;
  }

  /**
   * Whether an event, or what follows from it, is happening now: whatever happens at other times
   * comes from the machine.
   */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  schedule(delayNs: number, task: () => void): Cancel {
    const event: Scheduled = { task };
    this.#events.push(this.#now + Math.max(0, Math.round(delayNs)), event);
    return () => {
      if (event.task === null) return;
      event.task = null;
      this.#cancelled++;
      this.#forgetCancelled();
    };
  }

  /** Drops cancelled events when they are the majority. Nearly all timeouts of calls are cancelled. */
  #forgetCancelled(): void {
    const count = this.#cancelled;
    if (count < CANCELLED_KEPT || 2 * count < this.#events.size) return;
    this.#events.keep(({ task }) => task !== null);
    this.#cancelled = 0;
  }

  /**
   * Lets events happen, in order, until the promise settles.
   *
   * Before the next event, everything that waits for promises settled by the last one runs to
   * completion. So a program in virtual time must not wait for anything but its node.
   *
   * @param limitNs by when the promise must settle
   * @throws {Stuck} it will never settle
   */
  async run<T>(work: Promise<T>, limitNs = Infinity): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    await inTurns(() => {
      if (!settled) this.#step(limitNs);
      return settled;
    }, (isRunning) => this.#isRunning = isRunning);
    return await work;
  }

  /** Lets the next event happen. */
  #step(limitNs: number): void {
    for (;;) {
      const at = this.#events.minimum;
      if (at === Infinity || at > limitNs) {
        throw new Stuck(
          at === Infinity
            ? "nothing is left to happen"
            : `it is not over after ${limitNs / SECOND} s`,
        );
      }
      const event = this.#events.pop()!;
      const { task } = event;
      if (task === null) {
        this.#cancelled--;
        continue;
      }
      event.task = null;
      this.#avalanche.count(at);
      this.#now = at;
      return task();
    }
  }
}

/** An internal function of Deno's event loop: settles all promises that can settle. */
const { runMicrotasks } = ((Deno as unknown as {
  [internal: symbol]: { core?: { runMicrotasks?(): void } };
})[(Deno as unknown as { internal: symbol }).internal]?.core) ?? {};

/**
 * How many steps are taken in one turn of the event loop, since a turn costs as much as a step. It
 * is one if promises settle only at the end of a turn.
 */
const STEPS = runMicrotasks === undefined ? 1 : 256;

/**
 * Calls `step` until it returns true. Between two steps, all promises that can settle do.
 *
 * @param tell called with true before steps are taken, and with false after the last for now
 */
function inTurns(
  step: () => boolean,
  tell: (isRunning: boolean) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = () => {
      tell(true);
      try {
        for (let i = 0; i < STEPS; i++) {
          // Before this resolves, listeners are told of the last unhandled rejections.
          if (step()) return void setImmediate(resolve);
          runMicrotasks?.();
        }
        setImmediate(turn);
      } catch (error) {
        setImmediate(reject, error);
      } finally {
        // Without that function, promises settle after the turn.
        tell(runMicrotasks === undefined);
      }
    };
    setImmediate(turn);
  });
}
