/** What the strict judge finds in what replicas say to each other. */
import { assertEquals } from "@std/assert";
import { strictReplicas } from "../../../lib/workbench/checkers/strict/replicas.ts";
import type {
  Body,
  JournalEvent,
  Recording,
} from "../../../lib/workbench/history/history.ts";
import type { Promises } from "../../../lib/workbench/scenarios/promises.ts";

const SECOND = 1e9;

/** A message between nodes: when it is sent, in seconds, by whom, and what it says. */
type Said = [at: number, src: string, body: Body];

/** What is found in a run in which nodes say this; with `cutAt`, n2 is cut off from then on. */
function found(
  said: Said[],
  promises: Promises = { logEntries: 3 },
  cutAt?: number,
): string {
  const journal = said.map(([at, src, body], id): JournalEvent => {
    return ["send", at * SECOND, id, src, "n9", body];
  });
  const grudge = { n0: ["n2"], n1: ["n2"], n2: ["n0", "n1"] };
  const recording: Recording = {
    workload: "lin-kv",
    options: { "node-count": 3 },
    history: cutAt === undefined ? [] : [{
      index: 0,
      time: cutAt * SECOND,
      process: "nemesis",
      type: "info",
      f: "start-partition",
      value: ["isolated", grudge],
    }],
    journal,
    journalOrigin: 0,
  };
  return strictReplicas(recording, promises)
    .map(({ type, rank }) => rank === "note" ? `(${type})` : type).join();
}

const append = (epoch: number, more: Body = {}): Body => ({
  type: "append",
  epoch,
  after: 0,
  entries: [],
  commit: 0,
  ...more,
});

Deno.test("one leader per epoch: two leaders in one are found, leaders of successive epochs are fine", () => {
  assertEquals(found([[1, "n0", append(1)], [2, "n1", append(2)]]), "");
  assertEquals(
    found([[1, "n0", append(1)], [2, "n1", append(1)]]),
    "two-leaders",
  );
});

Deno.test("log matching: an index and an epoch have one entry; an uncommitted entry may be replaced in a later epoch", () => {
  const one = append(1, { entries: [[1, "a"]] });
  const same = append(1, { entries: [[1, "b"]] });
  const later = append(2, { entries: [[2, "b"]], commit: 1 });
  assertEquals(found([[1, "n0", one], [2, "n1", later]]), "");
  assertEquals(
    found([[1, "n0", one], [2, "n1", { ...same, type: "x" }]]),
    "logs-differ",
  );
});

Deno.test("state machine safety: a committed entry is not replaced, whether it was sent before its commit or with it", () => {
  const told: Said[] = [
    [1, "n0", append(1, { entries: [[1, "a"]] })],
    [1.1, "n0", append(1, { after: 1, commit: 1 })],
  ];
  const other = { entries: [[2, "b"]], commit: 1 };
  assertEquals(found([...told, [2, "n1", append(2, other)]]), "commits-differ");
  const base = { index: 0, epoch: 0, snapshot: {} };
  const log = { base, entries: [[2, "b"]] };
  const view = { type: "start_view", epoch: 2, log, commit: 1, normal: 2 };
  assertEquals(found([...told, [2, "n1", view]]), "commits-differ");
  assertEquals(found([...told, [2, "n1", { ...view, commit: 0 }]]), "");
});

Deno.test("bounded logs: only as many committed entries as promised may be kept, and any number of others", () => {
  const entries = [1, 2, 3, 4, 5].map((i) => [1, i]);
  assertEquals(found([[1, "n0", append(1, { entries, commit: 3 })]]), "");
  assertEquals(
    found([[1, "n0", append(1, { entries, commit: 4 })]]),
    "unbounded-log",
  );
});

Deno.test("election storms: leaders replaced while nothing changes, an anomaly of our replicas and a note of others", () => {
  const calm = [3, 4, 5].map((at): Said => [at, "n0", append(1)]);
  const storm = [3, 4, 5].map((at): Said => [at, `n${at}`, append(at)]);
  const terms = storm.map(([at, , { epoch }]): Said => [
    at,
    "n0",
    { type: "append_entries", term: epoch! },
  ]);
  const inStorm = storm.map(([at, , body]): Said => [at, "n0", body]);
  assertEquals(found(calm), "");
  assertEquals(found(inStorm), "election-storm");
  assertEquals(found(terms, {}), "(election-storm)");
  // A cut explains what comes within 1.5 s of it, and whatever those say who are cut off.
  assertEquals(found(inStorm, undefined, 3.9), "");
  const alone = storm.map(([at, , body]): Said => [at, "n2", body]);
  assertEquals(found(alone, undefined, 1), "");
});
