/** The calm at the end of a run: what nodes must answer in it, and what is excused. */
import { assertEquals } from "@std/assert";
import type { Json, Op, Recording } from "../../../lib/workbench/history.ts";
import { judge } from "../../../lib/workbench/checkers/judges.ts";

/** What became of one request after another. */
type Outcome = [Op["type"], Json?];

const OK: Outcome = ["ok"];
const TIMEOUT: Outcome = ["info", "net-timeout"];
const REFUSED: Outcome = ["fail", ["temporarily-unavailable", "ask n1"]];
const OTHER_VALUE: Outcome = ["fail", ["precondition-failed", "it is 3"]];

function ops(outcomes: readonly Outcome[], fromSeconds: number): Op[] {
  return outcomes.flatMap(([type, error], i) => {
    const op = { process: 0, f: "cas", value: [0, [i, i + 1]] };
    const time = (fromSeconds + i) * 1e9;
    return [
      { ...op, index: 2 * i, type: "invoke", time },
      { ...op, index: 2 * i + 1, type, time, ...(error && { error }) },
    ] as Op[];
  });
}

function found(
  run: readonly Outcome[],
  calm: readonly Outcome[] | null,
): string[] {
  const recording: Recording = {
    workload: "lin-kv",
    options: { "node-count": 1, concurrency: 1 },
    journal: [],
    journalOrigin: 0,
    history: ops(run, 0),
    ...(calm && { calm: { history: ops(calm, 30), journal: [] } }),
  };
  return judge(recording).strict.anomalies.map(({ type }) => type)
    .filter((type) => type === "no-recovery" || type === "never-ok");
}

Deno.test("a node that answers nothing in the calm has not recovered, whatever it answered before", () => {
  const vain = [TIMEOUT, TIMEOUT, TIMEOUT];
  for (
    const [run, calm, anomalies] of [
      [[OK], vain, ["no-recovery"]],
      [vain, vain, ["no-recovery", "never-ok"]],
      [[OK], [REFUSED, REFUSED, REFUSED], ["no-recovery"]],
      [[OK], [...vain, OTHER_VALUE], []],
      [[OK], [TIMEOUT, TIMEOUT], []],
      [[OK], [], []],
      // It sends all clients elsewhere.
      [[REFUSED], [REFUSED, REFUSED, REFUSED], ["never-ok"]],
    ] as [Outcome[], Outcome[], string[]][]
  ) {
    assertEquals(found(run, calm), anomalies, JSON.stringify([run, calm]));
  }
});

Deno.test("what faults let nobody do in the run, and anybody in the calm, is no fault of the nodes", () => {
  assertEquals(found([TIMEOUT, TIMEOUT], null), ["never-ok"]);
  assertEquals(found([TIMEOUT, TIMEOUT], [TIMEOUT, OTHER_VALUE, OK]), []);
  assertEquals(found([TIMEOUT], [OTHER_VALUE, OTHER_VALUE]), ["never-ok"]);
});
