/** What a kill excuses where only what had been told is to survive. */
import { assertEquals } from "@std/assert";
import type { Op, Recording } from "../../../lib/workbench/history.ts";
import { judge } from "../../../lib/workbench/checkers/judges.ts";

const SECOND = 1e9;

/** Two nodes of broadcast-3c, of which n0 takes a value and is killed so much later; nobody shows it in the end. */
function lostAfter(killSeconds: number): Recording {
  const at = (seconds: number) => seconds * SECOND;
  const op = (type: Op["type"], f: string, value: Op["value"], time: number) =>
    ({ type, f, value, time: at(time), process: 0, index: 0 }) as Op;
  const final = [0, 1].flatMap((process) => [
    { ...op("invoke", "read", null, 60), process, "final?": true },
    { ...op("ok", "read", [2], 60.1), process, "final?": true },
  ]);
  const kill = 1 + killSeconds;
  return {
    workload: "broadcast",
    program: "broadcast-3c",
    options: { "node-count": 2, concurrency: 2 },
    journal: [],
    journalOrigin: 0,
    incidents: [
      { type: "kill", node: "n0", time: at(kill), text: "" },
      { type: "restart", node: "n0", time: at(kill + 1), text: "" },
    ],
    history: [
      op("invoke", "broadcast", 1, 0.9),
      op("ok", "broadcast", 1, 1),
      { ...op("invoke", "broadcast", 2, 0.9), process: 1 },
      { ...op("ok", "broadcast", 2, 1), process: 1 },
      ...final,
    ] as Op[],
  };
}

Deno.test("what a node had no time to tell may die with it, and what it had told may not", () => {
  for (const [seconds, valid] of [[0.5, true], [20, false]] as const) {
    const { strict } = judge(lostAfter(seconds));
    const types = strict.anomalies.map(({ type }) => type);
    assertEquals(types.includes("lost-value"), !valid, `${seconds} s`);
  }
});

Deno.test("who promises nothing of restarts, or more, is excused nothing", () => {
  for (const program of ["broadcast-3a", "kafka-5b"]) {
    const { strict } = judge({ ...lostAfter(0.5), program });
    assertEquals(strict["valid?"], false, program);
  }
});
