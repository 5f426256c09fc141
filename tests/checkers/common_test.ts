/** The checkers of every run, and those of echo, unique-ids and the counters. */
import { assertEquals } from "@std/assert";
import { checkAvailability } from "../../lib/workbench/checkers/availability.ts";
import {
  acceptableIntervals,
  checkCounter,
} from "../../lib/workbench/checkers/counter.ts";
import { checkEcho } from "../../lib/workbench/checkers/echo.ts";
import { checkExceptions } from "../../lib/workbench/checkers/exceptions.ts";
import { single } from "../../lib/workbench/checkers/json-key.ts";
import { checkNet } from "../../lib/workbench/checkers/net.ts";
import { checkStats } from "../../lib/workbench/checkers/stats.ts";
import { checkUniqueIds } from "../../lib/workbench/checkers/unique-ids.ts";
import type { JournalEvent } from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { float, type Json } from "../../lib/workbench/history/json.ts";
import { historyOf, type Line } from "../fixtures/histories.ts";

/** An operation from invocation to completion. */
function call(
  type: "ok" | "fail" | "info",
  f: string,
  value: Json,
  result: Json = value,
  more = {},
): Line[] {
  return [["invoke", 0, f, value, more], [type, 0, f, result, more]];
}

Deno.test("stats counts completions by f and is invalid when an f never succeeded", () => {
  const reads = [...call("ok", "read", null), ...call("info", "read", null)];
  const history = historyOf(
    ...reads,
    ["info", "nemesis", "start-partition", null],
    ...call("fail", "cas", 1),
  );
  const results = checkStats(history);
  assertEquals(results, {
    "valid?": false,
    count: 3,
    "ok-count": 1,
    "fail-count": 1,
    "info-count": 1,
    "by-f": {
      read: {
        "valid?": true,
        count: 2,
        "ok-count": 1,
        "fail-count": 0,
        "info-count": 1,
      },
      cas: {
        "valid?": false,
        count: 1,
        "ok-count": 0,
        "fail-count": 1,
        "info-count": 0,
      },
    },
  });
  assertEquals(checkStats(historyOf(...reads))["valid?"], true);
});

Deno.test("stats expects no crash operation to succeed", () => {
  const history = historyOf(
    ...call("info", "crash", null),
    ...call("ok", "send", 1),
  );
  assertEquals(checkStats(history)["valid?"], true);
});

Deno.test("availability counts failures and unknown outcomes alike against the demanded fraction", () => {
  const history = historyOf(
    ...call("ok", "read", 1),
    ...call("ok", "read", 1),
    ...call("fail", "read", 1),
    ...call("info", "read", 1),
    ["info", "nemesis", "start-partition", null],
  );
  const verdict = (options: Options) =>
    checkAvailability(history, options)["valid?"];
  assertEquals(verdict({}), true);
  assertEquals(verdict({ availability: 0.5 }), true);
  assertEquals(verdict({ availability: 0.51 }), false);
  assertEquals(verdict({ availability: "total" }), false);
  assertEquals(checkAvailability(history, {})["ok-fraction"], 0.5);
  // Maelstrom's fraction is 0.89999998.
  const nine = historyOf(
    ...Array.from({ length: 9 }, () => call("ok", "read", 1)).flat(),
    ...call("fail", "read", 1),
  );
  const { "valid?": valid } = checkAvailability(nine, { availability: 0.9 });
  assertEquals(valid, false);
  assertEquals(checkAvailability([], { availability: "total" }), {
    "valid?": true,
    "ok-fraction": 1,
  });
});

Deno.test("fractions are the shortest decimals of single-precision floats", () => {
  assertEquals(single(120 / 59), 2.0338984);
  assertEquals(single(5684 / 216), 26.314816);
  assertEquals(single(1 / 3), 0.33333334);
  assertEquals(single(2), 2);
});

Deno.test("exceptions are counted by class, the most frequent first", () => {
  const via = { via: [{ type: "Timeout" }] };
  const history = historyOf(
    ...call("info", "read", null, null, { exception: "MalformedReply" }),
    ...call("info", "read", null, null, { exception: via }),
    ...call("info", "read", null, null, { exception: via }),
  );
  const { exceptions } = checkExceptions(history);
  assertEquals(
    (exceptions as { class: string; count: number }[]).map((
      e,
    ) => [e.class, e.count]),
    [["Timeout", 2], ["MalformedReply", 1]],
  );
  assertEquals(checkExceptions([]), { "valid?": true });
});

Deno.test("net counts messages with a client at an end apart from all others, lost ones included", () => {
  const journal: JournalEvent[] = [
    ["send", 0, 0, "c0", "n0", {}],
    ["recv", 1, 0, "c0", "n0", {}],
    ["send", 2, 1, "n0", "n1", {}],
    ["send", 3, 2, "n0", "seq-kv", {}],
    ["recv", 4, 2, "n0", "seq-kv", {}],
    ["send", 5, 3, "n0", "c0", {}],
    ["recv", 6, 3, "n0", "c0", {}],
  ];
  const history = historyOf(
    ...call("ok", "read", 1),
    ["invoke", 0, "read", 1],
    ["info", "nemesis", "start-partition", null],
    ["fail", 0, "read", 1],
  );
  assertEquals(checkNet(history, journal), {
    "valid?": true,
    all: {
      "send-count": 4,
      "recv-count": 3,
      "msg-count": 4,
      "msgs-per-op": 2,
    },
    clients: { "send-count": 2, "recv-count": 2, "msg-count": 2 },
    servers: {
      "send-count": 2,
      "recv-count": 1,
      "msg-count": 2,
      "msgs-per-op": 1,
    },
  });
  const { servers } = checkNet([], journal);
  assertEquals(Object.hasOwn(servers as object, "msgs-per-op"), false);
});

Deno.test("echo counts failed operations as mismatches and ignores unknown outcomes", () => {
  const echoed = (echo: Json) => ({ type: "echo_ok", echo, in_reply_to: 1 });
  const errors = (...lines: Line[]) => {
    const results = checkEcho(historyOf(...lines));
    assertEquals(results["valid?"], (results["errors"] as Json[]).length === 0);
    return results["errors"];
  };
  const deep = { a: [1, { b: "ü" }] };
  assertEquals(errors(...call("ok", "echo", "a", echoed("a"))), []);
  assertEquals(errors(...call("ok", "echo", deep, echoed(deep))), []);
  assertEquals(errors(...call("info", "echo", "a")), []);
  assertEquals(errors(["invoke", 0, "echo", "a"]), []);
  const expected = "Expected a message with :echo";
  assertEquals(errors(...call("fail", "echo", "a")), [
    [expected, "a", "But received", "a"],
  ]);
  assertEquals(errors(...call("ok", "echo", "a", echoed("b"))), [
    [expected, "a", "But received", echoed("b")],
  ]);
});

function generated(...ids: Json[]): Line[] {
  return ids.flatMap((id) => call("ok", "generate", null, id));
}

Deno.test("unique-ids counts every id that came twice and gives the range", () => {
  const history = historyOf(
    ...generated(3, 1, 3, 2, 3, 1),
    ...call("info", "generate", null),
  );
  assertEquals(checkUniqueIds(history), {
    "valid?": false,
    "attempted-count": 7,
    "acknowledged-count": 6,
    "duplicated-count": 2,
    duplicated: { "3": 3, "1": 2 },
    range: [1, 3],
  });
});

Deno.test("unique-ids orders strings and arrays, passes over null, and accepts ids of any one type", () => {
  const range = (...ids: Json[]) => {
    const results = checkUniqueIds(historyOf(...generated(...ids)));
    assertEquals(results["valid?"], true);
    return results["range"];
  };
  assertEquals(range("n0-9", "n0-10", "n1-0"), ["n0-10", "n1-0"]);
  assertEquals(range([9], [1, 2], [1, 1]), [[9], [1, 2]]);
  assertEquals(range(null, [null, 2], [1, 1]), [[null, 2], [1, 1]]);
  assertEquals(range("a", null), ["a", "a"]);
  assertEquals(range(null, { a: 1 }), [{ a: 1 }, { a: 1 }]);
  assertEquals(range(), [null, null]);
});

Deno.test("ids of mixed types, and objects, have no range", () => {
  const range = (...ids: Json[]) =>
    checkUniqueIds(historyOf(...generated(...ids)))["range"];
  assertEquals(range(1, "1"), null);
  assertEquals(range({ a: 1 }, { a: 2 }), null);
  assertEquals(range([1], ["1"]), null);
  assertEquals(range(1, float(1), 2n ** 70n, float(-1)), [
    float(-1),
    2n ** 70n,
  ]);
});

Deno.test("a counter may have any sum that adds of unknown outcome allow", () => {
  assertEquals(acceptableIntervals(5, []), [[5, 5]]);
  assertEquals(acceptableIntervals(67, [1, 3]), [[67, 68], [70, 71]]);
  assertEquals(acceptableIntervals(0, [1, 1, 1]), [[0, 3]]);
  assertEquals(acceptableIntervals(10, [-4, 2]), [[6, 6], [8, 8], [10, 10], [
    12,
    12,
  ]]);
  assertEquals(acceptableIntervals(1, [0]), [[1, 1]]);
});

Deno.test("counters are judged by the successful reads of the final phase alone", () => {
  const final = { "final?": true };
  const adds = [
    ...call("ok", "add", 3),
    ...call("info", "add", -1),
    ...call("fail", "add", 100),
  ];
  const results = (...reads: Line[]) =>
    checkCounter(historyOf(...adds, ...reads));
  const right = [
    ...call("ok", "read", null, 2, final),
    ...call("ok", "read", null, 3, final),
  ];
  assertEquals(results(...right, ...call("ok", "read", null, -9)), {
    "valid?": true,
    errors: null,
    "final-reads": [2, 3],
    acceptable: [[2, 3]],
  });
  const wrong = results(...right, ...call("ok", "read", null, 4, final));
  assertEquals(wrong["valid?"], false);
  assertEquals((wrong["errors"] as { value: Json }[]).map((e) => e.value), [4]);
  assertEquals(results(...call("info", "read", null, null, final)), {
    "valid?": true,
    errors: null,
    "final-reads": [],
    acceptable: [[2, 3]],
  });
});
