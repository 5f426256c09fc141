/**
 * The checker of txn-list-append, after Elle: transactions that append to lists
 * and read them whole, which shows in which order appends took effect.
 */
import type { Op } from "../../history/history.ts";
import type { Options } from "../../history/options.ts";
import {
  abortedReads,
  dirtyUpdates,
  duplicateElements,
  futureReads,
  incompatibleOrders,
  intermediateReads,
  internal,
} from "./list-reads.ts";
import {
  INITIAL,
  lastElement,
  listDependencies,
  type ListVersions,
  listVersions,
} from "./list-versions.ts";
import { lostUpdates } from "./lost-updates.ts";
import {
  type Anomalies,
  cyclicAnomalies,
  elleResults,
  modelsOf,
} from "./results.ts";
import { type Steps, Versions } from "./steps.ts";
import {
  elements,
  failedWrites,
  intermediateWrites,
  shown,
  stepsOf,
  type Transaction,
  transactions,
  writtenElements,
} from "./txn.ts";
import { CheckerError, type Results, throwing } from "../verdict.ts";

/** Without unique elements no order can be told from reads. */
function assertUniqueAppends(history: readonly Op[]): void {
  const appended = new Versions();
  for (const invocation of history) {
    if (invocation.type !== "invoke" || invocation.f !== "txn") continue;
    const mops = invocation.value as Transaction["mops"] | null ?? [];
    for (const [f, key, element] of mops) {
      if (f !== "append") continue;
      const known = appended.values.length;
      // An element with a number was there before.
      if (appended.of(appended.key(key), element) < known) {
        throw new CheckerError(
          `Cannot check operation ${invocation.index}: value ${
            shown(element)
          } appended to key ${shown(key)} multiple times`,
        );
      }
    }
  }
}

/** No order can be told from what is no list, either. */
function assertLists(all: readonly Transaction[]): void {
  for (const { op, mops } of all) {
    if (op.type !== "ok") continue;
    for (const [f, , value] of mops) {
      if (f === "r") elements(value);
    }
  }
}

/** Elements that stand in the order of their list although nobody is known to have appended them. */
function whereElleThrows(
  { versions }: Steps,
  lists: readonly ListVersions[],
  written: readonly (Transaction | undefined)[],
): string[] {
  return lists.flatMap(({ key, order }) => {
    const strange = order.find((element) => written[element] === undefined);
    if (strange === undefined) return [];
    return [
      `the longest list that was read of key ${shown(versions.keys[key])} has ${
        shown(versions.values[strange])
      }, which no transaction appended: Maelstrom's checker throws an AssertionError`,
    ];
  });
}

/**
 * Judges a history of txn-list-append as Maelstrom does. Only the replies of nodes are judged,
 * never the requests.
 *
 * @param options `consistency-models` says what may not happen
 * @returns `valid?`, and unless that is true `anomaly-types`, `anomalies`, and `not`
 * and `also-not`: the models that do not hold
 * @throws {CheckerError} the history cannot be judged; the verdict is unknown
 */
export function checkListAppend(history: Op[], options: Options): Results {
  const models = modelsOf(options);
  const all = transactions(history, "append");
  const steps = stepsOf(all, "append");
  assertUniqueAppends(history);
  assertLists(all);
  const lists = listVersions(all, steps);
  const written = writtenElements(all, steps);
  const anomalies: Anomalies = {
    "duplicate-elements": duplicateElements(all, steps),
    "incompatible-order": incompatibleOrders(all, steps),
    "future-read": futureReads(all, steps),
    "dirty-update": dirtyUpdates(steps, lists, written),
    internal: internal(all, steps),
    "lost-update": lostUpdates(all, steps),
    G1a: abortedReads(all, steps, failedWrites(all, steps)),
    G1b: intermediateReads(all, steps, intermediateWrites(all, steps)),
    ...cyclicAnomalies(listDependencies(all, steps, lists), all, models, {
      write: "append",
      read: lastElement,
      initial: INITIAL,
    }),
  };
  const because = whereElleThrows(steps, lists, written);
  return throwing(elleResults(anomalies, models), because);
}
