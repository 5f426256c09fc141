/**
 * How long round trips between nodes take, learnt from some that were measured: how late an
 * answer may be before something must be wrong, and when a message that is sent now will
 * arrive. The first is a moving average with its deviation, as in TCP (Jacobson, "Congestion
 * Avoidance and Control"); the second the fastest of the last few, as in BBR (Cardwell et al.,
 * "Congestion-Based Congestion Control"), which no busy moment changes.
 *
 * @module
 */

/** What a round trip is taken for, in milliseconds, until one has been measured. */
const FIRST_GUESS_MS = 200;

/** How long to wait at most for an answer that is sent at once, and how long at first; in ms. */
const MAX_PATIENCE_MS = 2_000;

/**
 * What takes longer is no round trip, in milliseconds: a process was stopped and went on, or
 * a machine slept. Five times what the slowest links are patient for.
 */
const NO_ROUND_TRIP_MS = 10_000;

/** How far from the mean a round trip may be, in mean deviations. */
const FARTHEST = 6;

/** How much later than one sent after it a message may come, in mean deviations. */
const OVERTAKEN = 3;

/** Of how many samples the fastest is taken: more than come while a machine stands still. */
const RECENT = 100;

/** How many samples it takes, as a rule, for one of them not to be late. */
const SETTLED = 10;

/** How late timers are at worst, in milliseconds. */
const SLACK_MS = 30;

/** What round trips take, in milliseconds. */
export class RoundTrip {
  /** Moving averages, which follow what is unusual: how long an answer may take. */
  meanMs = FIRST_GUESS_MS;
  deviationMs = 0;
  /**
   * The fastest of the last few, which does not: how long it takes if nothing is late. The first
   * few may all have been late, as processes were starting, so they only lower the guess.
   */
  fastestMs = FIRST_GUESS_MS;
  readonly #recent: number[] = [];
  /** What the first samples, too few for a deviation, may lack; it fades. */
  #doubtMs = Infinity;

  /** How long to wait for an answer that is sent at once until something must be wrong. */
  get patienceMs(): number {
    const spareMs = Math.max(this.#doubtMs, FARTHEST * this.deviationMs);
    return Math.min(this.meanMs + spareMs + SLACK_MS, MAX_PATIENCE_MS);
  }

  /** How much later than one sent after it a message may come; below 0 in a network that keeps their order. */
  get overtakingMs(): number {
    return Math.max(this.#doubtMs, OVERTAKEN * this.deviationMs) - SLACK_MS;
  }

  /** Takes a sample; not one that can be no round trip. */
  measure(sampleMs: number): void {
    // How long an answer was held back is rounded.
    if (sampleMs < 0 || sampleMs > NO_ROUND_TRIP_MS) return;
    if (this.#doubtMs === Infinity) {
      this.meanMs = sampleMs;
      this.#doubtMs = 4 * sampleMs;
    }
    const error = sampleMs - this.meanMs;
    this.meanMs += error / 8;
    this.deviationMs += (Math.abs(error) - this.deviationMs) / 4;
    this.#doubtMs *= 3 / 4;
    this.#recent.push(sampleMs);
    if (this.#recent.length > RECENT) this.#recent.shift();
    const isSettled = this.#recent.length >= SETTLED;
    this.fastestMs = Math.min(
      isSettled ? Infinity : FIRST_GUESS_MS,
      ...this.#recent,
    );
  }
}
