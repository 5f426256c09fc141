/** Recordings that others have written: what no run has is refused by name, and what a run has is taken. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { record } from "../../lib/workbench/campaign/simulate.ts";
import { History } from "../../lib/workbench/history/history.ts";
import {
  float,
  type Json,
  stringify,
} from "../../lib/workbench/history/json.ts";
import { checked } from "../../lib/workbench/workloads/operations.ts";
import { loadRecording } from "../../lib/workbench/recording.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { workloads } from "../../lib/workbench/workloads/all.ts";
import { inFolder } from "../fixtures/folder.ts";
import { historyOf, type Line } from "../fixtures/histories.ts";
import { needs } from "../fixtures/permitted.ts";
import "../fixtures/programs.ts";

/** Why a recording is refused; undefined if it is taken. */
async function refusal(
  folder: string,
  recording: object,
): Promise<string | undefined> {
  const path = join(folder, "run.json");
  await Deno.writeTextFile(path, stringify(recording));
  const refused = loadRecording(path).then(() => undefined);
  const message = await refused.catch((error: Error) => error.message);
  return message?.replace(`Cannot load recording ${path}: `, "");
}

function call(f: string, asked: Json, answer: Json = asked): Line[] {
  return [["invoke", 0, f, asked], ["ok", 0, f, answer]];
}

const READ: Json = [["poll", { "1": [[0, 5], [1, 6]], "2": null }]];

/** Operations of each workload, and beside them what none of it has in place of the last one's value. */
const OPERATIONS: readonly [string, Line[], Json[], instead: string][] = [
  ["g-counter", call("add", 5), [null, "5", 1.5, {}], "an integer"],
  ["pn-counter", call("read", null, -5), [null, "5", [5]], "an integer"],
  ["broadcast", call("read", null, [1]), [5, "x", {}], "[any value, ...]"],
  ["g-set", call("read", null, null), [5, "x", {}], "[any value, ...]"],
  ["lin-kv", call("read", [0, null], [0, 3]), [
    ...[null, 3, [0], [0, 3, 4], {}],
  ], "[any value, any value]"],
  ["lin-kv", [["invoke", 0, "cas", [{ a: 1 }, [1, 2]]]], [
    ...[null, [0, 1], [0, [1]]],
  ], "[any value, [any value, any value]]"],
  ["kafka", call("send", [["send", "1", 5]], [["send", "1", [0, 5]]]), [
    ...[5, [5], [["send"]], [["send", "1", 5]], [["send", "1", ["x", 5]]]],
  ], '[["send", any value, [an integer, any value]], ...]'],
  ["kafka", call("poll", [["poll"]], READ), [
    ...[5, [null], [["poll"]], [["poll", [1]]], [["poll", { "1": 5 }]]],
    ...[[["poll", { "1": [5] }]], [["poll", { "1": [["x", 5]] }]]],
  ], '[["poll", {KEY: [[an integer, any value], ...], ...}], ...]'],
  ["kafka", [["invoke", 0, "assign", ["1"]]], [5, {}], "[any value, ...]"],
  ["kafka", call("list", ["1"], { "1": 0 }), [
    ...[null, ["1"], { "1": "x" }],
  ], "{KEY: an integer, ...}"],
  ["txn-rw-register", call("txn", [["r", 1, null], ["w", 1, 2]]), [
    ...[5, [null], [["r", 1]], [["r", 1, 2, 3]], [["append", 1, 2]]],
  ], '[["r", any value, any value] or ["w", any value, any value], ...]'],
  [
    "txn-list-append",
    call("txn", [["r", 1, [2]], ["append", 1, 3]]),
    [
      ...[5, {}, [["w", 1, 2]], [["r", 1, 2]]],
    ],
    '[["r", any value, [any value, ...]] or ["append", any value, any value], ...]',
  ],
  ["echo", call("echo", "a", { echo: "a" }), [], "any value"],
  ["unique-ids", call("generate", null, null), [], "any value"],
];

Deno.test(
  "a value that no operation of its workload has is refused, with the operation, the value and what there is instead",
  needs("read", "write"),
  inFolder(async (folder) => {
    for (const [workload, lines, odd, instead] of OPERATIONS) {
      const history = historyOf(
        ...call("start-partition", "x").map(
          ([type, , f, value]): Line => [type, "nemesis", f, value],
        ),
        ...lines,
      );
      const { type, f, index } = history.at(-1)!;
      assertEquals(await refusal(folder, { workload, history }), undefined);
      for (const value of odd) {
        const changed = [...history.slice(0, -1), { ...history.at(-1), value }];
        assertEquals(
          await refusal(folder, { workload, history: changed }),
          `operation ${index} of its history (${type} ${f}) has the value ${
            stringify(value)
          }, where ${workload} has ${instead}`,
        );
      }
    }
    const tried = OPERATIONS.map(([workload]) => workload);
    assertEquals(new Set(tried), new Set(Object.keys(workloads)));
  }),
);

Deno.test(
  "operations that do not follow from each other are refused",
  needs("read", "write"),
  inFolder(async (folder) => {
    const [begun, ended] = historyOf(...call("add", 5));
    const refused: [history: unknown[], why: string][] = [
      [[begun, { ...ended, value: 6 }], "(ok add) has the value 6, where its"],
      [[ended], "operation 1 of its history (ok add) ends what process 0 has"],
      [[begun, { ...ended, f: "read" }], "(ok read) ends what process 0 has"],
      [[begun, { ...ended, process: 1 }], "(ok add) ends what process 1 has"],
      [[begun, { ...ended, index: 0 }], "(ok add) comes after operation 0"],
      [
        [{ ...begun, f: "write" }],
        "is none of pn-counter, which has add, read",
      ],
      [[{ ...begun, process: "x" }], 'history, process is "x", and must be'],
      [[{ ...begun, process: -1 }], "history, process is -1, and must be"],
      [[{ ...begun, time: null }], "in element 0 of its history, time is null"],
      [[{ ...begun, time: 2e16 }], "since the run began, 116 days at most"],
      [[begun, null], "in element 1 of its history, type is missing, and"],
      [[{
        ...{ ...begun, process: "nemesis", f: "start-partition" },
        value: ["isolated", { n0: "n1" }],
      }], "partitions have [any value, {KEY: [NODE, ...], ...}]"],
    ];
    for (const [history, why] of refused) {
      const said = await refusal(folder, { workload: "pn-counter", history });
      assert(said?.includes(why), `${said} has not: ${why}`);
      for (const part of ["aftermath", "calm"]) {
        const run = {
          workload: "pn-counter",
          [part]: { history, healedAt: 0 },
        };
        assertEquals(
          await refusal(folder, run),
          said!.replace("its history", `its ${part}`),
        );
      }
    }
    const { value: _, ...bare } = ended!;
    const read = [{ ...begun, f: "read", value: 0 }, { ...bare, type: "fail" }];
    const reads = read.map((op) => ({ ...op, f: "read" }));
    const fine = { workload: "pn-counter", history: reads };
    assertEquals(await refusal(folder, fine), undefined);
    const loaded = await loadRecording(join(folder, "run.json"));
    assertEquals(loaded.history[1]!.value, null);
  }),
);

Deno.test(
  "options, incidents and names that no run has are refused",
  needs("read", "write"),
  inFolder(async (folder) => {
    const refused: [part: object, why: string][] = [
      [{ options: 5 }, "in the file, options is 5, and must be an object"],
      [
        { options: { "node-count": null } },
        "in its options, node-count is null",
      ],
      [
        { options: { "node-count": 1e6 } },
        "node-count is 1000000, and must be",
      ],
      [{ options: { concurrency: "0n" } }, 'options, concurrency is "0n", and'],
      [{ options: { "time-limit": "x" } }, 'in its options, time-limit is "x"'],
      [{ incidents: null }, "in the file, incidents is null, and must be a"],
      [{ incidents: [null] }, "in element 0 of its incidents, time is missing"],
      [
        { incidents: [{ time: 1, node: "n0", type: "kill" }] },
        "text is missing",
      ],
      [{ impurities: "x" }, 'impurities is "x", and must be a list of texts'],
      [{ seed: {} }, "in the file, seed is {}, and must be a number"],
      [{ program: ["x"] }, 'in the file, program is ["x"], and must be a text'],
    ];
    for (const [part, why] of refused) {
      const said = await refusal(folder, { workload: "echo", ...part });
      assert(said?.includes(why), `${said} has not: ${why}`);
    }
    const nodes = { nodes: "a,b", "node-count": 2, concurrency: 4, rate: 0.5 };
    const taken = { options: nodes, seed: 2 ** 52, program: null };
    assertEquals(
      await refusal(folder, { workload: "echo", ...taken }),
      undefined,
    );
  }),
);

Deno.test(
  "times are numbers, however large and however they are written",
  needs("read", "write"),
  inFolder(async (folder) => {
    const incident = { node: "n0", type: "kill", text: "", time: float(5) };
    const run = {
      ...{ workload: "echo", journalOrigin: 2n ** 60n, incidents: [incident] },
      history: historyOf(...call("echo", 1, { echo: 1 }))
        .map((op) => ({ ...op, time: float(7) })),
      aftermath: { healedAt: float(6) },
    };
    assertEquals(await refusal(folder, run), undefined);
    const loaded = await loadRecording(join(folder, "run.json"));
    const { journalOrigin, aftermath, incidents, history } = loaded;
    assertEquals(
      [journalOrigin, aftermath!.healedAt, incidents![0]!.time],
      [2 ** 60, 6, 5],
    );
    assertEquals(history.map(({ time }) => time), [7, 7]);
  }),
);

Deno.test("what our own programs' runs have is taken, whatever happens to them", async () => {
  for (const { name } of scenarios) {
    const overrides = { "time-limit": 3, rate: 30 };
    checked(await record({ name, seed: 1, faults: "chaos", overrides }));
  }
  const history = new History(), keys = Array.from("x".repeat(300));
  for (const type of ["invoke", "ok"] as const) {
    history.add({ type, process: 0, f: "assign", value: [...keys], time: 0 });
  }
  const long = { workload: "kafka", options: {}, history: history.ops };
  checked({ ...long, journal: [] });
});
