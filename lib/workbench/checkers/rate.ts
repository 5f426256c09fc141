/** What share of its `--rate` a run reached. Clients that were busy do not catch up later. */
import {
  isClientOp,
  type Recording,
  wasBrokenOff,
} from "../history/history.ts";
import type { Finding } from "./verdict.ts";

/** A shortfall of up to this share is tolerated, whatever the rate. */
const TOLERATED = 0.1;

/**
 * The standard deviation of the time between two operations, relative to its mean. That time is
 * uniform from 0 to twice the mean.
 */
const DEVIATION = 1 / Math.sqrt(3);

/** What share of its rate a run reached, and what that was computed from. */
export interface RateReached {
  share: number;
  operations: number;
  seconds: number;
  rate: number;
}

/**
 * The share of `--rate` that the main phase of a run in real time reached; undefined if it reached
 * the rate, within what chance allows.
 */
export function partOfRate(
  recording: Recording,
): RateReached | undefined {
  const { history, options, faults, journalOrigin } = recording;
  const rate = Number(options.rate ?? 5);
  const seconds = Number(options["time-limit"] ?? 60);
  // Other recordings may hold only part of a run.
  const whole = journalOrigin !== undefined && faults === undefined &&
    !wasBrokenOff(recording);
  if (rate === 0 || !whole) return undefined;
  let operations = 0;
  for (const op of history) {
    if (op.type !== "invoke" || !isClientOp(op) || op["final?"]) continue;
    if (op.time <= seconds * 1e9) operations++;
  }
  const wanted = rate * seconds;
  const share = operations / wanted;
  const chance = 3 * DEVIATION / Math.sqrt(wanted);
  if (share >= 1 - Math.max(TOLERATED, chance)) return undefined;
  return { share, operations, seconds, rate };
}

/** A note for a run that did not reach its rate: its verdict says nothing about that rate. */
export function rateFindings(recording: Recording): Finding[] {
  const part = partOfRate(recording);
  if (part === undefined) return [];
  const { share, operations, seconds, rate } = part;
  const because = [
    `${operations} ${
      operations === 1 ? "operation was" : "operations were"
    } made in ${seconds} s, which is ${
      (100 * share).toFixed(0)
    } % of the rate of ${rate} a second that was asked for: all clients were waiting for replies, or this machine was too busy`,
  ];
  return [{ type: "rate-not-reached", because, rank: "note" }];
}
