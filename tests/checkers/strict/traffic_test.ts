/** Messages that grow, messages that are merely of two lengths, and none. */
import { assertEquals } from "@std/assert";
import { judgeStrict } from "../../../lib/workbench/checkers/strict/strict.ts";
import { growingMessages } from "../../../lib/workbench/checkers/strict/traffic.ts";
import type {
  Incident,
  JournalEvent,
} from "../../../lib/workbench/history/history.ts";

/** What is found in a hundred messages of these lengths, by their part of the run. */
function found(lengthAt: (part: number, i: number) => number): string[] {
  const read = { type: "invoke", process: 0, f: "read", value: null } as const;
  const journal = Array.from({ length: 100 }, (_, i): JournalEvent => {
    const text = "x".repeat(lengthAt(i / 100, i));
    return ["send", i * 1e7, i, "n0", "n1", { type: "gossip", text }];
  });
  return growingMessages({
    workload: "broadcast",
    options: {},
    history: [{ ...read, index: 0, time: 1e9 }],
    journal,
    journalOrigin: 0,
  }, { convergenceMs: 0 }).map(({ type }) => type);
}

Deno.test("messages that grow with what was stored are found", () => {
  assertEquals(found((part) => 20_000 * part), ["growing-messages"]);
});

Deno.test("messages of two lengths do not grow, though more of the last are long", () => {
  assertEquals(
    found((part, i) => i % 10 < (part < 0.5 ? 4 : 6) ? 4_000 : 200),
    [],
  );
});

/** What is found in a run of some nodes with a message to `dest` and what else is given, and is wrong or not. */
function judged(
  workload: string,
  dest: string,
  wrong = true,
  type?: Incident["type"],
  nodes = 2,
  outcome: "ok" | "info" = "ok",
): string[] {
  const op = { index: 0, time: 0, process: 0, f: "x", value: null };
  const { anomalies } = judgeStrict(
    {
      workload,
      options: { "node-count": nodes },
      history: [{ ...op, type: outcome }],
      journal: [
        ["send", 0, 0, "c1", "n0", { type: "x" }],
        ...(dest === "nobody"
          ? []
          : [["send", 0, 1, "n0", dest, {}] satisfies JournalEvent]),
      ],
      incidents: type ? [{ time: 1, node: "n0", type, text: "" }] : [],
    },
    { "valid?": true },
    {},
    { [workload]: () => wrong ? [{ type: "lost-value", because: ["1"] }] : [] },
  );
  return anomalies.map(({ type }) => type);
}

Deno.test("where values were lost and nodes never wrote to others, that comes first", () => {
  assertEquals(judged("broadcast", "nobody"), ["no-replication", "lost-value"]);
  assertEquals(judged("broadcast", "n1"), ["lost-value"]);
  assertEquals(judged("g-counter", "seq-kv"), ["lost-value"]);
  assertEquals(judged("broadcast", "nobody", false), [], "nothing is wrong");
  for (const alone of ["echo", "unique-ids"]) {
    assertEquals(judged(alone, "nobody"), ["lost-value"]);
  }
  assertEquals(judged("broadcast", "nobody", true, "stopped"), [
    "lost-value",
  ]);
  for (const end of ["process-exit", "setup-failed"] as const) {
    assertEquals(judged("broadcast", "nobody", true, end), [end, "lost-value"]);
  }
  const one = judged("broadcast", "nobody", true, undefined, 1);
  assertEquals(one, ["lost-value"], "there is no other node");
  const none = judged("broadcast", "nobody", true, undefined, 2, "info");
  assertEquals(none, ["lost-value"], "no client was served at all");
});
