/** How much of the rate that was asked for a run has reached: busy clients never catch up. */
import { isClientOp, type Recording, wasBrokenOff } from "../history.ts";
import type { Finding } from "./verdict.ts";

/** What is missing by less than this may be chance, whatever was asked for. */
const TOLERATED = 0.1;

/** The standard deviation of the time between two operations, as a part of its mean: it is uniform from 0 to twice that. */
const DEVIATION = 1 / Math.sqrt(3);

/** A run that did not reach its rate: how much of it, and how that was counted. */
export interface RateReached {
  share: number;
  operations: number;
  seconds: number;
  rate: number;
}

/**
 * The share of `--rate` that the main phase of a run in real time has reached; undefined
 * where it is all of it, but for chance.
 */
export function partOfRate(
  recording: Recording,
): RateReached | undefined {
  const { history, options, faults, journalOrigin } = recording;
  const rate = Number(options.rate ?? 5);
  const seconds = Number(options["time-limit"] ?? 60);
  // Recordings of other origin may hold a part of their run only.
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
    `${operations} operations were made in ${seconds} s, which is ${
      (100 * share).toFixed(0)
    } % of the rate of ${rate} a second that was asked for: all clients were waiting for replies, or this machine was too busy`,
  ];
  return [{ type: "rate-not-reached", because, rank: "note" }];
}
