/**
 * When to speak, for the hub of a star and the nodes around it: once a period the others
 * tell the hub what is new, just before it tells all of them.
 *
 * Nobody needs a common clock. When the hub speaks it says its period, and the others can
 * tell when they will hear it next and by how much earlier to speak. The hub speaks a guard
 * after the first of them is heard, by when the others have been, as a rule. So the period
 * waits for a machine that stands still, and nobody misses the hub by that; who comes after
 * it all the same is told on at once, out of turn.
 *
 * The period is what a budget leaves. Who has just spoken keeps what is new for a period;
 * then it takes half a round trip, the guard, and half a round trip until all know it. The
 * round trip is measured, and the guard is a multiple of the time between the first that
 * is heard and the last: short on a quiet machine, long on a busy one.
 *
 * @module
 */
import type { RoundTrip } from "./round-trip.ts";
import type { Node } from "../maelstrom.ts";
import type { Stop } from "../node/world.ts";

/** The guard in milliseconds: at first, and its bounds; the upper one is a quarter of a round trip if that is more. */
export const GUARD_MS = { first: 40, least: 5, most: 50 } as const;

/**
 * The guard in times between the first that is heard and the last, on average. Less of it
 * costs messages out of turn, and what they bring is late; more costs a shorter period.
 */
const SPREADS = 5;

/** What part of the way to a new guard, or later time of the hub, is gone in a period. */
const GUARD_GAIN = 1 / 16, TIME_GAIN = 1 / 8;

/** What is heard before this part of a period has passed was too late for the one before. */
const EARLY = 3 / 4;

/** Who comes that soon after the hub has spoken was to be there before, in milliseconds: a process may be stopped for so long. */
const LATE_MS = 450;

/** The part of a node that keeps time. */
type Timekeeper = Pick<Node<Record<never, never>>, "now" | "after">;

/** When one node speaks. */
export class Metronome {
  #stop: Stop = () => {};
  /** When it speaks next. */
  #at = Infinity;
  /** When it last spoke in its turn, what the hub's period was then, and whether it is doing so. */
  #spokeAt = -Infinity;
  #saidMs = 0;
  /** For how long after that what is heard was too late for it; as long as no round trip is known, nothing. */
  #earlyMs = 0;
  #isInTurn = false;
  #guardMs: number = GUARD_MS.first;
  /** For the hub: when the first and the last of the others were heard since it spoke in its turn. */
  #heard: { from: number; to: number } | null = null;
  /** For the others: when they heard the hub, but for what made that late; and its period. */
  #hub = { at: -Infinity, periodMs: 0 };
  /** For the others: when to speak, so that the hub hears it just before its turn. */
  #dueAt = -Infinity;
  /** Whether the hub has been heard since this node spoke. */
  #isFollowing = false;
  /** Whether there was nothing to say or to hear for a period. */
  #isIdle = true;
  readonly #node: Timekeeper;
  readonly #roundTrip: RoundTrip;
  readonly #budgetMs: number;
  readonly #speak: () => boolean;

  /**
   * @param budgetMs what may pass until all know what is new to one, in milliseconds
   * @param speak says what there is to say, and gives whether there was anything
   */
  constructor(
    node: Timekeeper,
    roundTrip: RoundTrip,
    budgetMs: number,
    speak: () => boolean,
  ) {
    this.#node = node;
    this.#roundTrip = roundTrip;
    this.#budgetMs = budgetMs;
    this.#speak = speak;
    this.#speakIn(budgetMs);
  }

  /** The hub's period, in milliseconds: what the budget leaves, or as much as nodes need to answer. */
  get periodMs(): number {
    const wayMs = this.#roundTrip.fastestMs + this.#guardMs;
    return Math.max(this.#budgetMs - wayMs, wayMs);
  }

  /** Whether the node is speaking in its turn: then a hub says its period. */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /** For the hub's followers: it has spoken in its turn, and said its period. */
  follow(periodMs: number): void {
    const now = this.#node.now();
    const lateMs = now - (this.#hub.at + this.#hub.periodMs);
    // What is late was late on its way, as a rule: the hub keeps to its time.
    const isLate = lateMs > 0 && lateMs < periodMs / 2;
    const at = isLate ? now - (1 - TIME_GAIN) * lateMs : now;
    this.#hub = { at, periodMs };
    this.#isFollowing = true;
    this.#isIdle = false;
    const { isMeasured, fastestMs } = this.#roundTrip;
    const leastMs = isMeasured ? fastestMs + GUARD_MS.least : 0;
    const wayMs = Math.max(this.#budgetMs - periodMs, leastMs);
    // Who is too far away to be in time for the next period is so for one after it.
    this.#dueAt = at + periodMs - wayMs % periodMs;
    this.#speakIn(this.#dueAt - now);
  }

  /** For the hub: a follower has told something new. */
  hear(): void {
    const now = this.#node.now();
    if (this.#isEarly) {
      const { fastestMs } = this.#roundTrip;
      // Who is late has waited for a whole period; who is out of step has not, as a rule.
      const lateMs = Math.max(LATE_MS, fastestMs + GUARD_MS.most);
      const isLate = now < this.#spokeAt + lateMs;
      return this.#speakIn(isLate ? fastestMs / 4 : this.periodMs / 2);
    }
    this.#heard = { from: now, ...this.#heard, to: now };
    this.#speakIn(this.#guardMs);
  }

  /** There is something to say: at once, if there was nothing to say or to hear for a period. */
  wake(): void {
    if (this.#isIdle) this.#tick();
  }

  get #isEarly(): boolean {
    return this.#node.now() < this.#spokeAt + this.#earlyMs;
  }

  /** Speaks in so many milliseconds, if not before. */
  #speakIn(delayMs: number): void {
    const now = this.#node.now();
    const at = now + Math.max(0, delayMs);
    if (at >= this.#at) return;
    this.#stop();
    this.#at = at;
    this.#stop = this.#node.after(at - now, () => this.#tick());
  }

  #tick(): void {
    const now = this.#node.now();
    const isFollowing = this.#isFollowing;
    const isInTurn = isFollowing || !this.#isEarly;
    this.#stop();
    this.#at = Infinity;
    if (isInTurn) {
      this.#adapt();
      const { isMeasured } = this.#roundTrip;
      this.#earlyMs = isMeasured ? EARLY * this.periodMs : 0;
      this.#saidMs = isFollowing ? this.#hub.periodMs : this.periodMs;
    }
    this.#isInTurn = isInTurn;
    const hasSpoken = this.#speak();
    this.#isInTurn = this.#isFollowing = false;
    this.#isIdle = !hasSpoken && !isFollowing;
    const turnAt = isInTurn ? now : this.#spokeAt;
    if (hasSpoken) this.#spokeAt = turnAt;
    // Who has spoken out of step finds into it; timers may be early by a little.
    const stepMs = this.#dueAt - now;
    if (stepMs > GUARD_MS.least) this.#speakIn(stepMs);
    // Others whose turn it is are waited for, a little longer than they should take.
    const spareMs = this.#guardMs + this.#roundTrip.fastestMs / 4;
    this.#speakIn(turnAt + this.#saidMs + spareMs - now);
  }

  /** Follows what machine and network are like; slowly, since values wait for what it changes. */
  #adapt(): void {
    if (this.#heard === null) return;
    const { from, to } = this.#heard;
    const mostMs = Math.max(GUARD_MS.most, this.#roundTrip.fastestMs / 4);
    const neededMs = Math.max(GUARD_MS.least, SPREADS * (to - from));
    const guardMs = Math.min(neededMs, mostMs);
    this.#guardMs += (guardMs - this.#guardMs) * GUARD_GAIN;
    this.#heard = null;
  }
}
