/**
 * How patient a node is with silent leaders: more so on a slower network, and after elections
 * that came to nothing.
 *
 * @module
 */

/** How long a leader may be silent at least, in milliseconds: some heartbeats. */
const SILENCE_MS = 300;

/**
 * How much more patient than at first a node may become, and by what factor each time it loses its
 * leader, and with each round that is done. On a slow network nobody would otherwise lead for long
 * enough to do anything.
 */
const MOST_PATIENCE = 5;
const SLOWER = 1.25, FASTER = 0.95;

/** The least of this many round trips counts: losses and delays make others longer. */
const TRIPS = 8;

/** The part of a node that this needs. */
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

  /** How long it takes until a majority has answered, in milliseconds; 0 while that is not known. */
  get tripMs(): number {
    return this.#tripMs;
  }

  /** How long after it was last heard a leader still leads, in milliseconds. */
  get silenceMs(): number {
    return SILENCE_MS + this.#tripMs;
  }

  /** How long to wait for a leader, in milliseconds, drawn anew each time. */
  drawWaitMs(): number {
    return this.silenceMs * this.#patience * (1 + this.#node.random());
  }

  /** How long a leader waits for its followers, in milliseconds: as long as they may take to find another. */
  get desertedMs(): number {
    return 1.5 * this.silenceMs * this.#patience;
  }

  /** No leader, or no majority, was found in time. */
  slowDown(): void {
    this.#patience = Math.min(MOST_PATIENCE, SLOWER * this.#patience);
  }

  /** There is a leader, and it gets things done. */
  speedUp(): void {
    this.#patience = Math.max(1, FASTER * this.#patience);
  }

  /** A leader's round begins. */
  begin(round: number): void {
    if (this.#beganAt !== null) return;
    [this.#round, this.#beganAt] = [round, this.#node.now()];
  }

  /** A majority has answered a round. */
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
