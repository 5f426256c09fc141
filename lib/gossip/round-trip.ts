/**
 * Estimates of round trips between nodes, from some that were measured: how late an answer may be
 * before something must be wrong, and when a message that is sent now will arrive. The first is a
 * moving average with its deviation, as in TCP (Jacobson, "Congestion Avoidance and Control"); the
 * second is the fastest of the last round trips, as in BBR (Cardwell et al., "Congestion-Based
 * Congestion Control"), which a busy moment does not change.
 *
 * @module
 */

/** The estimate of a round trip, in milliseconds, until one has been measured. */
const FIRST_GUESS_MS = 200;

/** How long to wait for an answer that is sent at once, in ms: at most, and at first. */
const MAX_PATIENCE_MS = 2_000;

/**
 * Samples above this, in milliseconds, are not round trips: a process was stopped and continued, or
 * a machine slept. It is five times the longest patience of a link.
 */
const NO_ROUND_TRIP_MS = 10_000;

/** How far above the mean a round trip may be, in mean deviations. */
const FARTHEST = 6;

/** How much later than a message that was sent after it a message may arrive, in mean deviations. */
const OVERTAKEN = 3;

/** The fastest of this many samples counts: more than come in while a machine stands still. */
const RECENT = 100;

/** Of this many samples, one at least was usually not late. */
const SETTLED = 10;

/** How late timers fire at worst, in milliseconds. */
const SLACK_MS = 30;

/** Estimates of how long round trips take, in milliseconds. */
export class RoundTrip {
  /** Moving averages, which follow unusual samples: they say how long an answer may take. */
  meanMs = FIRST_GUESS_MS;
  deviationMs = 0;
  /**
   * The fastest of the last samples, which does not follow them: how long a round trip takes if
   * nothing is late. The first few may all have been late, as processes were starting, so they can
   * only lower the guess.
   */
  fastestMs = FIRST_GUESS_MS;
  readonly #recent: number[] = [];
  /** The uncertainty while there are too few samples for a deviation; it fades. */
  #doubtMs = Infinity;

  /** How long to wait for an answer that is sent at once; after that, something must be wrong. */
  get patienceMs(): number {
    const spareMs = Math.max(this.#doubtMs, FARTHEST * this.deviationMs);
    return Math.min(this.meanMs + spareMs + SLACK_MS, MAX_PATIENCE_MS);
  }

  /**
   * How much later than a message that was sent after it a message may arrive; below 0 in a network
   * that keeps order.
   */
  get overtakingMs(): number {
    return Math.max(this.#doubtMs, OVERTAKEN * this.deviationMs) - SLACK_MS;
  }

  /** Takes a sample, unless it cannot be a round trip. */
  measure(sampleMs: number): void {
    // It may be below 0, since the time for which an answer was held back is rounded.
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
    let fastestMs = isSettled ? Infinity : FIRST_GUESS_MS;
    for (const recentMs of this.#recent) {
      fastestMs = Math.min(fastestMs, recentMs);
    }
    this.fastestMs = fastestMs;
  }
}
