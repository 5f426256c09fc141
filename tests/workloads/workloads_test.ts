import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Op, OpType } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { workloads } from "../../lib/workbench/workloads/all.ts";
import {
  topologies,
  topology,
} from "../../lib/workbench/workloads/topology.ts";
import type { Invocation } from "../../lib/workbench/workloads/workload.ts";
import { mismatch } from "../../lib/workbench/world/client.ts";
import {
  assertNear,
  context,
  mainPhase,
  operations,
  perform,
  share,
  worker,
  workload,
} from "../fixtures/workloads.ts";

const read: Invocation = { f: "read", value: null };

Deno.test("every workload of Maelstrom is there, under its name", () => {
  assertEquals(Object.keys(workloads).sort(), [
    "broadcast",
    "echo",
    "g-counter",
    "g-set",
    "kafka",
    "lin-kv",
    "pn-counter",
    "txn-list-append",
    "txn-rw-register",
    "unique-ids",
  ]);
  for (const [name, { name: own }] of Object.entries(workloads)) {
    assertEquals(own, name);
  }
});

Deno.test("errors and clients are treated by workload as in Maelstrom", () => {
  const table = Object.values(workloads).map((w) =>
    `${w.name}: ${
      [...w.idempotent].join()
    } ${w.handlesErrors} ${w.reusesClient}`
  );
  assertEquals(table.sort(), [
    "broadcast: read true false",
    "echo:  true false",
    "g-counter:  false false",
    "g-set:  false false",
    "kafka: assign true false",
    "lin-kv: read true true",
    "pn-counter:  false false",
    "txn-list-append:  true true",
    "txn-rw-register:  true true",
    "unique-ids:  true true",
  ]);
});

Deno.test("clients wait 5 s, those of lin-kv ten mean latencies but at least 1 s", () => {
  for (const { name, timeoutMs } of Object.values(workloads)) {
    if (name !== "lin-kv") assertEquals(timeoutMs({ latency: 700 }), 5000);
  }
  const { timeoutMs } = workload("lin-kv");
  assertEquals([timeoutMs({}), timeoutMs({ latency: 700 })], [1000, 7000]);
});

Deno.test("a run of one seed asks for the same operations again, of another seed for others", () => {
  for (const name of Object.keys(workloads)) {
    const of = (seed: number) =>
      mainPhase(name, 200, { seed, nodeCount: 2, workers: 8 });
    assertEquals(of(1), of(1), name);
    if (name !== "unique-ids") {
      assert(JSON.stringify(of(1)) !== JSON.stringify(of(2)), name);
    }
  }
});

Deno.test("echo asks for `Please echo` with 0 to 127, and completes with the whole reply", async () => {
  const payloads = new Set(mainPhase("echo", 5000).map((op) => op.value));
  assertEquals(
    payloads,
    new Set(Array.from({ length: 128 }, (_, i) => `Please echo ${i}`)),
  );
  const op = { f: "echo", value: "Please echo 3" };
  const { request, value } = await perform("echo", op, { echo: "x" });
  assertEquals(request, { type: "echo", echo: "Please echo 3" });
  assertEquals(value, { type: "echo_ok", echo: "x", in_reply_to: 1 });
});

Deno.test("unique-ids completes with the id, of any type", async () => {
  const op = { f: "generate", value: null };
  assertEquals(mainPhase("unique-ids", 1), [op]);
  for (const id of ["a", 1, null, { n: [1] }]) {
    const { request, value } = await perform("unique-ids", op, { id });
    assertEquals(request, { type: "generate" });
    assertEquals(value, id);
  }
});

for (
  const [name, add] of [["broadcast", "broadcast"], ["g-set", "add"]] as const
) {
  Deno.test(`${name} is half reads and half the numbers from 0 on, over all workers`, () => {
    const all = mainPhase(name, 4000);
    assertNear(share(all, (op) => op.f === "read"), 0.5, 0.05);
    const added = all.filter((op) => op.f === add).map((op) => op.value);
    assertEquals(added, added.map((_, i) => i));
  });
}

Deno.test("broadcast sends messages and reads arrays, of which null is the empty one", async () => {
  const { request, value } = await perform(
    "broadcast",
    { f: "broadcast", value: 7 },
    {},
  );
  assertEquals([request, value], [{ type: "broadcast", message: 7 }, null]);
  const some = await perform("broadcast", read, { messages: [1, 2] });
  assertEquals([some.request, some.value], [{ type: "read" }, [1, 2]]);
  const none = await perform("broadcast", read, { messages: null });
  assertEquals(none.value, []);
  const { messages } = none.schema;
  assertEquals([[1], null, {}, 1].map(messages!), [true, true, false, false]);
});

Deno.test("g-set and the counters send and read as Maelstrom does", async () => {
  const add = await perform("g-set", { f: "add", value: 7 }, {});
  assertEquals([add.request, add.value], [{ type: "add", element: 7 }, null]);
  assertEquals((await perform("g-set", read, { value: null })).value, []);
  for (const name of ["g-counter", "pn-counter"]) {
    const add = await perform(name, { f: "add", value: 3 }, {});
    assertEquals([add.request, add.value], [{ type: "add", delta: 3 }, null]);
    const { value, schema } = await perform(name, read, { value: 12 });
    assertEquals(value, 12);
    assertEquals([1, -1, 1.5, "1", null].map(schema.value!), [
      true,
      true,
      false,
      false,
      false,
    ]);
  }
});

Deno.test("g-counter adds 0 to 4 one time in three, pn-counter -5 to 4 every other time", () => {
  const cases = [["g-counter", 1 / 3, 0], ["pn-counter", 1 / 2, -5]] as const;
  for (const [name, adds, least] of cases) {
    const all = mainPhase(name, 9000);
    assertNear(share(all, (op) => op.f === "add"), adds, 0.03);
    const deltas = new Set(
      all.filter((op) => op.f === "add").map((op) => op.value as number),
    );
    assertEquals(
      [...deltas].sort((a, b) => a - b),
      Array.from({ length: 5 - least }, (_, i) => least + i),
    );
  }
});

Deno.test("the final phase of broadcast, g-set and the counters is one final read by every worker", () => {
  for (const name of ["broadcast", "g-set", "g-counter", "pn-counter"]) {
    const { final } = workload(name);
    const generator = final!.generator(context(), []);
    const final_ = { f: "read", value: null, "final?": true };
    assertEquals(operations(generator, 5), Array(5).fill(final_));
    // A worker whose read failed does not get another, whatever its process is now.
    assertEquals(generator.next(worker(2, 7), 1), null);
    assertEquals(final!.limitSeconds, undefined);
  }
  for (const name of ["echo", "unique-ids", "lin-kv", "txn-rw-register"]) {
    assertEquals(workload(name).final, undefined);
  }
});

Deno.test("afterwards broadcast, g-set and the counters are read once more, 5 s after the last fault", () => {
  for (const name of ["broadcast", "g-set", "g-counter", "pn-counter"]) {
    const { settleMs, invocations } = workload(name).aftermath!([], 0);
    assertEquals([settleMs, invocations], [5000, [read]]);
  }
});

// --- topologies ---

const names = (count: number) => context({ nodeCount: count }).nodes;

Deno.test("broadcast tells every node the whole topology, a grid unless told otherwise", () => {
  const { setup } = workload("broadcast");
  const grid = { n0: ["n2", "n1"], n1: ["n0"], n2: ["n0"] };
  const given = context({ nodeCount: 3 });
  assertEquals(setup!("n1", given), {
    request: { type: "topology", topology: grid },
    reply: {},
  });
  const line = context({ nodeCount: 2, options: { topology: "line" } });
  assertEquals(setup!("n1", line).request.topology, { n0: ["n1"], n1: ["n0"] });
});

Deno.test("a grid lists the neighbours below, above, right and left, as recorded of five nodes", () => {
  assertEquals(topology("grid", names(5)), {
    n0: ["n3", "n1"],
    n1: ["n4", "n2", "n0"],
    n2: ["n1"],
    n3: ["n0", "n4"],
    n4: ["n1", "n3"],
  });
  assertEquals(topology("grid", names(25)).n12, ["n17", "n7", "n13", "n11"]);
});

Deno.test("lines, trees and the total topology are what their names say", () => {
  assertEquals(topology("line", names(3)), {
    n0: ["n1"],
    n1: ["n0", "n2"],
    n2: ["n1"],
  });
  assertEquals(topology("tree", names(6)), {
    n0: ["n1", "n2"],
    n1: ["n0", "n3", "n4"],
    n2: ["n0", "n5"],
    n3: ["n1"],
    n4: ["n1"],
    n5: ["n2"],
  });
  assertEquals(topology("tree2", names(25)), topology("tree", names(25)));
  assertEquals(topology("tree3", names(25)).n1, ["n0", "n4", "n5", "n6"]);
  assertEquals(topology("tree4", names(25)).n6, ["n1"]);
  assertEquals(topology("total", names(4)).n1, ["n0", "n2", "n3"]);
});

Deno.test("every topology is symmetric and connected, of 1 to 26 nodes", () => {
  for (const kind of topologies) {
    for (let count = 1; count <= 26; count++) {
      const layout = topology(kind, names(count));
      const reached = new Set(["n0"]);
      for (const node of reached) {
        for (const neighbour of layout[node]!) {
          assert(
            layout[neighbour]!.includes(node),
            `${kind} ${count}: ${node}`,
          );
          assert(neighbour !== node);
          reached.add(neighbour);
        }
      }
      assertEquals(reached.size, count, `${kind} of ${count}`);
    }
  }
});

Deno.test("an unknown topology is refused by name", () => {
  assertThrows(() => topology("star", names(2)), RangeError, '"star"');
});

// --- transactions ---

type Step = [f: string, key: number, value: number | null];
const steps = (all: Invocation[]) => all.flatMap((op) => op.value as Step[]);

for (
  const [name, write] of [["txn-rw-register", "w"], [
    "txn-list-append",
    "append",
  ]] as const
) {
  Deno.test(`${name} draws 1 to 4 steps, half of them reads, and hot keys`, () => {
    const all = mainPhase(name, 4000);
    assert(all.every((op) => op.f === "txn"));
    for (const length of [1, 2, 3, 4]) {
      assertNear(
        share(all, (op) => (op.value as Json[]).length === length),
        0.25,
        0.03,
      );
    }
    const every = steps(all);
    const reads = every.filter(([f]) => f === "r");
    assertNear(reads.length / every.length, 0.5, 0.02);
    assert(reads.every(([, , value]) => value === null));
    assert(every.every(([f]) => f === "r" || f === write));
  });
}

Deno.test("the keys of transactions are drawn from ten at a time, each twice as often as the one before", () => {
  const counts = new Map<number, number>();
  for (let seed = 0; seed < 20_000; seed++) {
    const [[, key]] = steps(mainPhase("txn-rw-register", 1, { seed })) as [
      Step,
    ];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const key of [9, 8, 7, 6]) {
    assertNear(counts.get(key)! / 20_000, 2 ** (key + 1) / 2046, 0.015);
  }
  assert([...counts.keys()].every((key) => key >= 0 && key <= 9));
});

Deno.test("a key is written 1, 2, 3, ... up to 16 times, then replaced by the next unused one", () => {
  const written = new Map<number, number>();
  let highest = 9;
  for (const [f, key, value] of steps(mainPhase("txn-rw-register", 4000))) {
    highest = Math.max(highest, key);
    if (f !== "w") continue;
    assert(value === (written.get(key) ?? 0) + 1 && value <= 16);
    written.set(key, value);
  }
  const full = [...written.values()].filter((writes) => writes === 16).length;
  // Each new key took the place of a full one; at most all ten live ones are full and still there.
  assert(highest - 9 <= full && full <= highest + 1, `${highest}, ${full}`);
  assert(full > 200);
});

Deno.test("transactions heed the flags for keys, length and writes", () => {
  const options = {
    "key-count": 2,
    "max-txn-length": 1,
    "max-writes-per-key": 3,
  };
  const all = mainPhase("txn-list-append", 2000, { options });
  const every = steps(all);
  assertEquals(every.length, 2000);
  assertEquals(Math.max(...every.map(([, , value]) => value ?? 0)), 3);
  assertThrows(
    () => mainPhase("txn-list-append", 1, { options: { "key-count": "2" } }),
    TypeError,
    "key-count",
  );
});

Deno.test("of very many keys the last are drawn as of few", () => {
  const options = { "key-count": 2000, "max-txn-length": 1 };
  const keys = steps(mainPhase("txn-list-append", 500, { options }))
    .map(([, key]) => key);
  assert(keys.every((key) => key > 1900), `${keys}`);
  const last = keys.filter((key) => key >= 1999); // or what took its place
  assert(last.length / keys.length > 0.4, `${last.length}`);
});

Deno.test("a transaction completes with what the node gave back, and its steps must have the form asked for", async () => {
  const op: Invocation = { f: "txn", value: [["r", 1, null], ["w", 2, 1]] };
  const back = [["r", 1, 5], ["w", 2, 1]];
  const rw = await perform("txn-rw-register", op, { txn: back });
  assertEquals(rw.request, { type: "txn", txn: op.value });
  assertEquals(rw.value, back);
  assertEquals((await perform("txn-rw-register", op, { txn: null })).value, []);
  const good: Json[] = [[], null, [["r", 1, null]], [["w", 1, 2]], [["r", 1, [
    3,
  ]]]];
  const bad: Json[] = [{}, [["r", 1]], [["x", 1, 1]], [["w", 1, 2, 3]], [5]];
  for (const txn of good) assert(rw.schema.txn!(txn), JSON.stringify(txn));
  for (const txn of bad) assert(!rw.schema.txn!(txn), JSON.stringify(txn));

  const { schema } = await perform("txn-list-append", op, { txn: [] });
  for (const txn of [[["r", 1, null]], [["r", 1, [3]]], [["append", 1, 2]]]) {
    assert(schema.txn!(txn), JSON.stringify(txn));
  }
  for (const txn of [[["r", 1, 3]], [["w", 1, 2]]]) {
    assert(!schema.txn!(txn), JSON.stringify(txn));
  }
  assertEquals(
    mismatch({ type: "txn_ok", txn: 7 }, "txn_ok", schema, true),
    '"txn" has the wrong form in the reply, where it must be ' +
      '[["r", any value, [any value, ...]] or ["append", any value, any value], ...]',
  );
});

Deno.test("afterwards one transaction reads every key that was asked for", () => {
  const asked = (type: OpType, value: Json): Op => ({
    index: 0,
    time: 0,
    process: 0,
    f: "txn",
    type,
    value,
  });
  const history = [
    asked("invoke", [["w", 10, 1], ["r", 9, null]]),
    asked("ok", [["w", 77, 1]]),
    asked("invoke", [["w", 9, 2]]),
  ];
  assertEquals(workload("txn-rw-register").aftermath!(history, 0), {
    settleMs: 1000,
    invocations: [{ f: "txn", value: [["r", 9, null], ["r", 10, null]] }],
  });
});

// --- lin-kv ---

Deno.test("lin-kv has the first n workers read and all others write and cas 1 : 2, a key to every 2n workers", () => {
  const generator = workload("lin-kv").generator(
    context({ nodeCount: 2, workers: 8 }),
  );
  const fs = new Map<string, number>();
  for (let i = 0; i < 8000; i++) {
    const { f, value } = generator.next(worker(i % 8), 1)!;
    const [key, own] = value as [number, Json];
    assertEquals(key, i % 8 < 4 ? 0 : 1);
    assertEquals(f === "read", i % 8 < 2);
    if (f === "read") assertEquals(own, null);
    for (const v of [own].flat()) {
      assert(v === null || (v as number) >= 0 && (v as number) < 5);
    }
    fs.set(f, (fs.get(f) ?? 0) + 1);
  }
  assertNear(
    fs.get("write")! / (fs.get("write")! + fs.get("cas")!),
    1 / 3,
    0.03,
  );
});

Deno.test("lin-kv gives a group a new key when more than 20 processes have been involved with the old one", () => {
  const generator = workload("lin-kv").generator(
    context({ nodeCount: 2, workers: 8 }),
  );
  const keys = Array.from({ length: 60 }, (_, crashes) => {
    const { value } = generator.next(worker(3, 3 + 8 * crashes), 1)!;
    return (value as [number])[0];
  });
  // 4 processes at first, 16 crashes more; with the next key 4 are there again.
  assertEquals(keys.slice(0, 17), Array(17).fill(0));
  assertEquals(keys.slice(17, 34), Array(17).fill(2));
  const [other] = generator.next(worker(5), 1)!.value as [number];
  assertEquals(other, 1);
});

Deno.test("lin-kv refuses a number of workers that does not fill its groups", () => {
  const { generator } = workload("lin-kv");
  assertThrows(
    () => generator(context({ nodeCount: 5, workers: 5 })),
    RangeError,
    "10",
  );
});

Deno.test("lin-kv sends the key apart, and completes reads with key and value", async () => {
  const r = await perform("lin-kv", { f: "read", value: [3, null] }, {
    value: 1,
  });
  assertEquals([r.request, r.value], [{ type: "read", key: 3 }, [3, 1]]);
  const w = await perform("lin-kv", { f: "write", value: [3, 4] }, {});
  assertEquals([w.request, w.value], [
    { type: "write", key: 3, value: 4 },
    null,
  ]);
  const c = await perform("lin-kv", { f: "cas", value: [3, [1, 2]] }, {});
  assertEquals(c.request, { type: "cas", key: 3, from: 1, to: 2 });
});
