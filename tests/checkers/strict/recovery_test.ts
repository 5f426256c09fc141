/** The calm at the end of a run: what nodes must answer in it, and what is excused. */
import { assertEquals } from "@std/assert";
import type { Op, Recording } from "../../../lib/workbench/history/history.ts";
import type { Json } from "../../../lib/workbench/history/json.ts";
import { judge } from "../../../lib/workbench/checkers/judges.ts";
import { recoveryFindings } from "../../../lib/workbench/checkers/strict/recovery.ts";

/** What became of one request after another. */
type Outcome = [Op["type"], Json?];

const OK: Outcome = ["ok"];
const TIMEOUT: Outcome = ["info", "net-timeout"];
const REFUSED: Outcome = ["fail", ["temporarily-unavailable", "ask n1"]];
const LOST: Outcome = ["fail", ["txn-conflict", "n1 was faster"]];
const OTHER_VALUE: Outcome = ["fail", ["precondition-failed", "it is 3"]];

/** The operations of one client of each node. */
function ops(clients: readonly Outcome[][], fromSeconds: number): Op[] {
  return clients.flatMap((outcomes, process) =>
    outcomes.flatMap(([type, error], i) => {
      const op = { process, f: "cas", value: [0, [i, i + 1]] };
      const time = (fromSeconds + i) * 1e9;
      return [
        { ...op, type: "invoke", time },
        { ...op, type, time, ...(error && { error }) },
      ];
    })
  ).map((op, index) => ({ ...op, index }) as Op);
}

/** A run of one client for each node. */
function recordingOf(
  run: readonly Outcome[][],
  calm: readonly Outcome[][] | null,
): Recording {
  return {
    workload: "lin-kv",
    options: { "node-count": run.length, concurrency: run.length },
    journal: [],
    journalOrigin: 0,
    history: ops(run, 0),
    ...(calm && { calm: { history: ops(calm, 30), journal: [] } }),
  };
}

function found(
  run: readonly Outcome[],
  calm: readonly Outcome[] | null,
): string[] {
  const recording = recordingOf([[...run]], calm && [[...calm]]);
  return judge(recording).strict.anomalies.map(({ type }) => type)
    .filter((type) => type === "no-recovery" || type === "never-ok");
}

Deno.test("a node that answers nothing in the calm has not recovered, even if it answered before", () => {
  const vain = [TIMEOUT, TIMEOUT, TIMEOUT];
  for (
    const [run, calm, anomalies] of [
      [[OK], vain, ["no-recovery"]],
      [vain, vain, ["no-recovery", "never-ok"]],
      [[OK], [REFUSED, REFUSED, REFUSED], ["no-recovery"]],
      [[OK], [...vain, OTHER_VALUE], []],
      [[OK], [TIMEOUT, TIMEOUT], []],
      [[OK], [], []],
      [[OK], Array(19).fill(LOST), []],
      [[OK], Array(20).fill(LOST), ["no-recovery"]],
      [[OK], [LOST, ...vain], ["no-recovery"]],
      // It sends all clients elsewhere.
      [[REFUSED], [REFUSED, REFUSED, REFUSED], ["never-ok"]],
    ] as [Outcome[], Outcome[], string[]][]
  ) {
    assertEquals(found(run, calm), anomalies, JSON.stringify([run, calm]));
  }
});

Deno.test("an operation that faults never let succeed is no finding if it succeeds in the calm", () => {
  assertEquals(found([TIMEOUT, TIMEOUT], null), ["never-ok"]);
  assertEquals(found([TIMEOUT, TIMEOUT], [TIMEOUT, OTHER_VALUE, OK]), []);
  assertEquals(found([TIMEOUT], [OTHER_VALUE, OTHER_VALUE]), ["never-ok"]);
});

Deno.test("followers may refuse everything if a single node answers, though the leader has changed; if several answer, each must", () => {
  const refused = Array<Outcome>(3).fill(REFUSED);
  const vain = Array<Outcome>(3).fill(TIMEOUT);
  for (
    const [calm, silent] of [
      [[refused, [OK], refused], 0],
      [[refused, [OTHER_VALUE], vain], 1],
      [[refused, [OK], [OK]], 1],
      [[refused, refused, refused], 3],
    ] as [Outcome[][], number][]
  ) {
    const run = calm.map(() => [OK]);
    const recording = recordingOf(run, calm);
    assertEquals(
      recoveryFindings(recording).flatMap(({ because }) => because).length,
      silent,
      JSON.stringify(calm),
    );
  }
});

Deno.test("on a network where an answer takes longer than a second, a node may lose every race", () => {
  const vain = Array<Outcome>(3).fill(TIMEOUT);
  for (const [seconds, silent] of [[0.9, 1], [1.1, 0]] as const) {
    const recording = recordingOf([[OK], [OK]], [[OK], vain]);
    const [, answer] = recording.calm!.history;
    answer!.time += seconds * 1e9;
    assertEquals(recoveryFindings(recording).length, silent);
  }
});
