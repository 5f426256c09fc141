/**
 * How long to wait: before a call is repeated, and before a client is told that its request
 * takes too long.
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

/** The part of a node that asks again. */
export type Asker = Waiter & Pick<Node<Record<never, never>>, "log">;

/**
 * The shortest time before a call is repeated, and the longest as long as answers take less
 * than that, in milliseconds: a lost message costs this much time, a slower answer one more
 * message. A machine that stands still for a moment should not cost that.
 */
const AGAIN_MS = { least: 50, most: 200 };

/** What an answer is taken to need at first, in milliseconds: calls are then repeated after the longest. */
const FIRST_GUESS_MS = 50;

/**
 * The longest, unless {@link PatienceOptions.capMs} says otherwise: after a slow spell calls
 * are soon as frequent as before. Where answers take longer, some calls are made in vain.
 */
const LONGEST_MS = 1_500;

/**
 * The longest time that counts as an answer's, in milliseconds: longer ones are pauses of a
 * process, and say nothing about the network.
 */
const TRIP_MS = 1_000;

/**
 * How long a try waits for its answer, in milliseconds: longer than any client waits. Every second
 * one waits twice as long, every fourth four times, and so on up to the longest, so the answer
 * counts on the slowest network, and few tries are open where nobody answers.
 */
const TRY_MS = { least: 10_000, longest: 160_000 };

/**
 * When a client is told that the outcome of its request is unknown, in milliseconds: clients
 * give up after 5000, part of which the request may have spent waiting behind slower
 * messages to this node.
 */
const CLIENT_MS = 4_000;

/** How patience grows. */
export interface PatienceOptions {
  /**
   * The longest time between two tries, in milliseconds. Up to it the time doubles from one
   * try to the next, with jitter: for peers, which may be cut off for long. If not given, the
   * time does not grow, and is at most 1500.
   */
  capMs?: number;
}

/**
 * Repeats idempotent calls until one of the tries is answered. A later try does not cancel an
 * earlier one, so an answer counts however late it is; and tries are further apart than answers
 * have been taking. So a lost message is repeated soon, and a slow network is not mistaken for
 * a lossy one.
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

  /** How long the quickest answer took, in milliseconds: one round trip, lost messages not counted. */
  get leastMs(): number {
    return this.#leastMs;
  }

  /**
   * Calls `attempt`, which must be idempotent, until one of the tries is answered; returns the
   * first answer, and ignores those of the other tries. A node or service that answers with an error
   * is in no state to answer, and is asked again, unless the error is an answer. `attempt` is told
   * whether it has been called before.
   *
   * @param answers the codes of errors that are answers, such as that a key does not exist
   * @throws {RpcError} an error that is an answer
   * @throws what `attempt` throws and is no {@link RpcError}
   */
  until<T>(
    attempt: (options: RpcOptions, isAgain: boolean) => Promise<T>,
    answers: readonly number[] = [],
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let tries = 0, isOver = false;
      let stopNext: Stop;
      /** Ends the tries, with the one that began then; returns whether it is the first to do so. */
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
          TRY_MS.least * (tries & -tries), // the largest power of 2 in it
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

  /** Whether an error ends the tries. One that does not is logged, unless it may be no fault. */
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

  /** A try that began then has been answered now. */
  #learn(begun: number): void {
    const tookMs = this.#node.now() - begun;
    this.#leastMs = Math.min(this.#leastMs, tookMs);
    this.#usualMs = 0.8 * this.#usualMs + 0.2 * Math.min(tookMs, TRIP_MS);
  }

  /** How long to wait for an answer before the next try, after this many. */
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
 * The result of `work`, if it comes while a client waits.
 *
 * @param giveUp gives what is thrown otherwise, if the work may not go on
 * @throws {RpcError} `timeout`, which is indefinite: the work goes on and may yet succeed
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

/** What a client is told whose request goes on. */
export function maySucceed(): RpcError {
  const text = "this takes too long; it may yet succeed";
  return new RpcError(ErrorCode.timeout, text);
}
