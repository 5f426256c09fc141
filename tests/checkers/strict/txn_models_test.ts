/** What the strict judge asks of a program that promises nothing, and of everybody by the command's models. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { judge } from "../../../lib/workbench/checkers/judges.ts";
import { strictTxn } from "../../../lib/workbench/checkers/strict/txn.ts";
import { concurrent, type Span, spans } from "../../fixtures/txn-history.ts";
import {
  at,
  found,
  type Last,
  type Level,
  recordingOf,
} from "../../fixtures/txn-recording.ts";

Deno.test("for any program the command's models are enforced, and no more than those", () => {
  const on = (model: string, all: Span[], level?: Level) =>
    found(
      recordingOf("register", all, [], {
        "node-count": 1,
        concurrency: "1",
        "consistency-models": model,
      }),
      level,
    );
  const stale = at([0, "wx1"], [4, "wx2"], [0, "rx1"]);
  assertEquals(on("read-uncommitted", stale), "");
  assertEquals(on("serializable", stale), "");
  for (const level of [undefined, "read-uncommitted", "causal"] as const) {
    const strict = on("strict-serializable", stale, level);
    assert(strict.endsWith("G-single-item-realtime"), strict);
  }
  assertEquals(on("strong-read-committed", stale), "");
  const swapped = at([0, "wx1"], [0, "wx2"], [0, "rx2"], [0, "rx1"]);
  assertEquals(
    on("strong-snapshot-isolation", swapped),
    "G-single-item-realtime",
  );
  const blind = spans(["wx1", 0, 9], ["wx2", 1, 9], ["rx1", 10, 11], [
    "rx2",
    12,
    13,
  ], ["rx1", 14, 15]);
  assertEquals(on("strong-read-committed", blind), "");
  assertEquals(on("strict-serializable", blind), "commit-order-cycle");
});

Deno.test("where sessions are asked for, what one client wrote later is the later version, to every client", () => {
  const on = (model: string, all: Span[]) =>
    found(recordingOf("register", all, [], {
      "node-count": 1,
      concurrency: "2n",
      "consistency-models": model,
    }));
  const back = at([0, "wx1"], [0, "wx2"], [1, "rx2"], [1, "rx1"]);
  assertEquals(on("serializable", back), "");
  for (
    const model of [
      "strong-session-serializable",
      "strong-session-snapshot-isolation",
    ]
  ) assertEquals(on(model, back), "G-single-item-process", model);
  assertEquals(on("strong-session-read-committed", back), "");
  // Another client may be behind.
  const behind = at([0, "wx1"], [0, "wx2"], [1, "rx1"], [1, "rx2"]);
  assertEquals(on("strong-session-serializable", behind), "");
});

Deno.test("two checks that find the same thing make one finding", () => {
  const { anomalies } = judge(recordingOf(
    "list",
    concurrent("ax1 ay1", "ax2 ay2", "rx12 ry21"),
    [],
    { "consistency-models": "strict-serializable" },
  )).strict;
  const types = anomalies.map(({ type }) => type);
  assertEquals(types, [...new Set(types)]);
  assert(types.includes("G0"));
});

Deno.test("null and then a value in one transaction is internal at every level, two values only where reads must repeat", () => {
  const on = (model: string, text: string) =>
    found(recordingOf("register", concurrent("wx1", "wx2", text), [], {
      "consistency-models": model,
    }));
  const models = ["read-uncommitted", "read-committed", "strict-serializable"];
  for (const model of models) {
    assertEquals(on(model, "rx_ rx1"), "internal", model);
  }
  assertEquals(models.map((model) => on(model, "rx1 rx2")), [
    "",
    "",
    "internal",
  ]);
});

Deno.test("what was aborted may be read at read-uncommitted: worth a note, elsewhere an anomaly", () => {
  const on = (model: string) =>
    strictTxn(
      recordingOf("register", at([0, "!wx1"], [1, "rx1"]), [], {
        "consistency-models": model,
      }),
      {},
    ).map(({ type, rank }) => `${rank ?? "anomaly"} ${type}`);
  assertEquals(on("read-uncommitted"), ["note G1a"]);
  assertEquals(on("read-committed"), ["anomaly G1a"]);
});

Deno.test("dirty writes and dropped transactions are found at read-uncommitted, for any program", () => {
  const on = (all: Span[], last: Last) =>
    found(recordingOf("register", all, last, {
      "consistency-models": "read-uncommitted",
    }));
  const both = (text: string) => [text, text, text, text];
  const dirty = concurrent("wx1 wy1", "wx2 wy2");
  assertEquals(on(dirty, both("rx1 ry2")), "G0");
  assertEquals(on(dirty, both("rx2 ry2")), "");
  const dropped = at([0, "wx1"], [0, "wx2"]);
  assertEquals(on(dropped, both("rx1")), "cyclic-versions");
});

Deno.test("a program that promises nothing must not let values vanish after a second", () => {
  const second = 1e9;
  const weak = { "consistency-models": "read-uncommitted" };
  const vanishing = (pause: number) =>
    found(recordingOf(
      "register",
      [
        { text: "wx1", process: 0, from: 0, to: 1 },
        { text: "rx_", process: 4, from: pause, to: pause + 1 },
      ],
      [],
      weak,
    ));
  assertEquals(vanishing(0.9 * second), "");
  assertEquals(vanishing(1.1 * second), "vanished-value");
});

Deno.test("a node that never shows what others wrote, although no cut hinders it, does not replicate", () => {
  const second = 1e9;
  const reads = (text: string) =>
    Array.from({ length: 12 }, (_, i): Span => ({
      text,
      process: 1,
      from: 2 * second + 10 * i,
      to: 2 * second + 10 * i + 5,
    }));
  const all = (text: string) => [
    { text: "wx1", process: 0, from: 0, to: 1 },
    { text: "wx2", process: 1, from: 2, to: 3 },
    ...reads(text),
  ];
  const weak = { "consistency-models": "read-uncommitted" };
  const run = (text: string) => recordingOf("register", all(text), [], weak);
  assertEquals(found(run("rx2")), "no-replication");
  assertEquals(found(run("rx1")), "");
  const cut = run("rx2");
  const partition = ["isolated", { n0: ["n1"], n1: ["n0"] }];
  cut.history.unshift({
    index: -1,
    time: 0,
    type: "info",
    process: "nemesis",
    f: "start-partition",
    value: partition,
  });
  assertEquals(found(cut), "");
});

Deno.test("a transaction that never ended is named by its beginning", () => {
  const recording = recordingOf("register", concurrent("wx1 wy1", "rx1 ry_"));
  recording.history = recording.history.filter(({ process, type }) =>
    process !== 0 || type === "invoke"
  );
  const anomalies = strictTxn(recording, {}).filter(({ type }) =>
    type.startsWith("G-single-item")
  );
  assertEquals(anomalies.length, 1);
  assertStringIncludes(
    String(anomalies[0]!.because),
    "(begun at index 0, process 0)",
  );
});

Deno.test("a model that nothing contradicts is worth a note", () => {
  const on = (model: string) =>
    strictTxn(
      recordingOf("register", concurrent("wx1", "rx1"), [], {
        "consistency-models": model,
      }),
      {},
    ).map(({ type, rank }) => `${type} ${rank}`).join();
  assertEquals(on("causal"), "model-without-rules note");
  assertEquals(on("1SR , linearizable"), "model-without-rules note");
  assertEquals(on("causal , read-committed"), "");
  assertEquals(on("no-such-model"), "");
});
