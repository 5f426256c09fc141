/** Long lists of a run are kept as one that grows: judges and files must not notice. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { checkSetFull } from "../../lib/workbench/checkers/set-full.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { strictSet } from "../../lib/workbench/checkers/strict/broadcast.ts";
import {
  History,
  type Op,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import { type Json, stringify } from "../../lib/workbench/history/json.ts";
import {
  heldBy,
  lengthOf,
  LongLists,
} from "../../lib/workbench/history/lists.ts";
import {
  asWritten,
  maelstromFiles,
} from "../../lib/workbench/maelstrom/files.ts";
import { loadMaelstromRun } from "../../lib/workbench/maelstrom/store.ts";
import {
  loadRecording,
  saveRecording,
  writeTexts,
} from "../../lib/workbench/recording.ts";
import { Journal } from "../../lib/workbench/world/journal.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { needs } from "../fixtures/permitted.ts";

const NODES = 3;
const OPTIONS = { "node-count": NODES };

/** What can go wrong with a read; nothing does in most. */
type Fault = "loses" | "repeats" | "invents" | "shuffles" | "is-late" | null;

/**
 * Clients of nodes that tell each other nothing for a while, and now and then answer a read
 * wrongly. Two clients of each node overlap.
 */
function historyWith(faults: readonly Fault[], seed: number): History {
  const random = seeded(seed);
  const history = new History();
  const shown: Json[][] = Array.from({ length: NODES }, () => []);
  const before: Json[][] = shown.map(() => []);
  const all: Json[] = [];
  let time = 0, next = 0;
  const line = (op: Omit<Op, "index" | "time">) =>
    history.add({ ...op, time: time += 1e6 } as Omit<Op, "index">);
  const broadcast = (process: number) => {
    const op = { process, f: "broadcast", value: next++ };
    line({ ...op, type: "invoke" });
    shown[process % NODES]!.push(op.value);
    all.push(op.value);
    line({ ...op, type: "ok" });
  };
  for (let i = 0; i < 300; i++) broadcast(i % NODES);
  const answer = (node: number, fault: Fault): Json[] => {
    const list = [...shown[node]!];
    const at = random.int(list.length);
    if (fault === "loses") list.splice(at, 1);
    if (fault === "repeats") list.push(list[at]!);
    if (fault === "invents") list.splice(at, 0, next + random.int(5));
    if (fault === "shuffles") list.reverse();
    return fault === "is-late" ? before[node]! : list;
  };
  for (let round = 0; round < 60; round++) {
    const node = random.int(NODES);
    if (random.chance(0.3)) {
      const known = new Set(shown[node]);
      shown[node]!.push(...all.filter((value) => !known.has(value)));
    }
    const process = node + NODES * random.int(2);
    line({ process, f: "read", value: null, type: "invoke" });
    if (random.chance(0.5)) broadcast((process + NODES) % (2 * NODES));
    const fault = faults[random.int(faults.length)]!;
    const value = answer(node, random.chance(0.2) ? fault : null);
    line({ process, f: "read", value, type: "ok" });
    before[node] = value;
  }
  return history;
}

function recordingOf(history: readonly Op[]): Recording {
  return {
    workload: "broadcast",
    options: { ...OPTIONS, concurrency: 2 * NODES },
    history: [...history],
    journal: [],
  };
}

/** The same operations, each with a list of its own. */
function apart(history: readonly Op[]): Op[] {
  return history.map((op) => ({ ...op }));
}

for (
  const faults of [
    [null],
    ["loses"],
    ["repeats", "invents"],
    ["shuffles", "is-late", "loses"],
  ] as const
) {
  Deno.test(`both judges say the same of lists kept as one and of whole ones: ${faults}`, () => {
    let found = 0, shared = 0;
    for (let seed = 0; seed < 5; seed++) {
      const { ops } = historyWith(faults, seed);
      const own = apart(ops);
      assert(own.every((op) => heldBy(op) === undefined));
      shared += ops.filter((op) => heldBy(op) !== undefined).length;
      assertEquals(
        checkSetFull(ops, "broadcast"),
        checkSetFull(own, "broadcast"),
      );
      for (const promises of [{}, { convergenceMs: 40 }]) {
        const strict = strictSet("broadcast");
        const findings = strict(recordingOf(ops), promises);
        assertEquals(findings, strict(recordingOf(own), promises));
        found += findings.length;
      }
    }
    assert(shared > 120);
    assert(found > 0);
  });
}

Deno.test("lists that begin alike are kept once, and lists that differ are kept apart", () => {
  const lists = new LongLists();
  const list = Array.from({ length: 1_000 }, (_, i) => i);
  const first = lists.keep(list.slice(0, 500), "n0")!;
  const more = lists.keep(list, "n0")!;
  assert(first.list === more.list);
  assertEquals([first.length, more.length], [500, 1_000]);
  const other = lists.keep(list.with(3, -3), "n0")!;
  assert(other.list !== more.list);
  assertEquals(other.list[3], -3);
  assertEquals(lists.keep(list.slice(0, 10), "n0"), null);
});

Deno.test("it is noticed once when a run has too much to keep, counting only what differs", () => {
  let full = 0;
  const lists = new LongLists(2_000, () => full++);
  const list = Array.from({ length: 1_000 }, (_, i) => i);
  for (let i = 0; i < 9; i++) lists.keep([...list], "n0");
  assertEquals(full, 0);
  for (let i = 0; i < 9; i++) lists.keep(list.with(0, -i - 1), "n0");
  assertEquals(full, 1);
});

Deno.test("a journal gives back what clients were sent, and its length", () => {
  const journal = new Journal();
  const bodies = [300, 300, 450].map((length, i) => ({
    type: "read_ok",
    messages: Array.from({ length }, (_, i) => i),
    ["__proto__"]: null,
    in_reply_to: i,
  }));
  bodies.forEach((body, id) =>
    journal.sent(id, { id, src: "n0", dest: "c1", body })
  );
  assertEquals(journal.map(([, , , , , body]) => body), bodies);
  const texts = bodies.map((body) => stringify(body));
  const kept = journal.map(([, , , , , body]) => body);
  assertEquals(kept.map((body) => stringify(body)), texts);
  assertEquals(kept.map(lengthOf), texts.map(({ length }) => length));
  assertEquals(
    bodies.map((_, index) => journal.lengthAt(index)),
    texts.map(({ length }) => length),
  );
});

/** A run in which clients read 15 million values. */
function longRun(): Recording {
  const lists = new LongLists();
  const history = new History(lists);
  const journal = new Journal({ lists });
  const values: number[] = [];
  for (let i = 0; i < 6_400; i++) {
    const process = i % 2, src = `n${process}`, dest = `c${process}`;
    const op = { time: i, process };
    history.add({ ...op, type: "invoke", f: "broadcast", value: i });
    history.add({ ...op, type: "ok", f: "broadcast", value: i });
    values.push(i);
    if (i < 3_200) continue;
    const body = { type: "read_ok", messages: [...values], in_reply_to: i };
    journal.sent(i, { id: i, src, dest, body });
    history.add({ ...op, type: "invoke", f: "read", value: null });
    history.add({ ...op, type: "ok", f: "read", value: body.messages });
  }
  return {
    workload: "broadcast",
    options: { "node-count": 2 },
    history: history.ops,
    journal,
  };
}

Deno.test(
  "if a run has too much to write, the recording has all of it, and other files say what they lack",
  needs("read", "write"),
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const recording = longRun();
      const path = join(folder, "recording.json.gz");
      await saveRecording(path, recording);
      assert((await Deno.stat(path)).size < 1e6);
      const loaded = await loadRecording(path);
      assertEquals(loaded.history.length, recording.history.length);
      for (let i = 0; i < loaded.history.length; i += 777) {
        assertEquals(loaded.history[i], recording.history[i]);
      }
      for (let i = 0; i < loaded.journal.length; i += 333) {
        assertEquals(loaded.journal.at(i), recording.journal.at(i));
      }
      const judged = judge(loaded);
      assertEquals(judged.results, judge(recording).results);

      const { isShortened, ops } = asWritten(recording.history);
      assert(isShortened);
      const told = new Map<number, Json[]>([[0, []], [1, []]]);
      for (const op of ops()) {
        if (op.type !== "ok" || op.f !== "read") continue;
        const { values, new: fresh } = Object(op.value);
        told.get(Number(op.process))!.push(...fresh);
        assertEquals(told.get(Number(op.process))!.length, values);
      }
      assertEquals(told.get(1), recording.history.at(-1)!.value);

      for (const [name, texts] of maelstromFiles(judged, "test -w broadcast")) {
        await writeTexts(join(folder, name), texts);
      }
      await Deno.remove(path);
      await assertRejects(
        () => loadMaelstromRun(folder),
        Error,
        "its history is shortened",
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("a read that shows less of a list than an earlier one is judged like a read of a list of its own", () => {
  const lists = new LongLists();
  const history = new History(lists);
  const list = Array.from({ length: 600 }, (_, i) => i);
  const line = (type: Op["type"], process: number, f: string, value: Json) =>
    history.add({ time: history.ops.length * 1e6, type, process, f, value });
  for (const value of list) {
    line("invoke", 0, "broadcast", value);
    line("ok", 0, "broadcast", value);
  }
  // Kept as they were sent, answered the other way round.
  const less = list.slice(0, 300);
  assert(lists.keep(less, "n0")!.list === lists.keep(list, "n0")!.list);
  for (const [process, value] of [[0, list], [NODES, less]] as const) {
    line("invoke", process, "read", null);
    line("ok", process, "read", value);
  }
  const own = apart(history.ops);
  assertEquals(
    checkSetFull(history.ops, "broadcast"),
    checkSetFull(own, "broadcast"),
  );
  const strict = strictSet("broadcast");
  const findings = strict(recordingOf(history.ops), {});
  assert(findings.length > 0);
  assertEquals(findings, strict(recordingOf(own), {}));
});
