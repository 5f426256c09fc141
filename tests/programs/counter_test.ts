/** The counters under every fault, against what they promise, and what they cost. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import counter4crdt from "../../challenges/counter-4-crdt.ts";
import pnCounter from "../../challenges/pn-counter.ts";
import {
  isClientOp,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { start } from "../fixtures/fake-world.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

const COUNTERS = ["counter-4", "counter-4-cas", "counter-4-crdt"];

/** Short runs with little traffic: enough for faults to meet it. */
const SHORT = { "time-limit": 8, rate: 40 };

/** Between two messages to one neighbour among few nodes, in milliseconds. */
const PERIOD_MS = 300;

/** How long a simulated process takes at most to start, in milliseconds. */
const BOOT_MS = 300;

/** Nothing asks for more than a node count, or shows itself only there. */
const SHAPES = [
  { "node-count": 1 },
  { "node-count": 2, latency: 100 },
  { "node-count": 5, latency: 50, "latency-dist": "exponential" },
  { "node-count": 9, concurrency: "3n", rate: 200 },
  { "node-count": 25, latency: 20, "latency-dist": "uniform", rate: 100 },
];

/** How many operations did not succeed. */
function failed({ history }: Recording): number {
  return history.filter((op) =>
    isClientOp(op) && (op.type === "info" || op.type === "fail")
  ).length;
}

for (const name of COUNTERS) {
  Deno.test(`${name} keeps its promises under partitions, official and ours, and its final reads are exact (20 seeds each)`, async () => {
    for (const faults of ["official", "partition"] as const) {
      const runs = await keepPromises(name, 20, { faults, faithful: true });
      for (const { recording } of runs) assertEquals(failed(recording), 0);
    }
  });

  Deno.test(`${name} loses no acknowledged add and counts none twice in chaos (60 seeds)`, async () => {
    await keepPromises(name, 60, { faults: "chaos", overrides: SHORT });
  });

  Deno.test(`${name} keeps its promises with 1 to 25 nodes and slow or uneven links`, async () => {
    for (const shape of SHAPES) {
      await keepPromises(name, 2, { overrides: { ...SHORT, ...shape } });
    }
  });
}

Deno.test("counter-4 costs at most 2.94 messages an operation, on seq-kv as it is", async () => {
  for (
    const { figures } of await keepPromises("counter-4", 5, { faithful: true })
  ) {
    assertLessOrEqual(figures["servers.msgs-per-op"]!, 2.94);
  }
});

Deno.test("counter-4 shares a snapshot among reads that wait: with ten clients a node an operation costs less than half", async () => {
  const overrides = { rate: 1000, concurrency: "10n", latency: 20 };
  const [run] = await keepPromises("counter-4", 1, { overrides });
  assertLessOrEqual(run!.figures["servers.msgs-per-op"]!, 2.94 / 2);
});

Deno.test("a pn-counter neither loses nor doubles what was told when nodes are killed (60 seeds)", async () => {
  await keepPromises("pn-counter", 60, { faults: "chaos", overrides: SHORT });
});

Deno.test("a pn-counter runs on counter-4 and counter-4-cas as well", async () => {
  for (const name of ["counter-4", "counter-4-cas"]) {
    const overrides = { ...SHORT, workload: "pn-counter" };
    await keepPromises(name, 10, { faults: "chaos", overrides });
  }
});

Deno.test("counter-4-crdt costs at most 0.21 messages an operation, none of them when all are equal", async () => {
  for (
    const { figures, recording } of await keepPromises("counter-4-crdt", 5)
  ) {
    assertLessOrEqual(figures["servers.msgs-per-op"]!, 0.21);
    const { journal, journalOrigin, history } = recording;
    const lastAdd = history.findLast(({ f }) => f === "add")!.time;
    const late = journal.filter(([kind, time, , src, dest]) =>
      kind === "send" && src.startsWith("n") && dest.startsWith("n") &&
      time > journalOrigin! + lastAdd + 3e9
    );
    assertEquals(late, []);
  }
});

for (const [nodes, most] of [[40, 1], [100, 1.3]] as const) {
  Deno.test(`counter-4-crdt costs at most ${most} messages an operation on ${nodes} nodes at rate 1000, and is exact after cuts`, async () => {
    const overrides = {
      ...{ "node-count": nodes, rate: 1000, concurrency: "1n" },
      "time-limit": 6,
    };
    const runs = await keepPromises("counter-4-crdt", 1, { overrides });
    for (const { figures } of runs) {
      assertLessOrEqual(figures["servers.msgs-per-op"]!, most);
    }
  });
}

/** A node of counter-4-crdt whose only neighbour knows all that it knows. */
function counterWithNeighbour() {
  const { world, deliver } = start(counter4crdt, { ids: ["n0", "n1"] });
  deliver("c1", { type: "read", msg_id: 1 });
  const [greeting] = world.takeBodies();
  const [own] = Object.keys(greeting!.sums as object);
  const sums = { [own!]: 0, [own!.replace("n0", "n1")]: 0 };
  /** Whether each of the messages that it has sent since asks for an answer. */
  const told = () =>
    world.takeBodies().filter(({ type }) => type === "merge")
      .map(({ answer }) => answer);
  return {
    /** The neighbour says what it knows. */
    hear(answer: boolean) {
      deliver("n1", { type: "merge", sums, answer });
      return told();
    },
    add: () => deliver("c1", { type: "add", delta: 1, msg_id: 2 }),
    async period() {
      await world.advance(PERIOD_MS);
      return told();
    },
  };
}

Deno.test("counter-4-crdt: an answer that needs none does not count as a try, so what is added next is told twice before a pause", async () => {
  const { hear, add, period } = counterWithNeighbour();
  assertEquals(hear(true), []);
  assertEquals(await period(), [false]);
  add();
  const tries = [await period(), await period(), await period()];
  assertEquals(tries, [[true], [true], []]);
});

Deno.test("counter-4-crdt answers a neighbour that had been silent at once, and one that is just late at its turn", async () => {
  const { hear, add, period } = counterWithNeighbour();
  hear(false);
  add();
  assertEquals([await period(), await period()], [[true], [true]]);
  assertEquals(hear(true), []);
  for (const tries of [[true], [true], [], [true]]) {
    assertEquals(await period(), tries);
  }
  assertEquals(hear(true), [true]);
});

Deno.test("a replica that has lost its memory reads what it had told, keeps what is added then, and waits no longer than a second", async () => {
  for (const program of [counter4crdt, pnCounter]) {
    for (const count of [2, 3, 5, 6, 9]) {
      const nodes = Array.from({ length: count }, (_, i) => `n${i}`);
      const cluster = new SmallCluster(program, nodes, { latencyMs: 10 });
      const values: (Json | undefined)[] = [];
      cluster.network.register("c1", ({ body }) => {
        if (body.type === "read_ok") values.push(body.value);
      });
      let sum = 0;
      const add = (node: string) => {
        const body = { type: "add", delta: 1, msg_id: 1 };
        cluster.network.send("c1", node, body);
        sum++;
      };
      const read = async (some: string[]) => {
        values.length = 0;
        for (const node of some) {
          cluster.network.send("c1", node, { type: "read", msg_id: 1 });
        }
        await cluster.advance(BOOT_MS + 1_000);
        return values;
      };
      const restart = (node: string) => {
        cluster.kill(node);
        cluster.start(node);
      };
      for (const victim of nodes) {
        nodes.forEach(add);
        await cluster.advance(1_000);
        restart(victim);
        add(victim);
        assertEquals(await read([victim]), [sum]);
        assertEquals(await read(nodes), nodes.map(() => sum));
      }
      const said = cluster.gossip.length;
      await cluster.advance(60_000);
      assertEquals(cluster.gossip.length, said);
      cluster.cut();
      restart("n0");
      assertEquals(await read(["n0"]), [0]);
      cluster.heal();
      await cluster.advance(1_000);
      assertEquals(await read(nodes), nodes.map(() => sum));
    }
  }
});

Deno.test("a pn-counter adds and takes away on nodes of any name", async () => {
  const nodes = ["-a", "b-", "n-1"];
  const cluster = new SmallCluster(pnCounter, nodes, { latencyMs: 10 });
  const values: Json[] = [];
  cluster.network.register("c1", ({ body }) => {
    if (body.type === "read_ok") values.push(body.value ?? null);
  });
  for (const node of nodes) {
    for (const delta of [10, -3]) {
      cluster.network.send("c1", node, { type: "add", delta, msg_id: 1 });
    }
  }
  await cluster.advance(3_000);
  for (const node of nodes) {
    cluster.network.send("c1", node, { type: "read", msg_id: 1 });
  }
  await cluster.advance(100);
  assertEquals(values, [21, 21, 21]);
});
