/**
 * When to speak, for nodes that do so once a period: a hub at its own ticks, the others
 * in step with it, so that what they say arrives just before its next tick. Out of step,
 * every message would wait for half a period on average.
 *
 * Nobody needs a common clock: the hub says with every message how long it is until the
 * next, and by how much earlier to speak is a round trip, which is measured. The
 * period is what a budget for the whole way (wait for a tick, go there, come back) leaves.
 *
 * Real machines are late, and stand still now and then. By how much messages differ, their
 * round trips tell: a guard between the others' arrival and the tick covers it, and is
 * taken from the period. For how long everything has just stood still, a hub sees by its own
 * timers: its tick waits for as much longer as the guard does not cover. Who comes after
 * the tick all the same has it repeated, and never waits for a second period.
 *
 * @module
 */
import type { RoundTrip } from "./round-trip.ts";
import type { Node, Stop } from "../maelstrom.ts";

/** How long before the other's tick to arrive where round trips are all alike, in milliseconds. */
export const GUARD_MS = 12;

/** By how much longer where they are not, as far as that comes of a machine with other things to do. */
export const BUSY_GUARD_MS = 27;

/** How many times the jitter of round trips is added to the guard, up to that; and from there on. */
const BUSY = 12, FITFUL = 3;

/** In what steps a hub waits for its tick, and by how much each may be late; in milliseconds. */
const STEP_MS = 5;

/** Who is late by less still keeps to its time: for longer a busy machine hardly stands still. In ms. */
const LATE_MS = 100;

/** Who comes within this time after a tick was to be there before it, in ms: long stalls are of 180. */
const REPEAT_MS = 200;

/** Who speaks by more than this before it is due speaks out of turn, in ms. */
const EARLY_MS = 50;

/** After a machine stood still, it takes up to so long until everything that waits has been read, in ms. */
const CATCH_UP_MS = 15;

/** So many nodes do not all have nothing to say. */
const SEVERAL = 3;

/** The ticks of one node. */
export class Metronome {
  #stop: Stop = () => {};
  #tickedAt = 0;
  #tickAt = 0;
  /** By how much the next tick is put off, for others who are late. */
  #extraMs = 0;
  /** During a tick: when it was due. */
  #dueAt: number | null = null;
  #guardMs = GUARD_MS + BUSY_GUARD_MS;
  /** When the other's next message is due here. */
  #otherDueAt = 0;
  /** Whether there was nothing to say at the last tick. */
  #isIdle = false;
  /** How often others in step were heard since the last tick, and before it. */
  #heard = 0;
  #heardBefore = 0;
  /** Until when who is heard was to be heard before the last tick. */
  #lateUntil = -Infinity;
  #isRepeating = false;
  readonly #node: Pick<Node<Record<never, never>>, "now" | "after">;
  readonly #roundTrip: RoundTrip;
  /** What may pass while a message waits for a tick here and goes there and back, in ms. */
  readonly #budgetMs: number;
  /** What to do at a tick. Tells whether there was anything to do. */
  readonly #task: () => boolean;

  constructor(
    node: Pick<Node<Record<never, never>>, "now" | "after">,
    roundTrip: RoundTrip,
    budgetMs: number,
    task: () => boolean,
  ) {
    this.#node = node;
    this.#roundTrip = roundTrip;
    this.#budgetMs = budgetMs;
    this.#task = task;
    // Timers begin with the first message, which may come long after `init`. Nobody is in
    // step yet: the first period is as short as any.
    node.after(0, () => {
      this.#tickedAt = node.now();
      this.#tickIn(roundTrip.typicalMs);
    });
  }

  /**
   * The time between two ticks, in milliseconds: what the budget leaves beside a round trip, the
   * guard, and half of it again for ticks that are put off; a round trip at least.
   */
  get periodMs(): number {
    const { typicalMs } = this.#roundTrip;
    const leftMs = this.#budgetMs - typicalMs - 1.5 * this.#guardMs;
    return Math.max(leftMs, typicalMs);
  }

  /**
   * The time until the next tick for which who hears of it can be in time, in milliseconds; during a
   * tick that is late, from when it was due.
   */
  get nextMs(): number {
    const leftMs = Math.max(
      0,
      this.#tickAt - (this.#dueAt ?? this.#node.now()),
    );
    return leftMs < this.#roundTrip.typicalMs ? leftMs + this.periodMs : leftMs;
  }

  /** Keeps step with another node, which has just said in how many milliseconds it ticks again. */
  follow(nextMs: number): void {
    const now = this.#node.now();
    // What is late was late on its way, or at a tick that was: the other keeps to its time.
    const lateMs = now - this.#otherDueAt;
    const isLate = lateMs > 0 && lateMs < LATE_MS;
    const believedMs = Math.min(lateMs, this.#guardMs) / 8;
    const dueAt = nextMs + (isLate ? this.#otherDueAt + believedMs : now);
    // What is said out of turn may have waited to be read, or tell of the tick after the next.
    const isInTurn = lateMs > -EARLY_MS;
    this.#otherDueAt = isInTurn ? dueAt : Math.min(dueAt, this.#otherDueAt);
    // A slow node's tick may be put off again and again, just before it is due or earlier.
    const isOverdue = now > this.#tickedAt + 2 * this.periodMs;
    if (isOverdue || this.#tickAt < now + this.#guardMs) this.#tick();
    const tripMs = this.#roundTrip.typicalMs + this.#guardMs;
    const waitMs = this.#otherDueAt - now - tripMs;
    const isInTime = waitMs > -this.#guardMs / 2;
    // The other repeats its tick for who is late by little.
    if (!isInTime && waitMs > -LATE_MS && !this.#isFitful) this.#tick();
    this.#tickIn(isInTime ? waitMs : waitMs + this.periodMs);
  }

  /** There is something to do: at once, if nobody had anything to do for a period. */
  wake(): void {
    const isOtherIdle = this.#node.now() > this.#otherDueAt + LATE_MS;
    if (!this.#isIdle || !isOtherIdle) return;
    // Who keeps step with another keeps it; who does not begins a period.
    if (this.#otherDueAt === 0) this.#tickIn(this.periodMs);
    this.#isIdle = !this.#task();
  }

  /**
   * A node in step has spoken. If that is just after a tick, it was to be there before it: the
   * task is called once more. If the tick is overdue, it waits for more that is late. Not so
   * where delays vary much anyway.
   */
  hear(): void {
    this.#heard++;
    if (this.#isFitful) return;
    const now = this.#node.now();
    const overdueMs = now - this.#tickAt;
    if (overdueMs > 0 && overdueMs < LATE_MS) {
      this.#extraMs = overdueMs + CATCH_UP_MS;
    }
    if (now > this.#lateUntil || this.#isRepeating) return;
    this.#isRepeating = true;
    this.#node.after(CATCH_UP_MS, () => {
      this.#isRepeating = false;
      this.#task();
    });
  }

  /** Whether delays vary so much that to be late means nothing. */
  get #isFitful(): boolean {
    return this.#roundTrip.jitterMs > this.periodMs / 10;
  }

  /** Whether others keep step with this node. */
  get #isFollowed(): boolean {
    return this.#heard + this.#heardBefore > 0;
  }

  #tickIn(delayMs: number): void {
    const waitMs = Math.max(0, delayMs);
    this.#tickAt = this.#node.now() + waitMs;
    this.#extraMs = 0;
    // From when the others speak on, it matters whether the machine stands still.
    const onTheirWayMs = this.#roundTrip.typicalMs / 2 + this.#guardMs;
    this.#wait(Math.max(0, waitMs - (this.#isFollowed ? onTheirWayMs : 0)));
  }

  /** Waits step by step, which shows when the machine stands still, and ticks when it is time. */
  #wait(stepMs: number): void {
    const endsAt = this.#node.now() + stepMs;
    this.#stop();
    this.#stop = this.#node.after(stepMs, () => {
      const now = this.#node.now();
      if (this.#isFollowed) this.#allowFor(now - endsAt);
      const leftMs = this.#tickAt + this.#extraMs - now;
      if (leftMs > 0) this.#wait(Math.min(leftMs, STEP_MS));
      else if (this.#missesOthers) this.#wait(STEP_MS);
      else this.#tick();
    });
  }

  /** The machine stood still until now: others are late by as much, and nothing has been read yet. */
  #allowFor(lateMs: number): void {
    if (lateMs < STEP_MS) return;
    // What was due since the step before may be late by a step more.
    const othersMs = Math.min(lateMs, LATE_MS) + STEP_MS - this.#guardMs;
    const overdueMs = this.#node.now() - this.#tickAt;
    const neededMs = Math.max(othersMs, overdueMs) + CATCH_UP_MS;
    this.#extraMs = Math.max(this.#extraMs, neededMs);
  }

  /** Whether several have spoken last time, and nobody has now: they are all late. */
  get #missesOthers(): boolean {
    return this.#heard === 0 && this.#heardBefore >= SEVERAL &&
      this.#node.now() < this.#tickAt + LATE_MS && !this.#isFitful;
  }

  #tick(): void {
    this.#adapt();
    const now = this.#node.now();
    const lateMs = now - this.#tickAt;
    this.#dueAt = lateMs > 0 && lateMs < LATE_MS ? this.#tickAt : now;
    this.#heardBefore = this.#heard;
    this.#heard = 0;
    this.#tickedAt = now;
    this.#lateUntil = now + Math.max(REPEAT_MS, this.periodMs / 4);
    this.#tickIn(this.#dueAt + this.periodMs - now);
    this.#isIdle = !this.#task();
    this.#dueAt = null;
  }

  /** Follows what the network and the machine are like; slowly, since values wait for what it changes. */
  #adapt(): void {
    const { jitterMs } = this.#roundTrip;
    const busyMs = Math.min(BUSY * jitterMs, BUSY_GUARD_MS);
    const guardMs = GUARD_MS + Math.max(busyMs, FITFUL * jitterMs);
    this.#guardMs += (guardMs - this.#guardMs) / 8;
  }
}
