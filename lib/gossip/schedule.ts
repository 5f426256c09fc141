/**
 * When to speak, for the hub of a star and the nodes around it: as seldom as possible, if every
 * value is to be known everywhere within a budget of time.
 *
 * The hub goes by deadlines. A node that tells it something says how long the oldest value has
 * waited, and the earliest deadline of all that the hub has heard decides its turn: then it tells
 * everybody everything, and how soon its next turn may be. That is when the oldest value falls
 * due that another node may be keeping.
 *
 * The others tell the hub what they have a margin before that: as long as machines stand still.
 * For a short window afterwards they tell it what comes to them at once, since that is still in
 * time for the turn; what comes later waits for the next one.
 *
 * No common clock is needed, and the hub cannot be missed: what comes late says how old it is,
 * and the hub's turn is as early as it must be. If the turn comes before the others have told
 * what they have, or long after, the hub takes that into account in what it says next.
 *
 * @module
 */
import type { RoundTrip } from "./round-trip.ts";
import type { Node } from "../maelstrom.ts";
import type { Stop } from "../node/world.ts";
import { natural, type Optional, optional } from "../schema.ts";

/** How long before it must the hub hears what others have, in milliseconds: machines stand still for so long, as a rule. */
export const MARGIN_MS = 60;

/** The least time between two messages within the window, in milliseconds. */
const STEP_MS = 30;

/**
 * A timer that is this late was held up with the whole process, in milliseconds; and how long to
 * wait then until what has arrived meanwhile has been read.
 */
const HELD_UP_MS = 5, READING_MS = 5;

const ms: Optional<number> = optional(natural);

/** What {@link TurnMarks} are at run time. */
export const turnMarks: { t: Optional<number>; w: Optional<number> } = {
  t: ms,
  w: ms,
};

/** What nodes add to what they say, about time, in milliseconds. */
export interface TurnMarks {
  /** From the hub, in its turn: how soon the next one may be. */
  t?: number;
  /** To the hub: for how long the oldest of what is new has waited, if that is known. */
  w?: number;
}

/** What a schedule has to keep to, in milliseconds. */
export interface ScheduleOptions {
  /** How long it may take until all nodes know what is new to one. */
  budgetMs: number;
  /**
   * For how long others tell the hub at once what comes, once they have told it what they had: it
   * may be in time for {@link MARGIN_MS} and as much as the hub's turn is late. Turns can be
   * further apart for it, which pays if a node has less than about two values in a period; with
   * more, a shorter window costs less.
   */
  windowMs: number;
}

/** The part of a node that keeps time. */
type Timekeeper = Pick<Node<Record<never, never>>, "now" | "after">;

/** When one node speaks. */
export class Schedule {
  #stop: Stop = () => {};
  /** When it speaks next. */
  #at = Infinity;
  /** When it last had its turn. */
  #tickedAt = Infinity;
  /** When it last told something new of its own accord, or heard the hub do so. */
  #turnAt = -Infinity;
  #isInTurn = false;
  /** For the hub: when its next turn may be, as it has told the others. */
  #nextAt = -Infinity;
  /** Since when the oldest of what is new has waited. */
  #newSince = Infinity;
  /** For the others: when to tell the hub at once what comes. */
  #window = { from: -Infinity, to: -Infinity };
  readonly #node: Timekeeper;
  readonly #roundTrip: RoundTrip;
  readonly #options: ScheduleOptions;
  readonly #speak: () => boolean;

  /**
   * @param speak says what there is to say; returns whether there was anything
   */
  constructor(
    node: Timekeeper,
    roundTrip: RoundTrip,
    options: ScheduleOptions,
    speak: () => boolean,
  ) {
    this.#node = node;
    this.#roundTrip = roundTrip;
    this.#options = options;
    this.#speak = speak;
    // A timer runs from the node's start, and nobody knows yet when that is.
    this.#stop = node.after(options.budgetMs, () => this.#tick());
  }

  /**
   * How long a value may wait on its way, in milliseconds: what two hops leave of the budget, but
   * at least as long as nodes take to answer. Turns are about as far apart.
   */
  get periodMs(): number {
    const { fastestMs } = this.#roundTrip;
    return Math.max(this.#options.budgetMs - fastestMs, fastestMs + MARGIN_MS);
  }

  /** The longest time until it speaks again, as a rule, in milliseconds. */
  get longestMs(): number {
    return this.periodMs + MARGIN_MS;
  }

  /** What to say of time: to the hub, or to others. */
  marks(toHub: boolean): TurnMarks {
    const now = this.#node.now();
    if (toHub) {
      const isKnown = this.#newSince <= now;
      return isKnown ? { w: Math.round(now - this.#newSince) } : {};
    }
    return this.#isInTurn ? { t: Math.round(this.#nextAt - now) } : {};
  }

  /** For the others: they have heard the hub. */
  follow({ t: nextMs }: TurnMarks): void {
    if (nextMs === undefined) return;
    const now = this.#node.now();
    const wayMs = this.#roundTrip.fastestMs + MARGIN_MS;
    const from = now + Math.max(0, nextMs - wayMs);
    this.#window = { from, to: from + this.#options.windowMs };
    this.#turnAt = now;
    // However often the hub speaks, this node does so as well.
    this.#tickedAt = Math.min(this.#tickedAt, now);
    const latest = this.#tickedAt + 2 * this.longestMs;
    this.#at = Infinity;
    this.#speakAt(
      Math.min(from, this.#newSince + this.periodMs - MARGIN_MS, latest),
    );
  }

  /** For the hub: another node has told something new. */
  hear({ w: waitedMs = this.periodMs / 2 }: TurnMarks): void {
    const now = this.#node.now();
    this.#newSince = Math.min(this.#newSince, now - waitedMs);
    const keepMs = this.#isIdle ? 0 : this.periodMs - waitedMs;
    // What others say at the same time goes with it.
    this.#speakAt(now + Math.max(READING_MS, keepMs));
  }

  /** Something new has come to this node, which is to tell it to the hub, or is the hub. */
  take(isHub: boolean): void {
    const now = this.#node.now();
    this.#newSince = Math.min(this.#newSince, now);
    const { from, to } = this.#window;
    const isOpen = !isHub && from <= now && now < to;
    const isSoon = now < this.#turnAt + STEP_MS;
    if (isOpen && isSoon) return this.#speakAt(this.#turnAt + STEP_MS);
    if (isOpen || this.#isIdle) return this.#tick();
    const hopMs = this.#roundTrip.fastestMs / 2;
    this.#speakAt(now + this.periodMs + (isHub ? hopMs : -MARGIN_MS));
  }

  /** Whether there was nothing to say or to hear for more than a period. */
  get #isIdle(): boolean {
    return this.#node.now() >= this.#turnAt + this.longestMs;
  }

  /** Speaks at this time, if not before. */
  #speakAt(at: number): void {
    if (at >= this.#at) return;
    this.#stop();
    this.#at = at;
    const delayMs = Math.max(0, at - this.#node.now());
    this.#stop = this.#node.after(delayMs, () => this.#due());
  }

  #due(): void {
    const lateMs = this.#node.now() - this.#at;
    if (lateMs < HELD_UP_MS) return this.#tick();
    this.#stop = this.#node.after(READING_MS, () => this.#tick());
  }

  #tick(): void {
    const now = this.#node.now();
    this.#stop();
    this.#at = Infinity;
    this.#tickedAt = now;
    const before = this.#nextAt;
    this.#nextAt = this.#next();
    this.#isInTurn = true;
    const hasSpoken = this.#speak();
    this.#isInTurn = false;
    if (!hasSpoken) this.#nextAt = before;
    else if (this.#newSince <= now) this.#turnAt = now;
    this.#newSince = Infinity;
    const { from } = this.#window;
    if (now < from) this.#speakAt(from);
    this.#speakAt(now + this.longestMs);
  }

  /** For the hub: when the next turn may be if this is one. */
  #next(): number {
    const now = this.#node.now();
    const { periodMs } = this;
    const told = this.#nextAt;
    // The others have yet to tell what they had kept for the turn that was to come.
    if (now < told - MARGIN_MS) return told;
    // They have kept what came since their window closed, in time for a turn at this moment.
    const closed = told - MARGIN_MS + this.#options.windowMs;
    const isKept = now < closed + periodMs - MARGIN_MS;
    return (isKept ? Math.min(now, closed) : now) + periodMs;
  }
}
