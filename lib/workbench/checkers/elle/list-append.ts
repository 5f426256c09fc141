/**
 * The checker of txn-list-append, after Elle: transactions that append to lists
 * and read them whole, which shows in which order appends took effect.
 */
import type { Op, Options } from "../../history/history.ts";
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
  listVersions,
} from "./list-versions.ts";
import {
  type Anomalies,
  cyclicAnomalies,
  elleResults,
  modelsOf,
} from "./results.ts";
import {
  committed,
  failedWrites,
  intermediateWrites,
  lostUpdates,
  shown,
  Table,
  type Transaction,
  transactions,
} from "./txn.ts";
import { CheckerError, type Results } from "../verdict.ts";

/** Without unique elements no order can be told from reads. */
function assertUniqueAppends(all: readonly Transaction[]): void {
  const seen = new Table<true>();
  for (const { invocation } of all) {
    const mops = invocation.value as Transaction["mops"] | null ?? [];
    for (const [f, key, element] of mops) {
      if (f !== "append") continue;
      if (seen.get(key, element)) {
        throw new CheckerError(
          `Cannot check operation ${invocation.index}: value ${
            shown(element)
          } appended to key ${shown(key)} multiple times`,
        );
      }
      seen.set(key, element, true);
    }
  }
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
  assertUniqueAppends(all);
  const ok = committed(all);
  const unaborted = all.filter(({ op }) => op.type !== "fail");
  const anomalies: Anomalies = {
    "duplicate-elements": duplicateElements(ok),
    "incompatible-order": incompatibleOrders(ok),
    "future-read": futureReads(ok),
    "dirty-update": dirtyUpdates(all, listVersions(all)),
    internal: internal(ok),
    "lost-update": lostUpdates(ok, "append"),
    G1a: abortedReads(ok, failedWrites(all, "append")),
    G1b: intermediateReads(ok, intermediateWrites(unaborted, "append")),
    ...cyclicAnomalies(listDependencies(all), all, models, {
      write: "append",
      read: lastElement,
      initial: INITIAL,
    }),
  };
  return elleResults(anomalies, models);
}
