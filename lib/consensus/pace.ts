/**
 * How long a node waits for a silent leader: longer on a slower network, and after elections that
 * failed.
 *
 * @module
 */

/** How long a leader may at least be silent, in milliseconds: for some heartbeats. */
const SILENCE_MS = 300;

/**
 * The most by which a node's patience may be multiplied, and its factors when the node loses its
 * leader, and when a round is done. Without this, on a slow network no node would lead for long
 * enough to do anything.
 */
const MOST_PATIENCE = 5;
const SLOWER = 1.25, FASTER = 0.95;

/** The shortest of this many round trips counts, since losses and delays make others longer. */
const TRIPS = 8;

/** The part of a node that a pace uses. */
type World = { now(): number; random(): number };

/** See the module. */
export class Pace {
  readonly #node: World;
  #patience = 1;
  #trips: number[] = [];
  #tripMs = 0;
  /** The round that is being measured, and when it began. */
  #round = 0;
  #beganAt: number | null = null;

  constructor(node: World) {
    this.#node = node;
  }

  /** How long it takes until a majority has answered, in milliseconds; 0 while this is not known. */
  get tripMs(): number {
    return this.#tripMs;
  }

  /** For how long after it was last heard a leader still counts as one, in milliseconds. */
  get silenceMs(): number {
    return SILENCE_MS + this.#tripMs;
  }

  /** How long to wait for a leader, in milliseconds, drawn anew each time. */
  drawWaitMs(): number {
    return this.silenceMs * this.#patience * (1 + this.#node.random());
  }

  /**
   * How long a leader waits for its followers, in milliseconds: for as long as they may take to
   * find another.
   */
  get desertedMs(): number {
    return 1.5 * this.silenceMs * this.#patience;
  }

  /** Increases patience: no leader, or no majority, was heard in time. */
  slowDown(): void {
    this.#patience = Math.min(MOST_PATIENCE, SLOWER * this.#patience);
  }

  /** Decreases patience: there is a leader, and it makes progress. */
  speedUp(): void {
    this.#patience = Math.max(1, FASTER * this.#patience);
  }

  /** Notes that a round of this leader begins. */
  begin(round: number): void {
    if (this.#beganAt !== null) return;
    [this.#round, this.#beganAt] = [round, this.#node.now()];
  }

  /** Notes that a majority has answered a round. */
  end(round: number): void {
    if (this.#beganAt === null || round < this.#round) return;
    this.#trips.push(this.#node.now() - this.#beganAt);
    this.#trips = this.#trips.slice(-TRIPS);
    this.#tripMs = Math.round(Math.min(...this.#trips));
    this.#beganAt = null;
  }

  /** Takes over a round trip that the leader has measured, or a first guess. */
  learn(tripMs: number): void {
    this.#tripMs = Math.round(tripMs);
    this.#trips = [];
    this.#beganAt = null;
  }
}
