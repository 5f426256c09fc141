import { assertEquals } from "@std/assert";
import { inWords } from "../../../lib/workbench/checkers/strict/examples.ts";
import type { Json } from "../../../lib/workbench/history/json.ts";

const poll = (process: number, time: number) => ({
  ...{ index: 7, time, type: "ok", process, f: "poll" },
  value: [["poll", { "9": [[0, 1]] }]],
});

const cases: [type: string, example: Json, sentences: string[]][] = [
  [
    "int-poll-skip",
    {
      ...{ key: "9", values: [1, 4], delta: 3, skipped: [2, 3] },
      op: poll(1, 381e6),
    },
    ["process 1, at 0.381 s, polled message 1 of key 9 and next 4, and skipped 2,3"],
  ],
  [
    "nonmonotonic-poll",
    {
      ...{ key: "9", values: [4, 4], delta: 0 },
      ops: [poll(1, 381e6), poll(1, 500e6)],
    },
    ["process 1, at 0.381 s, polled message 4 of key 9 and next, at 0.500 s, 4, which does not come after it"],
  ],
  [
    "int-send-skip",
    {
      ...{ key: "9", values: ["a", "b"], delta: 2, skipped: [null] },
      op: poll(3, 1e9),
    },
    ['process 3, at 1.000 s, sent message "a" of key 9 and next "b", and skipped null'],
  ],
  [
    "precommitted-read",
    { key: "9", value: 5, op: poll(0, 2e9) },
    ["process 0, at 2.000 s, polled 5 of key 9 in the transaction that sent it"],
  ],
  [
    "G1a",
    {
      ...{ key: "9", value: 5, reader: poll(0, 2e9) },
      writer: { ...poll(3, 1e9), type: "fail", f: "send" },
    },
    ["process 0, at 2.000 s, polled 5 of key 9, although its send had failed: process 3, at 1.000 s"],
  ],
  [
    "lost-write",
    {
      ...{ key: "9", value: 5, index: 4, "max-read-index": 6 },
      writer: { ...poll(3, 1e9), f: "send" },
      "max-read": poll(0, 2e9),
    },
    ["process 3, at 1.000 s, sent 5 to key 9, and nobody polled it, though process 0, at 2.000 s, polled what comes after it"],
  ],
  [
    "lost-write",
    { key: "9", value: 5, writer: poll(3, 1e9), "max-read": null },
    ["process 3, at 1.000 s, sent 5 to key 9, and nobody polled it, though somebody polled what comes after it"],
  ],
  [
    "duplicate",
    { key: "9", value: 5, count: 2, offsets: [4, 7] },
    ["message 5 of key 9 is at offsets 4,7"],
  ],
  [
    "inconsistent-offsets",
    { key: "9", offset: 4, index: 4, values: [1, "b"] },
    ['several messages are at offset 4 of key 9: 1,"b"'],
  ],
  [
    "unseen",
    {
      time: 3e9,
      unseen: { "9": 2, "10": 1 },
      messages: { "9": [1, 2], "10": [1] },
    },
    [
      "nobody ever polled 1,2 of key 9, which had been acknowledged",
      "nobody ever polled 1 of key 10, which had been acknowledged",
    ],
  ],
  [
    "wrong-final-read",
    { ...poll(2, 4e9), f: "read", value: 25 },
    ["the final read of process 2, at 4.000 s, is 25, which no choice among the adds of unknown outcome explains"],
  ],
  [
    "cycle-search-timeout",
    {
      ...{ type: "cycle-search-timeout", "anomaly-spec-type": "G1c" },
      "scc-size": 40,
    },
    ["40 transactions all precede each other; Elle may have given up before it had found a G1c among them"],
  ],
  [
    "empty-transaction-graph",
    {},
    ["no two transactions depend on each other, so there is nothing to judge"],
  ],
  ["an error without words", { key: 1 }, ['{"key":1}']],
];

for (const [type, example, sentences] of cases) {
  Deno.test(`${type} is told in words`, () => {
    assertEquals(inWords(type, example), sentences);
  });
}
