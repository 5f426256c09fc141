/** The strict judge of counters on small histories, one for every anomaly. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Promises } from "../../../lib/workbench/scenarios/promises.ts";
import {
  strictGCounter,
  strictPnCounter,
} from "../../../lib/workbench/checkers/strict/counter.ts";
import type { Op, Recording } from "../../../lib/workbench/history/history.ts";
import type { Json } from "../../../lib/workbench/history/json.ts";

/** What one process does: at these milliseconds, and how it ends. */
interface Step {
  process: number;
  f: "add" | "read" | "final" | "cut" | "heal";
  value?: number;
  from: number;
  to?: number;
  end?: "ok" | "info" | "none";
}

const add = (process: number, value: number, from: number, to = from + 1) =>
  ({ process, f: "add", value, from, to }) as const;
const read = (process: number, value: number, from: number, to = from + 1) =>
  ({ process, f: "read", value, from, to }) as const;
const final = (process: number, value: number) =>
  ({ process, f: "final", value, from: 20_000, to: 20_001 }) as const;
const cut = (from: number): Step => ({ process: -1, f: "cut", from });
const heal = (from: number): Step => ({ process: -1, f: "heal", from });

/** A run of two nodes; process 0 is at n0, 1 at n1. */
function recordingOf(steps: Step[], options = {}): Recording {
  const lines = steps.flatMap((step): Op[] => {
    const { process, f, value = null, from, to = from + 1, end = "ok" } = step;
    if (f === "cut" || f === "heal") {
      const name = f === "cut" ? "start-partition" : "stop-partition";
      const line = {
        index: 0,
        type: "info" as const,
        process: "nemesis",
        f: name,
      };
      return [{ ...line, time: from * 1e6, value: null }];
    }
    const op = f === "add" ? { index: 0, f, value: value as Json } : {
      index: 0,
      f: "read",
      value: null,
      ...f === "final" ? { "final?": true } : {},
    };
    const invoke = {
      ...op,
      process,
      type: "invoke" as const,
      time: from * 1e6,
    };
    const done = { ...op, value, process, time: to * 1e6 };
    return end === "none" ? [invoke] : [invoke, { ...done, type: end }];
  });
  lines.sort((a, b) => a.time - b.time);
  return {
    workload: "g-counter",
    options: { "node-count": 2, concurrency: "1n", ...options },
    history: lines.map((line, index) => ({ ...line, index })),
    journal: [],
  };
}

function found(
  steps: Step[],
  promises: Promises = {},
  judge = strictGCounter,
  options = {},
): string {
  const anomalies = judge(recordingOf(steps, options), promises);
  assert(anomalies.every(({ because }) => because.length > 0));
  return anomalies.map(({ type }) => type).join(" ");
}

Deno.test("a counter whose reads are exact has no anomaly", () => {
  const steps = [add(0, 3, 0), read(1, 3, 10), final(0, 3), final(1, 3)];
  assertEquals(found(steps, { stalenessMs: 0 }), "");
});

Deno.test("a read may miss what was acknowledged within the promised time, and no longer", () => {
  const steps = [add(0, 3, 0, 1), read(1, 0, 50), final(0, 3), final(1, 3)];
  assertEquals(found(steps, { stalenessMs: 100 }), "");
  assertEquals(found(steps, { stalenessMs: 40 }), "stale-read");
  assertEquals(found(steps), "", "nothing was promised");
});

Deno.test("a read may hold what is being added, and nothing that was never requested", () => {
  const slow = add(0, 3, 0, 100);
  assertEquals(found([slow, read(1, 3, 10)]), "");
  assertEquals(found([slow, read(1, 4, 10)]), "read-too-high");
  assertEquals(found([slow, read(1, -1, 10)]), "read-too-low");
  assertEquals(found([add(0, 3, 50), read(1, 3, 10)]), "read-too-high");
});

Deno.test("with promises that hold without faults, a cut excuses stale reads until after the heal", () => {
  const promises = { stalenessMs: 100, convergenceMs: 1_000 };
  const at = (ms: number) =>
    found([cut(0), add(0, 3, 10), heal(500), read(1, 0, ms)], promises);
  assertEquals(at(400), "");
  assertEquals(at(1_400), "");
  assertEquals(at(1_600), "stale-read");
});

Deno.test("with promises that hold under faults, a cut excuses nothing", () => {
  const promises = { stalenessMs: 100, boundsUnderFaults: true };
  const steps = [cut(0), add(0, 3, 10), read(1, 0, 400)];
  assertEquals(found(steps, promises), "stale-read");
});

Deno.test("the network's own latency is not held against a program", () => {
  const steps = [add(0, 3, 0, 1), read(1, 0, 250)];
  const promises = { stalenessMs: 100 };
  const slow = { latency: 100 };
  assertEquals(found(steps, promises), "stale-read");
  assertEquals(found(steps, promises, strictGCounter, slow), "");
});

Deno.test("reads of one node that go backwards are found, those of two nodes and of concurrent reads are not", () => {
  const start = [add(0, 3, 0), read(0, 3, 10)];
  assertEquals(found([...start, read(0, 0, 20)]), "read-went-backwards");
  assertEquals(found([...start, read(1, 0, 20)]), "");
  assertEquals(
    found([add(0, 3, 0), read(0, 3, 10, 30), read(2, 0, 20, 25)]),
    "",
  );
});

Deno.test("a counter that can shrink may go back, but not below what was subtracted", () => {
  const steps = [add(0, 3, 0), read(0, 3, 10), add(1, -2, 15), read(0, 1, 20)];
  assertEquals(found(steps, { stalenessMs: 0 }, strictPnCounter), "");
  const low = [...steps, read(0, -3, 30)];
  assertEquals(found(low, {}, strictPnCounter), "read-too-low");
});

Deno.test("the last reads hold all acknowledged adds, and any of those of unknown outcome", () => {
  const unknown: Step = { ...add(1, 5, 5), end: "info" };
  const steps = [add(0, 3, 0), unknown];
  assertEquals(found([...steps, final(0, 3), final(1, 8)]), "");
  assertEquals(found([...steps, final(0, 2)]), "read-too-low");
  assertEquals(found([...steps, final(0, 9)]), "read-too-high");
  assertEquals(found([...steps, final(0, 6)]), "inexact-read");
});

Deno.test("a node that does not answer its last read is found, with what it said instead", () => {
  const silent: Step = { ...final(1, 0), end: "info" };
  const steps = [add(0, 3, 0), final(0, 3), silent];
  assertEquals(found(steps), "no-final-read");
  const recording = recordingOf(steps);
  recording.history.at(-1)!.error = "indeterminate: error 20: no key";
  const [{ because } = { because: [] }] = strictGCounter(recording, {});
  assertEquals(because.length, 1);
  assertStringIncludes(
    because[0]!,
    "did not answer with one: error 20: no key",
  );
  const op = { index: 0, time: 2e9, process: 0, f: "read", value: 3 };
  const aftermath = {
    journal: [],
    healedAt: 1e9,
    history: [
      { ...op, node: "n0", type: "ok" as const },
      { ...op, node: "n1", type: "fail" as const, error: "not now" },
    ],
  };
  const [later] = strictGCounter({ ...recording, aftermath }, {});
  assertStringIncludes(later!.because[0]!, "not answer with one: not now");
});
