/** Messages that grow, and messages that are merely of two lengths. */
import { assertEquals } from "@std/assert";
import { growingMessages } from "../../../lib/workbench/checkers/strict/traffic.ts";
import type { JournalEvent } from "../../../lib/workbench/history/history.ts";

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
