/** Lists as no correct store has them, judged as Elle judges them. */
import { assertEquals } from "@std/assert";
import { checkListAppend } from "../../../lib/workbench/checkers/elle/list-append.ts";
import { listVersions } from "../../../lib/workbench/checkers/elle/list-versions.ts";
import {
  stepsOf,
  transactions,
} from "../../../lib/workbench/checkers/elle/txn.ts";
import { THROWS } from "../../../lib/workbench/checkers/verdict.ts";
import type { Op } from "../../../lib/workbench/history/history.ts";
import type { Json, JsonObject } from "../../../lib/workbench/history/json.ts";
import { concurrent, historyOf } from "../../fixtures/txn-history.ts";

const WEAKEST = { "consistency-models": "read-uncommitted" };

/** One transaction after the other, each as it was answered. */
function answered(...all: Json[][]): Op[] {
  return all.flatMap((value, i) => {
    const op = { process: i, f: "txn", value };
    return [
      { ...op, type: "invoke" as const, index: 2 * i, time: 2 * i },
      { ...op, type: "ok" as const, index: 2 * i + 1, time: 2 * i + 1 },
    ];
  });
}

/** The last element of a key's list, if these were read. */
function lastOf(...lists: number[][]): Json {
  const history = answered(...lists.map((list) => [["r", "x", list]]));
  const all = transactions(history, "append"), steps = stepsOf(all, "append");
  const order = listVersions(all, steps)[0]!.order;
  return steps.versions.values[order.at(-1)!]!;
}

Deno.test("of several longest reads Elle believes the last in its hash set of all", () => {
  const read = Array.from({ length: 15 }, (_, i) => i + 1);
  const longest = [[...read, 77777], [...read, 17]];
  const shorter = [2, 4, 5, 10, 12, 14].map((length) => read.slice(0, length));
  const others = [...shorter, [1, 2, 3, 4, 1]];
  assertEquals(lastOf(...others, ...longest), 77777);
  assertEquals(lastOf(...others, ...longest.toReversed()), 77777);
  assertEquals(lastOf([1, 2], [1, 3]), lastOf([1, 3], [1, 2]));
});

Deno.test("Elle throws at an element of the longest list that nobody appended", () => {
  const throws = (...texts: string[]) => {
    const history = historyOf(concurrent(...texts, "az1", "rz1"), "list");
    const results = checkListAppend(history, WEAKEST);
    assertEquals(results["valid?"], true);
    return (results[THROWS] as Json[] | undefined ?? []).length;
  };
  assertEquals(throws("ax1", "rx19"), 1);
  assertEquals(throws("rx9", "ry9"), 2);
  assertEquals(throws("ax1", "rx1", "!ay2", "ry2"), 0);
  assertEquals(throws("ax1", "ax2", "rx12", "rx9"), 0, "a shorter list");
});

Deno.test("Elle tells one future read of each transaction", () => {
  const history = historyOf(
    concurrent("rx1 rx12 ax1 ax2", "ry3 ay3", "rz4"),
    "list",
  );
  const { anomalies } = checkListAppend(history, {});
  const cases = (anomalies as JsonObject)["future-read"] as JsonObject[];
  assertEquals(cases.map(({ mop, element }) => [mop, element]), [
    [["r", "x", [1]], 1],
    [["r", "y", [3]], 3],
  ]);
});

Deno.test("Elle takes lists under keys of several types", () => {
  const history = answered(
    [["append", "x", 1], ["append", 7, 1]],
    [["r", "x", [1]], ["r", 7, [1]]],
  );
  assertEquals(checkListAppend(history, {})["valid?"], true);
});

Deno.test("Elle takes a list that ends in null for the empty one", () => {
  const after = (list: Json[]) => {
    const history = answered(
      [["append", "x", 1]],
      [["append", "x", 2]],
      [["r", "x", [1, 2]]],
      [["r", "x", list]],
    );
    return checkListAppend(history, {})["anomaly-types"];
  };
  assertEquals(after([null]), ["G-single-item-realtime", "incompatible-order"]);
  assertEquals(after([3]), ["incompatible-order"]);
});
