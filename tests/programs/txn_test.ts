/** The programs of challenge 6 under every fault, against what they promise, and what they cost. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import txn6b from "../../challenges/txn-6b.ts";
import txn6bWrites from "../../challenges/txn-6b-writes.ts";
import txn6c from "../../challenges/txn-6c.ts";
import txn6cStaged from "../../challenges/txn-6c-staged.ts";
import type { Json } from "../../lib/node/world.ts";
import type { Program } from "../../lib/maelstrom.ts";
import { type Entry, StampedStore } from "../../lib/stores/stamped-store.ts";
import {
  type Change,
  execute,
  executeOn,
} from "../../lib/stores/transactions.ts";
import type { Key, MicroOp } from "../../lib/protocols.ts";
import { strictTxn } from "../../lib/workbench/checkers/strict/txn.ts";
import { VirtualClock } from "../../lib/workbench/world/clock.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import {
  type Faults,
  recordNemesis,
} from "../../lib/workbench/world/faults.ts";
import type { Ingredient } from "../../lib/workbench/campaign/chaos.ts";
import type {
  Events,
  JournalEvent,
  Recording,
} from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import {
  allPartitions,
  describeGrudge,
  grudge,
} from "../../lib/workbench/world/nemesis.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import {
  type FaultProfile,
  record,
  replayCommand,
} from "../../lib/workbench/campaign/simulate.ts";
import { txnRwRegister } from "../../lib/workbench/workloads/txn.ts";
import type { Workload } from "../../lib/workbench/workloads/workload.ts";

const REPLICAS = {
  "txn-6b": txn6b,
  "txn-6b-writes": txn6bWrites,
  "txn-6c": txn6c,
  "txn-6c-staged": txn6cStaged,
} as const;

const ON_LIN_KV = ["txn-6a-lock", "txn-6-strict"];

const WORKLOADS = { registers: "txn-rw-register", lists: "txn-list-append" };

/** What Maelstrom says of a run in which hardly anything was done, as may happen where a service is hardly reached. */
const NOTHING_DONE = new Set(["empty-transaction-graph", "never-ok"]);

/** What contradicts a program's promises, to either judge; lists are not for Maelstrom's, which wants one order of everything. */
function anomaliesIn(recording: Recording, name: string) {
  const anomalies = recording.workload === WORKLOADS.lists
    ? strictTxn(recording, scenarioOf(name).promises)
    : judge(recording).strict.anomalies;
  return anomalies.filter(({ type }) => !NOTHING_DONE.has(type));
}

/** Runs seeds and asserts that each is as promised; gives the recordings. */
async function assertSeeds(
  name: string,
  seeds: number,
  faults: FaultProfile,
  overrides: Options,
  without: readonly Ingredient[] = [],
): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const simulation = { name, seed, faults, overrides, without };
    const recording = await record(simulation);
    const anomalies = anomaliesIn(recording, name);
    assertEquals(anomalies, [], replayCommand(simulation));
    recordings.push(recording);
  }
  return recordings;
}

function assertAllAnswered({ history, label }: Recording): void {
  const refused = history.filter(({ type, process }) =>
    (type === "fail" || type === "info") && process !== "nemesis"
  );
  assertEquals(refused, [], label);
}

function betweenNodes(journal: Events): JournalEvent[] {
  return journal.filter(([kind, , , src, dest]) =>
    kind === "send" && src.startsWith("n") && dest.startsWith("n")
  );
}

/** Messages between nodes and services, for each transaction. */
function messagesPerOp({ journal, history }: Recording): number {
  const sends = journal.filter(([kind, , , src, dest]) =>
    kind === "send" && !src.startsWith("c") && !dest.startsWith("c")
  );
  const asked = history.filter(({ type }) => type === "invoke");
  return sends.length / asked.length;
}

for (const name of Object.keys(REPLICAS)) {
  for (const [values, workload] of Object.entries(WORKLOADS)) {
    for (const nodes of [2, 3, 5]) {
      Deno.test(`${name} keeps its promises on ${values} through chaos, answers everything and converges within 1 s, ${nodes} nodes (5 seeds)`, async () => {
        const flags = { workload, "node-count": nodes };
        const short = { "time-limit": 4, rate: 200 };
        const recordings = await assertSeeds(name, 5, "chaos", {
          ...flags,
          ...short,
        }, ["kill", "pause"]);
        recordings.forEach(assertAllAnswered);
      });
    }
  }

  Deno.test(`${name} forgets nothing that it had told when nodes are killed (20 seeds)`, async () => {
    const overrides = { "node-count": 3, "time-limit": 6, rate: 100 };
    await keepPromises(name, 20, { faults: "chaos", overrides });
  });

  Deno.test(`${name} converges within 1 s and four hops, and recovers what it had told, through chaos at 500 ms (40 seeds)`, async () => {
    const slow = { latency: 500, "time-limit": 15, rate: 30 };
    const overrides = { "node-count": 3, ...slow };
    await keepPromises(name, 40, { faults: "chaos", overrides });
  });

  for (const latency of [50, 100]) {
    for (const distribution of ["constant", "uniform", "exponential"]) {
      Deno.test(`${name} keeps its promises through partitions at ${latency} ms, ${distribution} (2 seeds)`, async () => {
        await assertSeeds(name, 2, "partition", {
          workload: WORKLOADS.lists,
          "node-count": 3,
          "time-limit": 4,
          rate: 100,
          latency,
          "latency-dist": distribution,
        });
      });
    }
  }

  Deno.test(`${name} keeps its promises on 1 and on 25 nodes`, async () => {
    const flags = { "time-limit": 3, rate: 200, concurrency: "25" };
    await assertSeeds(name, 1, "official", { ...flags, "node-count": 1 });
    await assertSeeds(name, 1, "partition", { ...flags, "node-count": 25 });
  });
}

/** Cuts the network in one way from the first operation to the last. */
function cutThroughout(kind: (typeof allPartitions)[number]): Faults {
  return (context) => {
    const { network, nodes, random } = context;
    const refused = grudge(kind, nodes, random);
    network.partition(refused);
    recordNemesis(context, "start-partition", kind, describeGrudge(refused));
    return { end: () => network.heal() };
  };
}

/** A run of a workload of our own making. */
async function runWith(
  name: keyof typeof REPLICAS,
  options: Options,
  config: { faults?: Faults; workload?: Workload } = {},
): Promise<Recording> {
  const clock = new VirtualClock();
  const random = seeded(1);
  const program = REPLICAS[name] as unknown as Program<Record<never, never>>;
  const recording = await clock.run(performRun({
    workload: txnRwRegister,
    options,
    openHost: modules(program, clock, random.fork("nodes")),
    clock,
    random,
    ...config,
  }));
  return { ...recording, program: name };
}

for (const name of Object.keys(REPLICAS) as (keyof typeof REPLICAS)[]) {
  for (const kind of allPartitions) {
    Deno.test(`${name} answers everything during a cut of kind ${kind}, and converges within 1 s after it`, async () => {
      for (const nodes of [2, 3, 5]) {
        const model = { "consistency-models": "read-uncommitted" };
        const short = { "time-limit": 3, rate: 100 };
        const options = { ...short, ...model, "node-count": nodes };
        const faults = cutThroughout(kind);
        const recording = await runWith(name, options, { faults });
        assertAllAnswered(recording);
        assertEquals(anomaliesIn(recording, name), []);
      }
    });
  }
}

/** The first transactions of the workload, and then none any more. */
function only(count: number): Workload {
  return {
    ...txnRwRegister,
    generator(context) {
      const { next } = txnRwRegister.generator(context);
      let left = count;
      return {
        next: (worker, now) => left-- > 0 ? next(worker, now) : null,
      };
    },
  };
}

for (const name of Object.keys(REPLICAS) as (keyof typeof REPLICAS)[]) {
  Deno.test(`${name} is silent a second after the last transaction`, async () => {
    const options = { "node-count": 3, "time-limit": 10, rate: 100 };
    const workload = only(100);
    const { history, journal, journalOrigin } = await runWith(name, options, {
      workload,
    });
    assertEquals(history.length, 200);
    const silentFrom = journalOrigin! + history.at(-1)!.time + 1e9;
    const sends = betweenNodes(journal);
    assert(sends.length > 0);
    assertEquals(sends.filter(([, time]) => time > silentFrom), []);
  });
}

/** By how much sends in a run of so many seconds may exceed what its header derives: timers begin and end somewhere. */
const SLACK = 1.02;

for (
  const [nodes, perSecond] of [[2, 18.2], [3, 27.3], [5, 45.5], [25, 1364]]
) {
  Deno.test(`txn-6c sends at most ${perSecond} messages a second between ${nodes} nodes, as its header derives, at rates 100 and 1000`, async () => {
    for (const rate of [100, 1000]) {
      const options = {
        "node-count": nodes!,
        "time-limit": 4,
        rate,
        concurrency: "50",
      };
      const { journal } = await runWith("txn-6c", options);
      const sends = betweenNodes(journal);
      const seconds = (sends.at(-1)![1] - sends[0]![1]) / 1e9;
      const bound = perSecond! * seconds * SLACK + nodes!;
      assert(sends.length <= bound, `${sends.length} in ${seconds} s`);
    }
  });
}

Deno.test("txn-6b and txn-6c cost at most 0.05 messages a transaction on the official commands, txn-6c also on 5 nodes", async () => {
  for (const name of ["txn-6b", "txn-6c"]) {
    for (const run of scenarioOf(name).runs.keys()) {
      const simulation = { name, seed: 1, faults: "official", run } as const;
      const recording = await record(simulation);
      assertEquals(anomaliesIn(recording, name), []);
      assert(messagesPerOp(recording) <= 0.05);
    }
  }
  const overrides = { "node-count": 5, "time-limit": 10 };
  const [recording] = await assertSeeds("txn-6c", 1, "official", overrides);
  assert(messagesPerOp(recording!) <= 0.05);
});

Deno.test("txn-6c tries to reach a silent peer ever less often, with messages no longer than its keys", async () => {
  const options = { "node-count": 2, "time-limit": 20, rate: 100 };
  const faults = cutThroughout("isolate-each");
  const { journal, history } = await runWith("txn-6c", options, { faults });
  const keys = new Set<number>();
  for (const { value, f } of history) {
    if (f !== "txn") continue;
    for (const [, key] of value as [string, number, number][]) keys.add(key);
  }
  const sends = betweenNodes(journal);
  // A try per node and 440 ms, which waits for the next tick of 110 ms.
  assert(sends.length <= 2 * (20 / 0.44) + 4, `${sends.length} messages`);
  for (const [, , , , , body] of sends) {
    assert((body.entries as unknown[]).length <= keys.size);
  }
});

for (const name of ON_LIN_KV) {
  for (const [values, workload] of Object.entries(WORKLOADS)) {
    for (const nodes of [1, 2, 3]) {
      Deno.test(`${name} is strictly serializable on ${values} through chaos and restarts, ${nodes} nodes (8 seeds)`, async () => {
        const flags = { workload, "node-count": nodes, "key-count": 4 };
        await assertSeeds(name, 8, "chaos", { ...flags, "time-limit": 10 });
      });

      Deno.test(`${name} satisfies both judges on ${values} without faults, never returning a conflict, ${nodes} nodes`, async () => {
        for (const latency of [0, 10]) {
          const overrides = {
            workload,
            "node-count": nodes,
            latency,
            "time-limit": 4,
            "consistency-models": "strict-serializable",
          };
          const faults = "official";
          const recording = await record({ name, seed: 1, faults, overrides });
          const { results, strict } = judge(recording);
          assertEquals(strict.anomalies, []);
          assertEquals(results["valid?"], true);
          assertAllAnswered(recording);
        }
      });
    }
  }
}

Deno.test("txn-6a is strictly serializable on registers and lists, and answers everything (3 seeds)", async () => {
  for (const workload of Object.values(WORKLOADS)) {
    const overrides = { workload, "time-limit": 5, "key-count": 4 };
    const recordings = await assertSeeds("txn-6a", 3, "official", overrides);
    recordings.forEach(assertAllAnswered);
  }
});

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.constant("w" as const), fc.nat(2), fc.nat()),
  fc.tuple(
    fc.constant("append" as const),
    fc.nat(2),
    fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  ),
);

const entries: fc.Arbitrary<Entry[]> = fc.uniqueArray(
  fc.record({
    time: fc.nat(5),
    node: fc.constantFrom("n0", "n1", "n2"),
    change,
  }),
  {
    maxLength: 12,
    selector: ({ time, node, change }) => `${time} ${node} ${change[1]}`,
  },
);

Deno.test("stores that have had the same changes are equal, in any order and with repetitions", () => {
  const orders = entries.chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length }),
    )
  );
  fc.assert(fc.property(orders, ([inOrder, shuffled]) => {
    const sorted = inOrder.toSorted((a, b) =>
      a.time - b.time || (a.node < b.node ? -1 : 1)
    );
    const node = { id: "n0", now: () => 0 };
    const [one, other] = [new StampedStore(node), new StampedStore(node)];
    for (const entry of sorted) one.insert(entry);
    for (const entry of shuffled) other.insert(entry);
    for (const key of [0, 1, 2]) assertEquals(other.read(key), one.read(key));
  }));
});

Deno.test("a transaction reads its own writes, tells the last one a key, and leaves the store alone", () => {
  const stored = new Map([[1, 10]]);
  const { txn, changes } = execute(
    [
      ["r", 1, null],
      ["w", 1, 11],
      ["r", 1, null],
      ["w", 1, 12],
      ["append", 2, "a"],
      ["append", 2, "b"],
      ["r", 2, null],
      ["r", 3, null],
    ],
    (key) => stored.get(Number(key)) ?? null,
  );
  assertEquals(txn.map(([, , value]) => value), [
    10,
    11,
    11,
    12,
    "a",
    "b",
    ["a", "b"],
    null,
  ]);
  assertEquals(changes, [["w", 1, 12], ["append", 2, ["a", "b"]]]);
  assertEquals(stored, new Map([[1, 10]]));
});

Deno.test("a transaction on a map changes it, and reads what the map lacks from elsewhere", () => {
  const values = new Map<Key, Json>([[1, 10], [2, ["a"]], [3, null]]);
  const below = (key: Key) => ({ 3: 30, 4: ["c"] })[Number(key)] ?? null;
  const steps: MicroOp[] = [
    ["r", 1, null],
    ["append", 2, "b"],
    ["r", 3, null],
    ["append", 4, "d"],
    ["append", 5, "e"],
  ];
  const { txn } = executeOn(values, steps, below);
  assertEquals(txn.map(([, , value]) => value), [10, "b", null, "d", "e"]);
  assertEquals([...values], [
    [1, 10],
    [2, ["a", "b"]],
    [3, null],
    [4, ["c", "d"]],
    [5, ["e"]],
  ]);
});

Deno.test("steps of one transaction add to a list one by one, and what was read before stays as it was", () => {
  const stored: Json = ["a"], given: Json = ["x"];
  const steps: MicroOp[] = [
    ["append", 1, "b"],
    ["r", 1, null],
    ["append", 1, "c"],
    ["w", 2, given],
    ["r", 2, null],
    ["append", 2, "y"],
    ["r", 2, null],
    ["append", 2, "z"],
    ["w", 3, "no list"],
    ["append", 3, 1],
  ];
  const { txn, changes } = execute(steps, () => stored);
  const reads = txn.filter(([f]) => f === "r").map(([, , value]) => value);
  assertEquals(reads, [["a", "b"], ["x"], ["x", "y"]]);
  assertEquals(changes, [
    ["append", 1, ["b", "c"]],
    ["w", 2, ["x", "y", "z"]],
    ["w", 3, [1]],
  ]);
  assertEquals([stored, given], [["a"], ["x"]]);
});

Deno.test("many appends of a transaction to a key copy its list once", () => {
  const many = 2_000;
  const steps = Array.from(
    { length: many },
    (_, i): MicroOp => ["append", 1, i],
  );
  const iterate = Array.prototype[Symbol.iterator];
  let copied = 0;
  Array.prototype[Symbol.iterator] = function () {
    copied += this.length;
    return iterate.call(this);
  };
  let list: Json | undefined;
  try {
    list = execute(steps, () => null).changes[0]?.[2];
  } finally {
    Array.prototype[Symbol.iterator] = iterate;
  }
  assertEquals((list as Json[]).length, many);
  // A step has three parts, which are read one by one, too.
  assertLessOrEqual(copied, 10 * many);
});
