/**
 * How long to wait before a call is repeated, and before a client is told that its request takes
 * too long.
 *
 * @module
 */
import { ErrorCode, type Node, RpcError } from "../maelstrom.ts";
import type { RpcOptions } from "../node/node.ts";
import type { Stop } from "../node/world.ts";

/** The part of a node that waits. */
export type Waiter = Pick<
  Node<Record<never, never>>,
  "now" | "after" | "random"
>;

/** The part of a node that repeats calls. */
export type Asker = Waiter & Pick<Node<Record<never, never>>, "log">;

/**
 * The shortest time before a call is repeated, and the longest if answers usually take less, in
 * milliseconds. A lost message costs this much time; an answer that is slower than this costs one
 * more message, which a machine that stands still for a moment should not cause.
 */
const AGAIN_MS = { least: 50, most: 200 };

/**
 * How long an answer is assumed to take at first, in milliseconds: calls are then repeated after
 * `AGAIN_MS.most`.
 */
const FIRST_GUESS_MS = 50;

/**
 * The longest time before a call is repeated, unless {@link PatienceOptions.capMs} says otherwise,
 * in milliseconds: after a slow spell, calls are soon as frequent as before. If answers take
 * longer, some calls are repeated in vain.
 */
const LONGEST_MS = 1_500;

/**
 * The longest time that an answer can count as, in milliseconds: longer ones are due to pauses of a
 * process, and say nothing about the network.
 */
const TRIP_MS = 1_000;

/**
 * How long a try waits for its answer, in milliseconds: longer than any client waits. Every second
 * try waits twice as long, every fourth four times as long, and so on up to the longest. So an
 * answer counts even on the slowest network, and few tries are open if none is answered.
 */
const TRY_MS = { least: 10_000, longest: 160_000 };

/**
 * After how many milliseconds a client is told that the outcome of its request is unknown. Clients
 * give up after 5000, part of which the request may have spent waiting behind slower messages to
 * this node.
 */
const CLIENT_MS = 4_000;

/** How the time between tries grows. */
export interface PatienceOptions {
  /**
   * The longest time between two tries, in milliseconds. Up to this, the time doubles from one try
   * to the next, with jitter; this is for peers, which may be cut off for long. If not given, the
   * time does not grow, and is at most 1500.
   */
  capMs?: number;
}

/**
 * Repeats idempotent calls until one of the tries is answered. A later try does not cancel an
 * earlier one, so an answer counts however late it is. Tries are further apart than answers have
 * recently taken, so a lost message is repeated soon, and a slow network is not mistaken for a
 * lossy one.
 *
 * ```ts
 * import type { Body } from "../node/world.ts";
 * import type { Node } from "../maelstrom.ts";
 * import { Patience } from "./patience.ts";
 *
 * async function stamp(node: Node<Record<never, never>>): Promise<Body> {
 *   const patience = new Patience(node);
 *   return await patience.until((options) =>
 *     node.call("lin-tso", { type: "ts" }, options)
 *   );
 * }
 * ```
 */
export class Patience {
  /** How long answers take: a moving average, in milliseconds. */
  #usualMs = FIRST_GUESS_MS;
  #leastMs = Infinity;
  /** The errors that have been logged: each code once. */
  readonly #logged = new Set<number>();
  readonly #node: Asker;
  readonly #options: PatienceOptions;

  /** Patience on a node's clock. */
  constructor(node: Asker, options: PatienceOptions = {}) {
    this.#node = node;
    this.#options = options;
  }

  /** How long the quickest answer took, in milliseconds: one round trip, without lost messages. */
  get leastMs(): number {
    return this.#leastMs;
  }

  /**
   * Calls `attempt`, which must be idempotent, until one of the tries is answered; returns the
   * first answer, and ignores those of the other tries. A node or service that answers with an
   * error is asked again, as it is in no state to answer, unless the error counts as an answer.
   * `attempt` is told whether it has been called before.
   *
   * @param answers the codes of errors that count as answers, such as that a key does not exist
   * @throws {RpcError} an error that counts as an answer
   * @throws what `attempt` throws, if it is not an {@link RpcError}
   */
  until<T>(
    attempt: (options: RpcOptions, isAgain: boolean) => Promise<T>,
    answers: readonly number[] = [],
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let tries = 0, isOver = false;
      let stopNext: Stop;
      /** Ends the tries, as the one that began then was answered; returns whether this is the first answer. */
      const end = (begun: number): boolean => {
        if (isOver) return false;
        isOver = true;
        stopNext();
        this.#learn(begun);
        return true;
      };
      const ask = () => {
        const begun = this.#node.now();
        stopNext = this.#node.after(this.#pauseMs(tries++), ask);
        const timeoutMs = Math.min(
          TRY_MS.least * (tries & -tries), // the largest power of 2 that divides it
          TRY_MS.longest,
        );
        attempt({ timeoutMs }, tries > 1).then((answer) => {
          if (end(begun)) resolve(answer);
        }, (error) => {
          if (this.#isFinal(error, answers) && end(begun)) reject(error);
        });
      };
      ask();
    });
  }

  /** Whether an error ends the tries. If not, it is logged, unless it is to be expected. */
  #isFinal(error: unknown, answers: readonly number[]): boolean {
    if (!(error instanceof RpcError)) return true;
    const { code } = error;
    if (answers.includes(code)) return true;
    const { timeout, temporarilyUnavailable } = ErrorCode;
    const isUsual = code === timeout || code === temporarilyUnavailable;
    if (isUsual || this.#logged.has(code)) return false;
    this.#logged.add(code);
    this.#node.log(
      `asked again, as after every error ${code}: ${error.message}`,
    );
    return false;
  }

  /** Notes how long the answer of a try that began then has taken. */
  #learn(begun: number): void {
    const tookMs = this.#node.now() - begun;
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    this.#usualMs = 0.8 * this.#usualMs + 0.2 * Math.min(tookMs, TRIP_MS);
  }

  /** How long to wait before the next try, after this many others. */
  #pauseMs(tries: number): number {
    const { capMs } = this.#options;
    const { least, most } = AGAIN_MS;
    const soonMs = Math.max(least, Math.min(most, 4 * this.#usualMs));
    const againMs = Math.max(soonMs, 1.5 * this.#usualMs);
    const leastMs = Math.min(againMs, capMs ?? LONGEST_MS);
    if (capMs === undefined) return leastMs;
    const mostMs = Math.min(capMs, leastMs * 2 ** tries);
    return leastMs + this.#node.random() * (mostMs - leastMs);
  }
}

/**
 * The result of `work`, if it comes in time for a client that waits.
 *
 * @param giveUp gives the error that is thrown otherwise; `timeout` if not given
 * @throws {RpcError} `timeout`, an indefinite error, as the work goes on and may yet succeed
 * @throws what `work` throws
 */
export function inTime<T>(
  node: Waiter,
  work: Promise<T>,
  giveUp: () => RpcError = maySucceed,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = node.after(CLIENT_MS, () => reject(giveUp()));
    work.then((result) => {
      stop();
      resolve(result);
    }, (error) => {
      stop();
      reject(error);
    });
  });
}

/** The error for a client whose request goes on. */
export function maySucceed(): RpcError {
  const text = "this takes too long; it may yet succeed";
  return new RpcError(ErrorCode.timeout, text);
}

/** The error for a client whose request has not begun, and never will. */
export function notDone(): RpcError {
  const text = "this takes too long, and nothing was done";
  return new RpcError(ErrorCode.temporarilyUnavailable, text);
}
