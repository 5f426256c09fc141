/**
 * When to speak, for nodes that do so once a period: a hub at its own ticks, the others
 * in step with it, so that what they say arrives just before its next tick. Out of step,
 * every message would wait for half a period on average.
 *
 * Nobody needs a common clock: the hub says with every message how long it is until the
 * next, and by how much earlier to speak is a round trip, which is measured. The
 * period is what a budget for the whole way (wait for a tick, go there, come back) leaves.
 *
 * @module
 */
import type { RoundTrip } from "./round-trip.ts";
import type { Node, Stop } from "../maelstrom.ts";

/**
 * How long before the other's tick to arrive at least, in milliseconds. What comes later
 * waits for a whole period: timers are late by 2 ms as a rule, by 30 on a busy machine.
 */
export const GUARD_MS = 35;

/** How long {@link Metronome.catchUp} waits for more that is late, in milliseconds. */
const CATCH_UP_MS = 10;

/** The ticks of one node. */
export class Metronome {
  #stop: Stop = () => {};
  #tickedAt = 0;
  #tickAt = 0;
  /** When the other's next message is due here. */
  #otherDueAt = 0;
  /** Whether there was nothing to say at the last tick. */
  #isIdle = false;
  #lateUntil = 0;

  constructor(
    private readonly node: Pick<Node<Record<never, never>>, "now" | "after">,
    private readonly roundTrip: RoundTrip,
    /** What may pass while a message waits for a tick here and goes there and back, in ms. */
    private readonly budgetMs: number,
    /** What to do at a tick. Tells whether there was anything to do. */
    private readonly task: () => boolean,
  ) {
    // Timers begin with the first message, which may come long after `init`.
    node.after(0, () => {
      this.#tickedAt = node.now();
      this.#tickIn(this.periodMs);
    });
  }

  /** The time between two ticks, in milliseconds: a round trip at least. */
  get periodMs(): number {
    return Math.max(this.budgetMs - this.#tripMs, this.roundTrip.typicalMs);
  }

  /** The time until the next tick, in milliseconds. */
  get nextMs(): number {
    return Math.max(0, this.#tickAt - this.node.now());
  }

  /** Keeps step with another node, which has just said in how many milliseconds it ticks again. */
  follow(nextMs: number): void {
    const now = this.node.now();
    // What is late by a little was late on its way: the other spoke when it had said.
    const lateMs = now - this.#otherDueAt;
    const isLate = lateMs > 0 && lateMs < this.#guardMs;
    this.#otherDueAt = nextMs + (isLate ? this.#otherDueAt + lateMs / 8 : now);
    // A slow node's tick may be put off again and again, just before it is due or earlier.
    const isOverdue = now > this.#tickedAt + 2 * this.periodMs;
    if (isOverdue || this.nextMs < this.#guardMs) this.#tick();
    const waitMs = this.#otherDueAt - now - this.#tripMs;
    this.#tickIn(waitMs < 0 ? waitMs + this.periodMs : waitMs);
  }

  /** There is something to do: at once, if nobody had anything to do for a period. */
  wake(): void {
    const isOtherIdle = this.node.now() > this.#otherDueAt + this.#guardMs;
    if (!this.#isIdle || !isOtherIdle) return;
    // Who keeps step with another keeps it; who does not begins a period.
    if (this.#otherDueAt === 0) this.#tickIn(this.periodMs);
    this.#isIdle = !this.task();
  }

  /**
   * A message from a node in step has come. If that is just after a tick, it was to be
   * there before it, and somebody was busy: the task is called once more. Not so where
   * delays vary much anyway.
   */
  catchUp(): void {
    const { jitterMs } = this.roundTrip;
    if (this.node.now() > this.#lateUntil || jitterMs > GUARD_MS) return;
    this.#lateUntil = 0;
    this.node.after(CATCH_UP_MS, () => void this.task());
  }

  get #guardMs(): number {
    const { jitterMs, deviationMs } = this.roundTrip;
    // Where the machine has just been busy, a little more will do.
    const busyMs = Math.min(3 * deviationMs, GUARD_MS);
    return GUARD_MS + Math.max(3 * jitterMs, busyMs);
  }

  get #tripMs(): number {
    return this.roundTrip.typicalMs + this.#guardMs;
  }

  #tickIn(delayMs: number): void {
    const waitMs = Math.max(0, delayMs);
    this.#tickAt = this.node.now() + waitMs;
    this.#stop();
    this.#stop = this.node.after(waitMs, () => this.#tick());
  }

  #tick(): void {
    const { periodMs } = this;
    this.#tickIn(periodMs);
    this.#tickedAt = this.node.now();
    this.#lateUntil = this.#tickedAt + periodMs / 4;
    this.#isIdle = !this.task();
  }
}
