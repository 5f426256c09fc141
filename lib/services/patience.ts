/**
 * How long to wait: for a service before it is asked again, and for anything before the
 * client who asked for it is told that it takes too long.
 *
 * @module
 */
import {
  ErrorCode,
  hasCode,
  type Node,
  RpcError,
  type RpcOptions,
  type Stop,
} from "../maelstrom.ts";

/** The part of a node that waits. */
export type Waiter = Pick<
  Node<Record<never, never>>,
  "now" | "after" | "random"
>;

/**
 * Milliseconds after which a call is made again, at least: a lost message costs this much,
 * a slow answer one more message.
 */
const AGAIN_MS = 200;

/**
 * And at most, if nothing else is said: who has been slow, or away, is soon asked as often
 * as ever. Where answers take longer than this, calls are made more often than they need be.
 */
const LONGEST_MS = 1_500;

/**
 * What an answer is taken to have taken at most, in milliseconds: longer are a pause of
 * this process, or of the other, and say nothing of the network.
 */
const TRIP_MS = 1_000;

/** How long one try waits for its answer, in milliseconds: longer than any client does. */
const TRY_MS = 10_000;

/**
 * When a client is told that the outcome of its request is unknown, in milliseconds: it
 * gives up after 5000, of which its request may have spent some waiting behind slower
 * messages to this node.
 */
const CLIENT_MS = 4_000;

/** How patience grows. */
export interface PatienceOptions {
  /**
   * The longest time between two tries, in milliseconds, whatever answers take: up to it
   * the time doubles from one try to the next, less a random part of what it grows by. For
   * asking nodes, which may be cut off for long. If not given, all times are alike, and at
   * most 1500.
   */
  capMs?: number;
}

/**
 * Repeats calls that may be repeated until one of the tries is answered. Earlier tries are
 * not given up when a later one is made, so an answer counts however late it is; and the
 * time between them is longer than what answers have been taking. So lost messages are soon
 * asked for again, and a slow network is not taken for a lossy one.
 *
 * ```ts
 * import type { Body, Node } from "../maelstrom.ts";
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
  #usualMs = 0;
  readonly #node: Waiter;
  readonly #options: PatienceOptions;

  constructor(node: Waiter, options: PatienceOptions = {}) {
    this.#node = node;
    this.#options = options;
  }

  /**
   * Calls `attempt`, which must be idempotent, until it is answered: gives the answer that
   * comes first, of whichever try.
   *
   * @param limitMs when to give up; never, if not given
   * @throws any error but a timeout, and a timeout (indefinite) when the limit is reached
   */
  until<T>(
    attempt: (options: RpcOptions) => Promise<T>,
    limitMs?: number,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const others = new AbortController();
    const options = { timeoutMs: TRY_MS, signal: others.signal };
    const stops: Stop[] = [];
    let tries = 0, isOver = false;
    const end = (triesLeft: number) => {
      isOver = true;
      for (const stop of stops) stop();
      // To abort costs more than a whole try, and mostly there is no other.
      if (triesLeft > 0) others.abort(ANSWERED);
    };
    if (limitMs !== undefined) {
      stops.push(this.#node.after(limitMs, () => {
        reject(tooLong());
        end(tries);
      }));
    }
    const ask = () => {
      const begun = this.#node.now();
      const learn = () => {
        const tookMs = Math.min(this.#node.now() - begun, TRIP_MS);
        this.#usualMs = 0.8 * this.#usualMs + 0.2 * tookMs;
      };
      stops.push(this.#node.after(this.#pauseMs(tries++), ask));
      attempt(options).then((answer) => {
        learn();
        resolve(answer);
        end(tries - 1);
      }, (error) => {
        if (isOver || hasCode(error, ErrorCode.timeout)) return;
        learn();
        reject(error);
        end(tries - 1);
      });
    };
    ask();
    return promise;
  }

  /** How long to wait for an answer before the next try, after so many others. */
  #pauseMs(tries: number): number {
    const { capMs } = this.#options;
    const usualMs = Math.max(AGAIN_MS, 1.5 * this.#usualMs);
    const leastMs = Math.min(usualMs, capMs ?? LONGEST_MS);
    if (capMs === undefined) return leastMs;
    const mostMs = Math.min(capMs, leastMs * 2 ** tries);
    return leastMs + this.#node.random() * (mostMs - leastMs);
  }
}

/**
 * What `work` gives, if it does so while a client waits.
 *
 * @throws {RpcError} `timeout`, which is indefinite: the work goes on and may yet succeed
 * @throws what `work` throws
 */
export function inTime<T>(node: Waiter, work: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = node.after(CLIENT_MS, () => {
    reject(
      new RpcError(
        ErrorCode.timeout,
        "this takes too long; it may yet succeed",
      ),
    );
  });
  work.then(resolve, reject).finally(stop);
  return promise;
}

/** Why tries are given up when another was answered; nobody hears of it. */
const ANSWERED = "another try was answered";

function tooLong(): RpcError {
  const text = "this takes too long; it may have happened, or yet happen";
  return new RpcError(ErrorCode.timeout, text);
}
