/** Linearizability of registers, by examples and against trying every order. */
import { assertEquals, assertGreater } from "@std/assert";
import { checkLinearizable } from "../../lib/workbench/checkers/registers/linearizable.ts";
import {
  type Effect,
  search,
  type SearchEvent,
} from "../../lib/workbench/checkers/registers/linearizable-search.ts";
import type { OpType } from "../../lib/workbench/history/history.ts";
import type { Json, JsonObject } from "../../lib/workbench/history/json.ts";
import { type Random, seeded } from "../../lib/workbench/world/random.ts";
import { historyOf, type Line } from "../fixtures/histories.ts";

function call(
  process: number,
  f: string,
  value: Json,
  type: OpType = "ok",
  key = 0,
): Line[] {
  const asked = f === "read" ? null : value;
  return [
    ["invoke", process, f, [key, asked]],
    [type, process, f, [key, type === "ok" ? value : asked]],
  ];
}

function verdict(...lines: Line[]) {
  return checkLinearizable(historyOf(...lines))["valid?"];
}

Deno.test("a register has the last value written, and null before any", () => {
  const write = call(0, "write", 1);
  assertEquals(verdict(...write, ...call(1, "read", 1)), true);
  assertEquals(verdict(...call(1, "read", null), ...write), true);
  assertEquals(verdict(...write, ...call(1, "read", 2)), false);
  assertEquals(verdict(...call(1, "read", 1), ...write), false);
});

Deno.test("a read of null is always right", () => {
  const write = call(0, "write", 1);
  assertEquals(verdict(...write, ...call(1, "read", null)), true);
});

Deno.test("a compare-and-set succeeds on the value it names alone", () => {
  const write = call(0, "write", 1);
  const cas = call(1, "cas", [1, 2]);
  assertEquals(verdict(...write, ...cas, ...call(2, "read", 2)), true);
  assertEquals(verdict(...write, ...cas, ...cas), false);
  assertEquals(verdict(...cas), false);
});

Deno.test("concurrent operations may take effect in any order, but only in one", () => {
  const concurrent = (...reads: number[]): Line[] => [
    ["invoke", 0, "write", [0, 1]],
    ["invoke", 1, "write", [0, 2]],
    ["ok", 0, "write", [0, 1]],
    ["ok", 1, "write", [0, 2]],
    ...reads.flatMap((value, i) => call(2 + i, "read", value)),
  ];
  assertEquals(verdict(...concurrent(1, 1)), true);
  assertEquals(verdict(...concurrent(2, 2)), true);
  assertEquals(verdict(...concurrent(1, 2)), false);
});

Deno.test("a read that overlaps writes may see any of them, but two reads not backwards", () => {
  const lines = (first: number, second: number): Line[] => [
    ...call(0, "write", 1),
    ["invoke", 0, "write", [0, 2]],
    ...call(1, "read", first),
    ...call(1, "read", second),
    ["ok", 0, "write", [0, 2]],
  ];
  assertEquals(verdict(...lines(1, 2)), true);
  assertEquals(verdict(...lines(2, 1)), false);
});

Deno.test("a failed operation did nothing", () => {
  const failed = call(0, "write", 1, "fail");
  assertEquals(verdict(...failed, ...call(1, "read", 1)), false);
});

Deno.test("an operation of unknown outcome takes effect once at any later time, or never", () => {
  const unknown = call(0, "write", 1, "info");
  const other = call(1, "write", 2);
  const read = (value: number) => call(2, "read", value);
  assertEquals(verdict(...unknown, ...other, ...read(2)), true);
  assertEquals(verdict(...unknown, ...other, ...read(2), ...read(1)), true);
  assertEquals(
    verdict(...unknown, ...other, ...read(2), ...read(1), ...read(2)),
    false,
  );
  assertEquals(verdict(...read(1), ...unknown), false);
  assertEquals(
    verdict(["invoke", 0, "write", [0, 1]], ...read(1)),
    true,
    "so does one that the history ends before",
  );
});

Deno.test("each key is its own register, and those that fail are listed", () => {
  const results = checkLinearizable(historyOf(
    ...call(0, "write", 1, "ok", 0),
    ...call(1, "write", 2, "ok", 7),
    ...call(2, "read", 1, "ok", 0),
    ...call(3, "read", 1, "ok", 7),
  ));
  assertEquals(results["valid?"], false);
  assertEquals(results["failures"], [7]);
  const ofKey = (key: string) =>
    (results["results"] as JsonObject)[key] as JsonObject;
  assertEquals(ofKey("0")["valid?"], true);
  const { op, "previous-ok": previous, configs } = ofKey("7")[
    "linearizable"
  ] as { [part: string]: JsonObject };
  assertEquals([op!["index"], op!["value"]], [7, 1]);
  assertEquals(previous!["index"], 3);
  const [config] = configs as unknown as JsonObject[];
  assertEquals(config!["model"], { value: 2 });
  const first = checkLinearizable(historyOf(...call(0, "read", 5)));
  const { linearizable } = (first["results"] as JsonObject)["0"] as {
    linearizable: JsonObject;
  };
  assertEquals(linearizable["previous-ok"], null);
});

Deno.test("the search stops at its limit and says so", () => {
  const writes = Array.from(
    { length: 8 },
    (_, i): Line => ["invoke", i, "write", [0, i]],
  );
  const ends = writes.map((
    [, process, f, value],
  ): Line => ["ok", process, f, value]);
  const history = historyOf(...writes, ...ends, ...call(9, "read", 99));
  assertEquals(checkLinearizable(history)["valid?"], false);
  assertEquals(checkLinearizable(history, 50)["valid?"], "unknown");
});

/** A small history at random: four processes, two values. */
function randomEvents(random: Random): SearchEvent[] {
  const events: SearchEvent[] = [];
  const open: number[] = [];
  const effect = (): Effect => {
    const value = 1 + random.int(2);
    const f = random.pick(["read", "write", "cas"] as const);
    return f === "cas" ? { f, from: random.int(3), to: value } : { f, value };
  };
  for (let id = 0; id < 6 || open.length > 0;) {
    if (id < 6 && open.length < 4 && random.chance(0.6)) {
      const crashes = random.chance(0.25);
      const type = crashes ? "crashed" : "call";
      let what = effect();
      // A read that never returns says nothing, and is never searched for.
      while (crashes && what.f === "read") what = effect();
      events.push({ type, id, effect: what });
      if (!crashes) open.push(id);
      id++;
    } else if (open.length > 0) {
      const [ended] = open.splice(random.int(open.length), 1);
      events.push({ type: "return", id: ended! });
    }
  }
  return events;
}

/** Tries every order: the definition of linearizability, word for word. */
function someOrderWorks(events: readonly SearchEvent[]): boolean {
  const calls = events.flatMap((event, begin) => {
    if (event.type === "return") return [];
    const end = events.findIndex((e) =>
      e.type === "return" && e.id === event.id
    );
    return [{ ...event, begin, end: end < 0 ? Infinity : end }];
  });
  const extend = (state: number, rest: typeof calls): boolean => {
    if (rest.every(({ end }) => end === Infinity)) return true;
    return rest.some((next) => {
      if (rest.some((other) => other.end < next.begin)) return false;
      const { effect } = next;
      const others = rest.filter((other) => other !== next);
      if (effect.f === "write") return extend(effect.value, others);
      if (effect.f === "read") {
        return effect.value === state && extend(state, others);
      }
      if (effect.f === "absent") return state === 0 && extend(state, others);
      if (effect.f === "differs") {
        return state !== 0 && state !== effect.from && extend(state, others);
      }
      return effect.from === state && extend(effect.to, others);
    });
  };
  return extend(0, calls);
}

Deno.test("the search agrees with trying every order on 3000 random histories", () => {
  const random = seeded(7);
  const count = { true: 0, false: 0 };
  for (let i = 0; i < 3000; i++) {
    const events = randomEvents(random.fork(`history ${i}`));
    const expected = someOrderWorks(events);
    assertEquals(
      search(events, 1e6).linearizable,
      expected,
      JSON.stringify(events),
    );
    count[`${expected}`]++;
  }
  assertGreater(count.true, 300);
  assertGreater(count.false, 300);
});
