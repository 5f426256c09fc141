/** Maelstrom's checker of counters: whether the final reads are possible sums. */
import {
  ascending,
  type Integer,
  isInteger,
  larger,
  sum,
} from "../history/json.ts";
import { isClientOp, type Op } from "../history/history.ts";
import { opJson } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/** The integers from the first to the last, including both. */
export type Interval = [first: Integer, last: Integer];

/** The same integers in ascending intervals that neither overlap nor touch. */
function merge(intervals: Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (
    const [first, last] of intervals.toSorted((a, b) => ascending(a[0], b[0]))
  ) {
    const previous = merged.at(-1);
    if (previous && first <= sum(previous[1], 1)) {
      previous[1] = larger(previous[1], last);
    } else {
      merged.push([first, last]);
    }
  }
  return merged;
}

/**
 * The values that a counter may have when some increments certainly happened, and each of the
 * others may or may not have happened: all subset sums, as intervals.
 *
 * @param certain the sum of the increments that certainly happened
 * @param maybe the increments of unknown outcome
 */
export function acceptableIntervals(
  certain: Integer,
  maybe: Integer[],
): Interval[] {
  return maybe.reduce<Interval[]>(
    (intervals, delta) =>
      merge([
        ...intervals,
        ...intervals.map(([a, b]): Interval => [sum(a, delta), sum(b, delta)]),
      ]),
    [[certain, certain]],
  );
}

/**
 * Every successful read of the final phase must be a possible sum of the adds, of which those of
 * unknown outcome may count or not. Adds that never completed, and reads before the final phase, are
 * ignored, so a run without a final read is valid.
 */
export function checkCounter(history: readonly Op[]): Results {
  let certain: Integer = 0;
  const maybe: Integer[] = [];
  const finals: Op[] = [];
  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.f === "add" && op.type === "ok") {
      certain = sum(certain, op.value as Integer);
    }
    if (op.f === "add" && op.type === "info") maybe.push(op.value as Integer);
    if (op.f === "read" && op.type === "ok" && op["final?"] === true) {
      finals.push(op);
    }
  }
  const acceptable = acceptableIntervals(certain, maybe);
  const errors = finals.filter(({ value }) =>
    !acceptable.some(([first, last]) =>
      isInteger(value) && first <= value && value <= last
    )
  );
  return {
    "valid?": errors.length === 0,
    errors: errors.length === 0 ? null : errors.map(opJson),
    "final-reads": finals.map((op) => op.value),
    acceptable,
  };
}
