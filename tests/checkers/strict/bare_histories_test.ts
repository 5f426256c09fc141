/** Recordings that are a history and nothing else, with values of every kind: both judges. */
import { assertEquals } from "@std/assert";
import { judge } from "../../../lib/workbench/checkers/judges.ts";
import type { Json } from "../../../lib/workbench/history/json.ts";
import { historyOf, type Line } from "../../fixtures/histories.ts";

/** An operation from invocation to completion. */
function call(
  process: number,
  f: string,
  asked: Json,
  told: Json = asked,
  more = {},
): Line[] {
  return [["invoke", process, f, asked, more], ["ok", process, f, told, more]];
}

/** The verdict of each judge, and what the strict one has found. */
function judged(workload: string, ...lines: Line[]) {
  const { results, strict } = judge({
    workload,
    options: { "node-count": 1 },
    history: historyOf(...lines),
    journal: [],
  });
  const types = strict.anomalies.map(({ type }) => type);
  return [results["valid?"], strict["valid?"], types.join(" ")];
}

const VALID = [true, true, ""];

Deno.test("counters are exact to the last digit, however large", () => {
  const at = (read: Json) =>
    judged(
      "pn-counter",
      ...call(0, "add", 2n ** 70n),
      ...call(0, "add", -1),
      ...call(0, "read", null, read, { "final?": true }),
    );
  assertEquals(at(2n ** 70n - 1n), VALID);
  assertEquals(at(2n ** 70n), [false, false, "read-too-high wrong-final-read"]);
  assertEquals(at(2n ** 70n - 2n)[2], "read-too-low wrong-final-read");
  const early = judged(
    "g-counter",
    ...call(0, "add", 2n ** 53n),
    ...call(0, "read", null, 2n ** 53n + 1n),
  );
  assertEquals(early, [true, false, "read-too-high"]);
});

Deno.test("registers hold whatever JSON was written, its keys in any order", () => {
  const written = { a: 1, b: [2n ** 70n] };
  const read = { b: [2n ** 70n], a: 1 };
  const lines = (read: Json) => [
    ...call(0, "write", [0, written]),
    ...call(1, "read", [0, null], [0, read]),
    ...call(0, "cas", [0, [read, 3]]),
  ];
  assertEquals(judged("lin-kv", ...lines(read)), VALID);
  const other = judged("lin-kv", ...lines({ a: 1, b: [2n ** 70n + 1n] }));
  assertEquals(other[0], false);
  assertEquals(
    other[2],
    "read-of-unwritten cas-succeeded-twice not-linearizable",
  );
});

Deno.test("a message that was never sent is found without a journal; one whose send was never answered is not", () => {
  const log = (message: Json, ...more: Line[]) =>
    judged(
      "kafka",
      ...more,
      ...call(0, "assign", ["1"]),
      ...call(0, "send", [["send", "1", 1]], [["send", "1", [0, 1]]]),
      ...call(0, "poll", [["poll"]], [["poll", { 1: [[0, 1], [1, message]] }]]),
    );
  assertEquals(log(99), ["unknown", false, "invented-message"]);
  assertEquals(log("1"), ["unknown", false, "invented-message"]);
  const open: Line = ["invoke", 5, "send", [["send", "1", 99]]];
  assertEquals(log(99, open), ["unknown", true, ""]);
});
