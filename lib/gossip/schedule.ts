/**
 * When the hub of a star and the nodes around it send: as seldom as possible, provided that every
 * node knows every value within a budget of time.
 *
 * The hub works by deadlines. A node that tells it something says how long the oldest value has
 * waited, and the earliest of these deadlines decides when the hub's turn is: then it tells all
 * nodes everything that is new, and how soon its next turn may be. That is when the oldest value
 * that another node may still be keeping falls due.
 *
 * The others tell the hub what they have so that it arrives a margin before that turn; the margin
 * is as long as machines stand still. For a short window afterwards they tell the hub at once what
 * comes to them, since this is still in time for the turn. What comes later waits for the next
 * turn.
 *
 * No common clock is needed, and no value has to catch a certain turn of the hub: a value that
 * comes late says how old it is, and the hub's next turn is as early as that requires. If a turn
 * comes before the others have told what they have, or long after, the hub allows for that in the
 * time of the next turn, which it tells them.
 *
 * @module
 */
import type { RoundTrip } from "./round-trip.ts";
import type { Node } from "../maelstrom.ts";
import type { Stop } from "../node/world.ts";
import { natural, type Optional, optional } from "../schema.ts";

/**
 * How long before its turn is due the hub has heard what others have, in milliseconds: machines
 * stand still for so long, as a rule.
 */
export const MARGIN_MS = 60;

/** The least time between two messages of a node within the window, in milliseconds. */
const STEP_MS = 30;

/**
 * If a timer is this late, in milliseconds, the whole process was held up; and how long to wait
 * then until what has arrived meanwhile has been read.
 */
const HELD_UP_MS = 5, READING_MS = 5;

const ms: Optional<number> = optional(natural);

/** What {@link TurnMarks} are at run time. */
export const turnMarks: { t: Optional<number>; w: Optional<number> } = {
  t: ms,
  w: ms,
};

/** What nodes add to their messages about time, in milliseconds. */
export interface TurnMarks {
  /** From the hub, in its turn: how soon its next turn may be. */
  t?: number;
  /** To the hub: how long the oldest new value has waited, if that is known. */
  w?: number;
}

/** What a schedule has to keep to, in milliseconds. */
export interface ScheduleOptions {
  /** How long it may take until all nodes know a value that is new to one of them. */
  budgetMs: number;
  /**
   * For how long the others, once they have told the hub what they had, tell it at once what comes.
   * That may be in time for {@link MARGIN_MS}, and for longer if the hub's turn is late. A longer
   * window allows turns to be further apart, which pays if a node has less than about two values in
   * a period; with more, a shorter window costs less.
   */
  windowMs: number;
}

/** The part of a node that a schedule uses. */
type Timekeeper = Pick<Node<Record<never, never>>, "now" | "after">;

/** When one node sends. */
export class Schedule {
  #stop: Stop = () => {};
  /** When it sends next. */
  #at = Infinity;
  /** When it last had its turn. */
  #tickedAt = Infinity;
  /** When it last told something new at a time of its own, or heard the hub in its turn. */
  #turnAt = -Infinity;
  #isInTurn = false;
  /** For the hub: when its next turn may be, as it has told the others. */
  #nextAt = -Infinity;
  /** Since when the oldest new value has waited. */
  #newSince = Infinity;
  /** For the others: the window in which they tell the hub at once what comes. */
  #window = { from: -Infinity, to: -Infinity };
  readonly #node: Timekeeper;
  readonly #roundTrip: RoundTrip;
  readonly #options: ScheduleOptions;
  readonly #speak: () => boolean;

  /**
   * @param speak sends what there is to send; returns whether there was anything
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
    // The first timer runs from the node's start, which is not known yet.
    this.#stop = node.after(options.budgetMs, () => this.#tick());
  }

  /**
   * How long a value may wait on its way, in milliseconds: what two hops leave of the budget, but
   * at least as long as nodes take to answer. Turns are about this far apart.
   */
  get periodMs(): number {
    const { fastestMs } = this.#roundTrip;
    return Math.max(this.#options.budgetMs - fastestMs, fastestMs + MARGIN_MS);
  }

  /** The longest time until the node sends again, as a rule, in milliseconds. */
  get longestMs(): number {
    return this.periodMs + MARGIN_MS;
  }

  /** The marks of a message to the hub, or to others. */
  marks(toHub: boolean): TurnMarks {
    const now = this.#node.now();
    if (toHub) {
      const isKnown = this.#newSince <= now;
      return isKnown ? { w: Math.round(now - this.#newSince) } : {};
    }
    return this.#isInTurn ? { t: Math.round(this.#nextAt - now) } : {};
  }

  /** For the others: takes in the marks of a message from the hub. */
  follow({ t: nextMs }: TurnMarks): void {
    if (nextMs === undefined) return;
    const now = this.#node.now();
    const wayMs = this.#roundTrip.fastestMs + MARGIN_MS;
    const from = now + Math.max(0, nextMs - wayMs);
    this.#window = { from, to: from + this.#options.windowMs };
    this.#turnAt = now;
    // However often the hub sends, this node gets to send as well.
    this.#tickedAt = Math.min(this.#tickedAt, now);
    const latest = this.#tickedAt + 2 * this.longestMs;
    this.#at = Infinity;
    this.#speakAt(
      Math.min(from, this.#newSince + this.periodMs - MARGIN_MS, latest),
    );
  }

  /** For the hub: takes in the marks of a message with something new from another node. */
  hear({ w: waitedMs = this.periodMs / 2 }: TurnMarks): void {
    const now = this.#node.now();
    this.#newSince = Math.min(this.#newSince, now - waitedMs);
    const keepMs = this.#isIdle ? 0 : this.periodMs - waitedMs;
    // Messages that others send at the same time are taken along.
    this.#speakAt(now + Math.max(READING_MS, keepMs));
  }

  /** A new value has come to this node, which must tell it to the hub, or is the hub. */
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

  /** Whether nothing new was sent or heard for more than a period. */
  get #isIdle(): boolean {
    return this.#node.now() >= this.#turnAt + this.longestMs;
  }

  /** Sends at this time, or earlier if that was planned. */
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

  /** For the hub: when its next turn may be, if this is a turn. */
  #next(): number {
    const now = this.#node.now();
    const { periodMs } = this;
    const told = this.#nextAt;
    // The others have yet to tell what they keep for the turn that was announced.
    if (now < told - MARGIN_MS) return told;
    // They keep what has come since their window closed, unless that is about a period ago.
    const closed = told - MARGIN_MS + this.#options.windowMs;
    const isKept = now < closed + periodMs - MARGIN_MS;
    return (isKept ? Math.min(now, closed) : now) + periodMs;
  }
}
