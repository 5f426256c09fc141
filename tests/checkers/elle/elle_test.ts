/** Elle's checkers on small histories, at least one for every anomaly. */
import {
  float,
  type Json,
  type JsonObject,
} from "../../../lib/workbench/history/json.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkListAppend } from "../../../lib/workbench/checkers/elle/list-append.ts";
import { listVersions } from "../../../lib/workbench/checkers/elle/list-versions.ts";
import { checkRwRegister } from "../../../lib/workbench/checkers/elle/rw-register.ts";
import {
  stepsOf,
  transactions,
} from "../../../lib/workbench/checkers/elle/txn.ts";
import {
  CheckerError,
  type Results,
} from "../../../lib/workbench/checkers/verdict.ts";
import type { Op } from "../../../lib/workbench/history/history.ts";
import {
  concurrent,
  historyOf,
  type Kind,
  sequential,
  type Span,
  spans,
} from "../../fixtures/txn-history.ts";

function check(kind: Kind, history: Op[], models: string): Results {
  const options = { "consistency-models": models };
  return kind === "list"
    ? checkListAppend(history, options)
    : checkRwRegister(history, options);
}

function typesOf(results: Results): string {
  return (results["anomaly-types"] as string[] | undefined ?? []).join(" ");
}

/** What models say of histories: the anomalies they report, none if they hold. */
type Table = [
  name: string,
  all: Span[],
  verdicts: { [models: string]: string },
][];

const REGISTERS: Table = [
  [
    "transactions one after the other are valid under every model",
    sequential(["wx1 ry_", "rx1 wx2 wy1", "rx2 ry1 wx3"]),
    { "strict-serializable": "", "read-uncommitted": "" },
  ],
  [
    "internal: a read overlooks the transaction's own write",
    concurrent("wx1 rx_", "rx1"),
    { "read-atomic": "internal", "repeatable-read": "", "read-committed": "" },
  ],
  [
    "G1a: a read of a write that failed",
    concurrent("!wx1", "rx1", "wx2 wy1", "ry1"),
    { "read-committed": "G1a", "read-uncommitted": "" },
  ],
  [
    "G1b: a read of a write that was written over",
    concurrent("wx1 wx2", "rx1", "rx2"),
    { "read-committed": "G1b", "read-uncommitted": "" },
  ],
  [
    "G1c: each reads what the other writes",
    concurrent("wx1 ry1", "wy1 rx1"),
    { "PL-2": "G1c", "serializable": "G1c", "PL-1": "" },
  ],
  [
    "writes that each follow the other are a cycle of writes, and of reads of them",
    concurrent("wx1 ry1 wy2", "wy1 rx1 wx2"),
    {
      "read-uncommitted": "PL-1-cycle-exists",
      "read-committed": "G1c PL-1-cycle-exists",
    },
  ],
  [
    "cyclic-versions: of two values each was read before the other was written",
    concurrent("rx1 wx2", "rx2 wx1"),
    { "read-uncommitted": "cyclic-versions" },
  ],
  [
    "lost-update: two read one version and write the key",
    concurrent("rx_ wx1", "rx_ wx2", "rx1"),
    {
      "snapshot-isolation": "lost-update",
      "update-atomic": "lost-update",
      "repeatable-read": "G2-item lost-update",
      "read-committed": "",
    },
  ],
  [
    "G-single-item: a read of one write of a transaction but not of the other",
    concurrent("rx_ ry1", "wx1 wy1"),
    {
      "snapshot-isolation": "G-single-item",
      "repeatable-read": "G-single-item",
      "consistent-view": "G-single-item",
      "read-committed": "",
    },
  ],
  [
    "G-nonadjacent-item: two readers see two writes in opposite orders",
    concurrent("rx1 ry_", "wx1", "wy1", "rx_ ry1"),
    {
      "snapshot-isolation": "G-nonadjacent-item",
      "serializable": "G-nonadjacent-item",
      "parallel-snapshot-isolation": "",
    },
  ],
  [
    "G2-item: write skew",
    concurrent("rx_ wy1", "ry_ wx1"),
    { "serializable": "G2-item", "snapshot-isolation": "" },
  ],
  [
    "G-single-item-realtime: a read overlooks a write that had ended",
    sequential(["wx1", "rx_"]),
    {
      "strict-serializable": "G-single-item-realtime",
      "strong-snapshot-isolation": "G-single-item-realtime",
      "serializable": "",
      "strong-session-serializable": "",
    },
  ],
  [
    "G-single-item-process: a read overlooks a write of its own process",
    sequential(["wx1", "rx_"], 0),
    {
      "strong-session-snapshot-isolation": "G-single-item-process",
      "strict-serializable": "G-single-item-realtime",
      "serializable": "",
    },
  ],
  [
    "G1c-realtime: a read of a write that had not begun",
    sequential(["rx1", "wx1"]),
    {
      "strict-serializable": "G1c-realtime",
      "strong-read-committed": "G1c-realtime",
      "serializable": "",
    },
  ],
  [
    "G2-item-realtime: write skew with real-time order in place of a write",
    spans(["rx_", 2, 9], ["wx1 ry_", 0, 9.5], ["wy1", 0.5, 1]),
    {
      "strict-serializable": "G2-item-realtime",
      "strong-snapshot-isolation": "",
    },
  ],
  [
    "G-nonadjacent-item-realtime: opposite orders, one of them seen in real time",
    spans(["rx_", 2, 9], ["wx1", 0.2, 9.5], ["rx1 ry_", 0, 9.7], [
      "wy1",
      0.5,
      1,
    ]),
    {
      "strong-snapshot-isolation": "G-nonadjacent-item-realtime",
      "serializable": "",
    },
  ],
  [
    "nothing is known of concurrent writes that nobody reads",
    concurrent("wx1 wy2", "wx2 wy1", "rz7"),
    { "strict-serializable": "empty-transaction-graph" },
  ],
  [
    "of writes that nobody reads only their order in time is known",
    sequential(["wx1 wy2", "wx2 wy1", "rz7"]),
    { "strict-serializable": "", "serializable": "empty-transaction-graph" },
  ],
  [
    "a transaction that only precedes itself is there, too",
    concurrent("rx_ wx1", "ry7"),
    { "strict-serializable": "", "serializable": "" },
  ],
  [
    "what failed comes after others, too, but has no place in its process",
    sequential(["wx1", "!wx2"], 0),
    {
      "strict-serializable": "",
      "strong-session-serializable": "empty-transaction-graph",
    },
  ],
  [
    "what may have happened has no place in its process",
    sequential(["wx1", "?wx2"], 0),
    {
      "strict-serializable": "",
      "strong-session-serializable": "empty-transaction-graph",
    },
  ],
  [
    "G1a and G1b: a transaction that failed had overwritten what is read",
    concurrent("!wx1 wx2", "rx1", "wy1", "ry1"),
    { "read-committed": "G1a G1b", "read-uncommitted": "" },
  ],
  [
    "models of which Elle knows no anomaly hold",
    concurrent("wx1 rx_", "rx1"),
    { "1SR": "", "causal": "", "linearizable": "", "sequential": "" },
  ],
];

const LISTS: Table = [
  [
    "transactions one after the other are valid under every model",
    sequential(["ax1 ry_", "rx1 ax2 ay1", "rx12 ry1 ax3", "rx123"]),
    { "strict-serializable": "", "read-uncommitted": "" },
  ],
  [
    "G0: two transactions append to two keys in opposite orders",
    concurrent("ax1 ay1", "ax2 ay2", "rx12 ry21"),
    { "read-uncommitted": "G0", "serializable": "G0" },
  ],
  [
    "G0-realtime: an append is put before one that had ended",
    sequential(["ax2", "ax1", "rx12"]),
    { "strict-serializable": "G0-realtime", "serializable": "" },
  ],
  [
    "G1a and dirty-update: an append that failed is read, and another follows it",
    concurrent("!ax1", "ax2", "rx12", "ay1", "ry1"),
    { "read-committed": "G1a dirty-update", "read-uncommitted": "" },
  ],
  [
    "G1b: a read ends in the middle of what a transaction appended",
    concurrent("ax1 ax2", "rx1", "rx12"),
    { "read-committed": "G1b", "read-uncommitted": "" },
  ],
  [
    "G1a and G1b: it failed, too",
    concurrent("!ax1 ax2", "rx1", "ay1", "ry1"),
    { "read-committed": "G1a G1b", "read-uncommitted": "" },
  ],
  [
    "G1c: each reads what the other appends",
    concurrent("ax1 ry1", "ay1 rx1"),
    { "read-committed": "G1c", "read-uncommitted": "" },
  ],
  [
    "internal: a read overlooks the transaction's own append",
    concurrent("ax1 rx_", "ay1", "ry1"),
    { "read-atomic": "internal", "read-committed": "" },
  ],
  [
    "internal: two reads differ with no append between them",
    concurrent("ax1", "ax2", "rx1 rx12"),
    { "read-atomic": "internal" },
  ],
  [
    "internal: an empty list is all there is, and null is no list",
    concurrent("ax1", "rx rx1", "ry ry_ ay1"),
    { "read-atomic": "internal" },
  ],
  [
    "an empty list, and then the transaction's own append",
    concurrent("rx ax1 rx1 rx1", "ay1", "ry1"),
    { "read-atomic": "" },
  ],
  [
    "a read of null says nothing, but appends after it are the whole list",
    concurrent("rx_ rx1", "ax1", "ry_ ay1 ry1"),
    { "read-atomic": "" },
  ],
  [
    "future-read: a read of what the transaction appends afterwards",
    concurrent("rx1 ax1", "ay1", "ry1"),
    { "read-committed": "future-read", "read-uncommitted": "" },
  ],
  [
    "duplicate-elements: one append is read twice",
    concurrent("ax1", "rx11"),
    { "read-uncommitted": "duplicate-elements" },
  ],
  [
    "incompatible-order: neither read begins with the other",
    concurrent("ax1", "ax2", "rx1", "rx2"),
    { "read-committed": "incompatible-order", "read-uncommitted": "" },
  ],
  [
    "lost-update: two read one list and append to it",
    concurrent("rx_ ax1", "rx_ ax2", "ay1", "ry1"),
    { "cursor-stability": "lost-update", "read-atomic": "" },
  ],
  [
    "an append that no read shows comes after the longest read",
    concurrent("ax1", "rx1 ry1", "ax2 ay1"),
    { "snapshot-isolation": "G-single-item", "read-committed": "" },
  ],
  [
    "an append of unknown outcome that no read shows may not have happened",
    concurrent("ax1", "rx1 ry", "?ax2 ay1"),
    { "strict-serializable": "" },
  ],
  [
    "G-single-item: but it happened if a read shows another of the same transaction",
    concurrent("ax1", "rx1 ry1", "?ax2 ay1"),
    { "snapshot-isolation": "G-single-item", "read-committed": "" },
  ],
  [
    "an element that is read twice has one place in the order",
    concurrent("ax1", "ax2", "rx121"),
    { "read-uncommitted": "duplicate-elements" },
  ],
  [
    "G2-item: write skew",
    concurrent("rx_ ay1", "ry_ ax1"),
    { "serializable": "G2-item", "snapshot-isolation": "" },
  ],
  [
    "nothing is known of appends to different keys",
    concurrent("ax1", "ay1"),
    { "read-committed": "empty-transaction-graph" },
  ],
];

function validity(kind: Kind, types: string): Json {
  if (types === "") return true;
  // Maelstrom's wrapper of rw-register fails what Elle itself leaves open.
  const open = types === "empty-transaction-graph" && kind === "list";
  return open ? "unknown" : false;
}

const TABLES: [Kind, Table][] = [["register", REGISTERS], ["list", LISTS]];
for (const [kind, table] of TABLES) {
  for (const [name, all, verdicts] of table) {
    Deno.test(`${kind}s: ${name}`, () => {
      const history = historyOf(all, kind);
      for (const [models, types] of Object.entries(verdicts)) {
        const results = check(kind, history, models);
        assertEquals(typesOf(results), types, models);
        assertEquals(results["valid?"], validity(kind, types), models);
      }
    });
  }
}

Deno.test("several models are separated by a comma between spaces, and none is strict serializability", () => {
  const history = historyOf(sequential(["wx1", "rx_"]), "register");
  const both = check("register", history, "read-committed , serializable");
  assertEquals(both["valid?"], true);
  assertEquals(checkRwRegister(history, {})["valid?"], false);
  assertThrows(
    () => check("register", history, "read-committed,serializable"),
    CheckerError,
  );
});

Deno.test("histories that cannot be judged are refused", () => {
  const refuse = (kind: Kind, why: string, ...ops: string[]) =>
    assertThrows(
      () => check(kind, historyOf(concurrent(...ops), kind), "PL-1"),
      CheckerError,
      why,
    );
  refuse("register", "written by more than one", "wx1", "wx1", "rx1");
  refuse("register", "is no list of", "ax1");
  refuse("list", "multiple times", "ax1", "ax1");
  refuse("list", "is no list of", "wx1");
  const begun = historyOf(concurrent("ax1", "ax1"), "list").slice(0, 3);
  assertThrows(() => check("list", begun, "PL-1"), CheckerError, "multiple");
  const mixed = historyOf(concurrent("wx1", "wx2"), "register");
  for (const key of [7, float(7), 0.5, 2n ** 70n, null, ["x"]]) {
    mixed[3]!.value = [["w", key, 2]];
    assertThrows(() => check("register", mixed, "PL-1"), CheckerError, "types");
  }
  mixed[2]!.value = [["w", 7, 1]];
  mixed[3]!.value = [["w", float(7), 2]];
  assertThrows(
    () => check("register", mixed, "PL-1"),
    CheckerError,
    "integer and float",
  );
  const noList = historyOf(concurrent("ax1", "rx1"), "list");
  noList[3]!.value = [["r", "x", 1]];
  assertThrows(() => check("list", noList, "PL-1"), CheckerError, "not a list");
});

Deno.test("two writes of one value do no harm while nobody reads it", () => {
  const history = historyOf(concurrent("wx1", "wx1", "wy1", "ry1"), "register");
  assertEquals(check("register", history, "serializable")["valid?"], true);
});

Deno.test("a cycle is shown with its transactions, steps and a sentence", () => {
  const history = historyOf(concurrent("rx_ ry1", "wx1 wy1"), "register");
  const results = check("register", history, "snapshot-isolation");
  const cases = (results["anomalies"] as JsonObject)["G-single-item"];
  const [found] = cases as JsonObject[];
  assertEquals(
    (found!["cycle"] as JsonObject[]).map(({ index }) => index!),
    [2, 3, 2],
  );
  const key = { "a-mop-index": 1, "b-mop-index": 1, key: "y", value: 1 };
  assertEquals(found!["steps"]!, [
    {
      type: "rw",
      key: "x",
      value: null,
      "value'": 1,
      "a-mop-index": 0,
      "b-mop-index": 0,
    },
    { type: "wr", ...key },
  ]);
  assertEquals(
    found!["explanation"]!,
    'T1 (index 2, process 0) read the initial version of key "x", which ' +
      'T2 (index 3, process 1) followed with 1; T2 wrote 1 of key "y", which ' +
      "T1 read: each of them precedes the others and follows them.",
  );
  assertEquals(results["not"]!, ["consistent-view", "repeatable-read"]);
});

Deno.test("every case of every anomaly has a sentence that names a transaction by its index", () => {
  for (const [kind, table] of TABLES) {
    for (const [name, all, verdicts] of table) {
      const history = historyOf(all, kind);
      for (const models of Object.keys(verdicts)) {
        const { anomalies } = check(kind, history, models);
        for (const cases of Object.values(anomalies as JsonObject ?? {})) {
          if (!Array.isArray(cases)) continue;
          for (const one of cases as JsonObject[]) {
            const text = String(one["explanation"]);
            assert(
              /\(index \d+|indices|versions/.test(text),
              `${name}: ${text}`,
            );
          }
        }
      }
    }
  }
});

Deno.test("the version order of a list is its longest read, followed by what that lacks", () => {
  const all = concurrent("ax1", "ax2 ay1", "rx12", "ax3", "?ax4", "rx1");
  const history = historyOf(all, "list");
  const ended = transactions(history, "append");
  const steps = stepsOf(ended, "append"), { keys, values } = steps.versions;
  const lists = listVersions(ended, steps).map(({ key, order, unobserved }) => [
    keys[key],
    [...order].map((element) => values[element]),
    unobserved.map((element) => values[element]),
  ]);
  assertEquals(lists, [["x", [1, 2], [3, 4]], ["y", [], [1]]]);
});

/** So many transactions of four processes that each read one key and write it. */
function long(count: number, kind: Kind, blind: boolean): Op[] {
  const lists = new Map<number, number[]>();
  const events: { time: number; op: Omit<Op, "index" | "time"> }[] = [];
  for (let i = 0; i < count; i++) {
    const key = i % 7 + 10 * Math.floor(i / 100);
    const list = lists.get(key) ?? [];
    const read = kind === "list" ? list : list.at(-1) ?? null;
    const write = [kind === "list" ? "append" : "w", key, list.length + 1];
    lists.set(key, [...list, list.length + 1]);
    const value: Json = [["r", key, blind ? null : read], write];
    const op = { f: "txn", process: i % 4, value };
    events.push({ time: 2 * i, op: { ...op, type: "invoke" } });
    events.push({ time: 2 * i + 7, op: { ...op, type: "ok" } });
  }
  return events
    .sort((a, b) => a.time - b.time)
    .map(({ time, op }, index) => ({ index, time, ...op }) as Op);
}

for (const kind of ["register", "list"] as const) {
  Deno.test(`${kind}s: 17,000 transactions are judged, valid ones and blind ones`, () => {
    const model = "strict-serializable";
    const valid = check(kind, long(17_000, kind, false), model);
    assertEquals([typesOf(valid), valid["valid?"]], ["", true]);
    const blind = check(kind, long(17_000, kind, true), model);
    assertEquals(
      typesOf(blind).replace(" cycle-search-timeout", ""),
      "G2-item lost-update",
    );
  });
}
