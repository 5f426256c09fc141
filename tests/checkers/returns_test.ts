/** When nodes that had been killed are in touch with the others again. */
import { assertEquals } from "@std/assert";
import type {
  Incident,
  JournalEvent,
} from "../../lib/workbench/history/history.ts";
import { returnsOf } from "../../lib/workbench/checkers/returns.ts";

/** When n0, started again at 2 s and spoken to at 2.1 s, is in touch with those that it had known, in seconds. */
function inTouchAt(
  messages: readonly [src: string, dest: string, sent: number, at: number][],
): number {
  const journal = messages.flatMap(([src, dest, sent, at], id) => {
    const event = (kind: "send" | "recv", time: number) =>
      [kind, time * 1e9, id, src, dest, { type: "say" }] as JournalEvent;
    return [event("send", sent), event("recv", at)];
  }).sort((a, b) => a[1] - b[1]);
  const incidents: Incident[] = [
    { type: "kill", node: "n0", time: 1e9, text: "" },
    { type: "restart", node: "n0", time: 2e9, text: "" },
  ];
  const [back] = returnsOf({
    ...{ workload: "broadcast", options: { "node-count": 3 }, history: [] },
    ...{ journal, journalOrigin: 0, incidents },
  });
  return back!.inTouchAt / 1e9;
}

Deno.test("a node that has come back is in touch with another once that has answered it", () => {
  const before = [["n1", "n0", 0.1, 0.2], ["n2", "n0", 0.1, 0.2]] as const;
  const late = ["n1", "n0", 0.9, 2.2] as const; // for its earlier life
  const said = [["n0", "n1", 2.3, 2.4], ["n0", "n2", 2.3, 2.6]] as const;
  const early = ["n2", "n0", 2.5, 2.7] as const; // before it had heard
  const answers = [["n1", "n0", 2.4, 2.5], ["n2", "n0", 2.6, 2.8]] as const;
  const told = (...all: (readonly [string, string, number, number])[]) =>
    inTouchAt(all.map(([...message]) => message));
  assertEquals(told(...before, late, ...said, early), Infinity);
  assertEquals(told(...before, late, ...said, early, ...answers), 2.8);
  assertEquals(told(...before, ...answers), Infinity, "it said nothing");
});
