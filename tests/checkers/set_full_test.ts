/** Jepsen's set-full, which judges broadcast and g-set. */
import { assertEquals } from "@std/assert";
import { checkSetFull } from "../../lib/workbench/checkers/set-full.ts";
import type { Json, JsonObject } from "../../lib/workbench/history/json.ts";
import { holding } from "../../lib/workbench/history/lists.ts";
import { historyOf, type Line } from "../fixtures/histories.ts";

function add(value: Json, type: "ok" | "info" | "fail" = "ok"): Line[] {
  return [["invoke", 0, "add", value], [type, 0, "add", value]];
}

function read(value: Json, process = 1): Line[] {
  return [["invoke", process, "read", null], ["ok", process, "read", value]];
}

function check(...lines: Line[]) {
  return checkSetFull(historyOf(...lines), "add");
}

function verdict(...lines: Line[]): Json[] {
  const { "valid?": valid, lost, "never-read": never, ...rest } = check(
    ...lines,
  );
  return [valid, rest["stable-count"]!, lost!, never!];
}

Deno.test("an element is stable when the last read that could see it saw it", () => {
  assertEquals(verdict(...add(7), ...read([7])), [true, 1, [], []]);
  assertEquals(verdict(...add(7), ...read([]), ...read([7])), [
    true,
    1,
    [],
    [],
  ]);
});

Deno.test("a known element is lost when the last read lacks it", () => {
  assertEquals(verdict(...add(7), ...read([])), [false, 0, [7], []]);
  assertEquals(verdict(...add(7), ...read([7]), ...read([])), [
    false,
    0,
    [7],
    [],
  ]);
});

Deno.test("an element of unknown outcome is lost only after a read has shown it", () => {
  const other = [...add(8), ...read([8])];
  assertEquals(verdict(...add(7, "info"), ...other), [true, 1, [], [7]]);
  assertEquals(verdict(...add(7, "info"), ...read([7]), ...other), [
    false,
    1,
    [7],
    [],
  ]);
});

Deno.test("a read that began before an element was known does not lose it", () => {
  assertEquals(
    verdict(
      ["invoke", 1, "read", null],
      ...add(7),
      ["ok", 1, "read", []],
    ),
    ["unknown", 0, [], [7]],
  );
});

Deno.test("the read that was invoked last decides, not the one that completed last", () => {
  assertEquals(
    verdict(
      ...add(7),
      ["invoke", 1, "read", null],
      ["invoke", 2, "read", null],
      ["ok", 2, "read", [7]],
      ["ok", 1, "read", []],
    ),
    [true, 1, [], []],
  );
});

Deno.test("the verdict is unknown when no element is stable", () => {
  assertEquals(verdict(...read([])), ["unknown", 0, [], []]);
  assertEquals(verdict(...add(1, "fail"), ...read(null)), [
    "unknown",
    0,
    [],
    [1],
  ]);
});

Deno.test("duplicates and values nobody added go unnoticed, as in Jepsen", () => {
  const results = check(...add(7), ...read([7, 7, 99]));
  assertEquals(results["valid?"], true);
  assertEquals(results["duplicated-count"], 0);
  assertEquals(results["attempt-count"], 1);
});

Deno.test("latencies run in whole milliseconds from known to the last read that missed it", () => {
  // Known at 1 ms; the read that misses it is invoked at 4 ms, and one ns more counts.
  const stale = check(...add(7), ...read([]), ...read([]), ...read([7]));
  assertEquals(stale["stale"], [7]);
  assertEquals(stale["stable-latencies"], {
    "0": 3,
    "0.5": 3,
    "0.95": 3,
    "0.99": 3,
    "1": 3,
  });
  const [worst] = stale["worst-stale"] as JsonObject[];
  assertEquals(worst?.["element"], 7);
  assertEquals((worst?.["known"] as JsonObject)["index"], 1);
  assertEquals((worst?.["last-absent"] as JsonObject)["index"], 4);

  const lost = check(...add(7), ...read([]), ...read([7]), ...read([]));
  assertEquals(Object.hasOwn(lost, "stable-latencies"), false);
  assertEquals((lost["lost-latencies"] as JsonObject)["1"], 3);
});

Deno.test("quantiles take the element at the floor of n times q", () => {
  const lines: Line[] = [];
  // Element i is known first and then missed by i reads, of two lines each.
  for (let i = 0; i < 4; i++) {
    lines.push(...add(i));
    const before = Array.from({ length: i }, (_, j) => j);
    for (let missed = 0; missed < i; missed++) lines.push(...read(before));
    lines.push(...read([...before, i]));
  }
  assertEquals(check(...lines)["stable-latencies"], {
    "0": 0,
    "0.5": 3,
    "0.95": 5,
    "0.99": 5,
    "1": 5,
  });
});

Deno.test("broadcasts are shown as adds", () => {
  const results = checkSetFull(
    historyOf(
      ["invoke", 0, "broadcast", 1],
      ["ok", 0, "broadcast", 1],
      ["invoke", 1, "read", null],
      ["ok", 1, "read", []],
      ...read([1]),
    ),
    "broadcast",
  );
  const [worst] = results["worst-stale"] as JsonObject[];
  assertEquals((worst?.["known"] as JsonObject)["f"], "add");
});

Deno.test("an element counts from the first read that has it, even if a later one has less of the same list", () => {
  const list = [8, 7];
  const lengths = [2, 1, 2];
  const history = historyOf(
    ...add(8),
    ...add(7, "info"),
    ...lengths.flatMap(() => read(null)),
  ).map((op) =>
    op.type === "ok" && op.f === "read"
      ? holding(op, "value", { list, length: lengths.shift()! })
      : op
  );
  const { "worst-stale": worst } = checkSetFull(
    history.map((op) => Object.assign(op, { time: op.index * 1e6 })),
    "add",
  );
  assertEquals((worst as JsonObject[]).map(({ element }) => element), [7]);
});
