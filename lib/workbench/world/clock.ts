/**
 * Two clocks with one interface: the wall clock for real processes, and a virtual one whose
 * time jumps from event to event, which makes a simulated run fast and its replay exact. Times
 * are nanoseconds since the clock was made.
 */
import { setImmediate } from "node:timers";
import { Heap } from "./heap.ts";

/** Nanoseconds in a millisecond and in a second. */
export const MS = 1e6;
export const SECOND = 1e9;

/**
 * Many times what 100 nodes need at a rate of 1000, and enough to recognise a storm. A run with
 * more would hardly end.
 */
const EVENTS_PER_SECOND = 4_000_000;

/** A run in virtual time cannot end; the message says why. */
export class Stuck extends Error {
  override name = "Stuck";
}

/** Counts events, and throws when they become an avalanche that would never end. */
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

/** A source of time, and of events to come. */
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

/** A longer delay, in milliseconds, counts as 0 for the host's timers. */
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

/** What is to happen; its task is null once it has happened or been cancelled. */
interface Scheduled {
  task: (() => void) | null;
}

/** Fewer cancelled events than this are left where they are. */
const CANCELLED_KEPT = 256;

/** A clock that moves on only when nothing is left to do at the present moment. */
export class VirtualClock implements Clock {
  readonly #events = new Heap<Scheduled>();
  /** How many of the events have been cancelled. */
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

  /** Whether events are happening, and what follows from them: anything else is the machine's doing. */
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

  /** Drops cancelled events when they are most: nearly all timeouts of calls are. */
  #forgetCancelled(): void {
    const count = this.#cancelled;
    if (count < CANCELLED_KEPT || 2 * count < this.#events.size) return;
    this.#events.keep(({ task }) => task !== null);
    this.#cancelled = 0;
  }

  /**
   * Lets events happen, in order, until the promise settles.
   *
   * After every event, all promises that it has settled run to completion before the next
   * event; so programs in virtual time must wait for nothing but their node.
   *
   * @param limitNs by when it must be over
   * @throws {Stuck} it never will be over
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

/** Deno's own, from its event loop, and not public: settles all promises that can settle. */
const { runMicrotasks } = ((Deno as unknown as {
  [internal: symbol]: { core?: { runMicrotasks?(): void } };
})[(Deno as unknown as { internal: symbol }).internal]?.core) ?? {};

/**
 * How many steps are taken in one turn of the event loop, which costs as much as a step; one,
 * where the turn itself must settle the promises.
 */
const STEPS = runMicrotasks === undefined ? 1 : 256;

/**
 * Calls a step until it returns true. Between two steps, all promises settle that can.
 *
 * @param tell called with true before steps are taken, with false when that is over for now
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
          // Listeners for unhandled rejections hear of the last ones before this resolves.
          if (step()) return void setImmediate(resolve);
          runMicrotasks?.();
        }
        setImmediate(turn);
      } catch (error) {
        setImmediate(reject, error);
      } finally {
        // Without it, promises settle when the turn is over.
        tell(runMicrotasks === undefined);
      }
    };
    setImmediate(turn);
  });
}
