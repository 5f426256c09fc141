/**
 * The simpler broadcasts and the variants, against what they promise under every fault,
 * and against the bounds that their headers derive.
 */
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import batch from "../../challenges/broadcast-3c-batch.ts";
import broadcast3b from "../../challenges/broadcast-3b.ts";
import broadcast3c from "../../challenges/broadcast-3c.ts";
import buffered from "../../challenges/broadcast-3e-buffered.ts";
import immediate from "../../challenges/broadcast-3c-immediate.ts";
import mesh from "../../challenges/broadcast-3d-mesh.ts";
import type { Program } from "../../lib/maelstrom.ts";
import { VirtualClock } from "../../lib/workbench/world/clock.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import type { Faults } from "../../lib/workbench/world/faults.ts";
import {
  type Body,
  isClientOp,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import { nodesOf, type Options } from "../../lib/workbench/history/options.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { isMet, limitText } from "../../lib/workbench/scenarios/limits.ts";
import { allPartitions, grudge } from "../../lib/workbench/world/nemesis.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import { broadcast } from "../../lib/workbench/workloads/broadcast.ts";
import type { Workload } from "../../lib/workbench/workloads/workload.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

/** By how much timers and pipes of the simulated machine are late, all in all, in milliseconds. */
const SLACK_MS = 30;

/** The period of the batches, and that of the buffer, in milliseconds. */
const [BATCH_MS, BUFFER_MS] = [200, 1_500];

/** A program and what its header says, of 5 nodes unless it is said. */
interface Variant {
  program: unknown;
  /** After how many milliseconds a value is everywhere without faults, on links of L ms. */
  everywhereMs: (hopMs: number) => number;
  /** The same with 25 nodes. */
  everywhereOf25Ms: (hopMs: number) => number;
  /** After how many milliseconds everything is everywhere when a cut has ended, on links without latency. */
  healedMs: number;
}

const VARIANTS: { readonly [name: string]: Variant } = {
  "broadcast-3b": {
    program: broadcast3b,
    everywhereMs: (hopMs) => 2 * hopMs,
    everywhereOf25Ms: (hopMs) => 6 * hopMs,
    healedMs: 800,
  },
  "broadcast-3c": {
    program: broadcast3c,
    everywhereMs: (hopMs) => 2 * hopMs,
    everywhereOf25Ms: (hopMs) => 6 * hopMs,
    healedMs: 2_000,
  },
  "broadcast-3c-immediate": {
    program: immediate,
    everywhereMs: (hopMs) => 3 * hopMs,
    everywhereOf25Ms: (hopMs) => 8 * hopMs,
    healedMs: 2_000,
  },
  "broadcast-3c-batch": {
    program: batch,
    everywhereMs: (hopMs) => 3 * (BATCH_MS + 3 * hopMs),
    everywhereOf25Ms: (hopMs) => 8 * (BATCH_MS + 3 * hopMs),
    healedMs: 1_600 + 3 * BATCH_MS,
  },
  "broadcast-3d-mesh": {
    program: mesh,
    everywhereMs: (hopMs) => hopMs,
    everywhereOf25Ms: (hopMs) => hopMs,
    healedMs: 3_500,
  },
  "broadcast-3e-buffered": {
    program: buffered,
    everywhereMs: (hopMs) => BUFFER_MS + hopMs,
    everywhereOf25Ms: (hopMs) => BUFFER_MS + hopMs,
    healedMs: 3_500 + BUFFER_MS,
  },
};

/** A run with faults or a workload of our own making. */
async function runWith(
  name: string,
  options: Options,
  config: { faults?: Faults; workload?: Workload } = {},
): Promise<Recording> {
  const clock = new VirtualClock();
  const random = seeded(1);
  const program = VARIANTS[name]!.program as Program<Record<never, never>>;
  return await clock.run(performRun({
    workload: broadcast,
    options,
    openHost: modules(program, clock, random.fork("nodes")),
    clock,
    random,
    ...config,
  }));
}

/** The values that a node gets from another one by a message. */
function valuesIn({ type, message, messages, known, v }: Body): number[] {
  if (type === "tell" && message !== undefined) return [Number(message)];
  return (messages ?? known ?? v ?? []) as number[];
}

/** Messages between nodes. */
function gossip({ journal }: Recording) {
  return journal.filter(([kind, , , src, dest]) =>
    kind === "send" && src.startsWith("n") && dest.startsWith("n")
  );
}

/**
 * When each value was given to a node, and when the last node had it (never: Infinity), in
 * milliseconds since the main phase began.
 */
function spread(recording: Recording): { given: number; known: number }[] {
  const { journal, options, journalOrigin = NaN } = recording;
  const firsts = new Map<number, Map<string, number>>();
  for (const [kind, time, , src, dest, body] of journal) {
    if (kind !== "recv" || !dest.startsWith("n")) continue;
    const isGiven = src.startsWith("c") && body.type === "broadcast";
    for (const value of isGiven ? [Number(body.message)] : valuesIn(body)) {
      const known = firsts.get(value) ?? new Map<string, number>();
      firsts.set(value, known);
      if (!known.has(dest)) known.set(dest, (time - journalOrigin) / 1e6);
    }
  }
  assert(firsts.size > 0);
  const everybody = nodesOf(options).length;
  return [...firsts.values()].map((known) => {
    const times = [...known.values()];
    const last = known.size === everybody ? Math.max(...times) : Infinity;
    return { given: Math.min(...times), known: last };
  });
}

/** How long the slowest value took to its last node, in milliseconds. */
function slowestMs(recording: Recording): number {
  return Math.max(
    ...spread(recording).map(({ given, known }) => known - given),
  );
}

for (const [name, variant] of Object.entries(VARIANTS)) {
  const isMesh = /mesh|buffered/.test(name);
  const overrides: Options = isMesh
    ? { "node-count": 5, "time-limit": 10, rate: 50 }
    : {};
  const seeds = 100;

  for (const faults of ["partition", "chaos"] as const) {
    Deno.test(`${name} loses no value, answers everything at once and falls silent through ${faults} (${seeds} seeds)`, async () => {
      const without = ["kill", "pause"] as const;
      const settings = { faults, overrides, without };
      const runs = await keepPromises(name, seeds, settings);
      assert(runs.every(({ labels }) => labels.has("message-cut")));
      const lossy = runs.some(({ labels }) => labels.has("message-lost"));
      assertEquals(lossy, faults === "chaos");
      for (const { recording: { history } } of runs) {
        const refused = history.filter((op) =>
          isClientOp(op) && (op.type === "fail" || op.type === "info")
        );
        assertEquals(refused, []);
      }
    });
  }

  Deno.test(`${name} forgets nothing that it had told when nodes are killed (30 seeds)`, async () => {
    await keepPromises(name, 30, { faults: "chaos", overrides });
  });

  for (const latency of [0, 10, 100]) {
    Deno.test(`${name} keeps its promises on 1, 2, 3, 5 and 25 nodes with links of ${latency} ms, even and uneven, calm and in chaos`, async () => {
      for (const nodes of [1, 2, 3, 5, 25]) {
        for (const dist of ["constant", "uniform", "exponential"]) {
          if (latency === 0 && dist !== "constant") continue;
          const network = { latency, "latency-dist": dist };
          const rate = nodes === 3 ? 200 : 30;
          const shape = { "node-count": nodes, rate, "time-limit": 3 };
          const overrides = { ...network, ...shape };
          await keepPromises(name, 1, { overrides });
          await keepPromises(name, 1, { overrides, faults: "chaos" });
        }
      }
    });
  }

  Deno.test(`${name} loses no value on links of 500 ms, and on 100 nodes`, async () => {
    for (const dist of ["constant", "uniform", "exponential"]) {
      const network = { latency: 500, "latency-dist": dist };
      const shape = { "node-count": 5, "time-limit": 3, rate: 20 };
      const slow = await runWith(name, { ...network, ...shape });
      assert(slowestMs(slow) < Infinity);
    }
    const shape = { "node-count": 100, "time-limit": 2, rate: 20 };
    const many = await runWith(name, { ...shape, latency: 10 });
    assert(slowestMs(many) < Infinity);
  });

  Deno.test(`${name} has a value everywhere as soon as its header derives, on 5 nodes and on 25`, async () => {
    for (const latency of [0, 10, 100]) {
      const options = { latency, rate: 20, "time-limit": 10 };
      const five = await runWith(name, { ...options, "node-count": 5 });
      const most = variant.everywhereMs(latency) + SLACK_MS;
      assertLessOrEqual(slowestMs(five), most);
      const many = await runWith(name, { ...options, "node-count": 25 });
      const mostOf25 = variant.everywhereOf25Ms(latency) + SLACK_MS;
      assertLessOrEqual(slowestMs(many), mostOf25);
    }
  });

  Deno.test(`${name} answers all during a cut of any kind, and has all values everywhere ${variant.healedMs} ms after its end`, async () => {
    for (const kind of allPartitions) {
      for (const nodes of [2, 5]) {
        const options = { "node-count": nodes, "time-limit": 8, rate: 20 };
        let healedMs = NaN;
        const recording = await runWith(name, options, {
          faults({ network, nodes, random, clock, originNs }) {
            network.partition(grudge(kind, nodes, random));
            const end = () => {
              network.heal();
              healedMs = (clock.now() - originNs) / 1e6;
            };
            return { end };
          },
        });
        const answered = recording.history.filter(({ type }) => type === "ok");
        assertEquals(answered.length, recording.history.length / 2);
        const complete = Math.max(...spread(recording).map((v) => v.known));
        const most = healedMs + variant.healedMs + SLACK_MS;
        assertLessOrEqual(complete, most, `${kind}, ${nodes} nodes`);
      }
    }
  });
}

/** Edges of the grid of 5 nodes. */
const GRID_EDGES = 5;

Deno.test("3b and 3c send 2 (n - 1) messages a value without faults, 3c-immediate 8 to 12 on the grid of 5 nodes", async () => {
  for (const nodes of [1, 2, 5, 25]) {
    const options = { "node-count": nodes, latency: 10, "time-limit": 10 };
    for (const name of ["broadcast-3b", "broadcast-3c"]) {
      // 5 values a second hardly meet on an edge; where they do, 3c sends fewer messages.
      const recording = await runWith(name, { ...options, rate: 10 });
      const greetings = 4 * (nodes - 1);
      const derived = 2 * (nodes - 1) * spread(recording).length + greetings;
      const sent = gossip(recording).length;
      assertLessOrEqual(sent, derived);
      assertGreaterOrEqual(sent, name === "broadcast-3b" ? derived : 0);
    }
  }
  const options = { "node-count": 5, latency: 10, "time-limit": 10, rate: 10 };
  const recording = await runWith("broadcast-3c-immediate", options);
  const greetings = 4 * GRID_EDGES;
  const sent = (gossip(recording).length - greetings) /
    spread(recording).length;
  assertGreaterOrEqual(sent, 8);
  assertLessOrEqual(sent, 12);
});

Deno.test("3c-batch sends 4 messages an edge and period at most, however many values there are", async () => {
  const options = { "node-count": 5, "time-limit": 5, rate: 1000 };
  const recording = await runWith("broadcast-3c-batch", options);
  assert(spread(recording).length > 1_000);
  const periods = 5_000 / BATCH_MS + 2;
  assertLessOrEqual(gossip(recording).length, 4 * GRID_EDGES * periods);
});

for (const name of ["broadcast-3d-mesh", "broadcast-3e-buffered"]) {
  Deno.test(`${name} keeps within the official limits and ours, with and without partitions (5 seeds each)`, async () => {
    for (
      const [run, { official, ours, label }] of scenarioOf(name).runs.entries()
    ) {
      for (const { figures } of await keepPromises(name, 5, { run })) {
        for (const limit of [...official, ...ours]) {
          const value = figures[limit.figure];
          const asked = `${limit.figure} ${limitText(limit)} ${label}`;
          assert(isMet(limit, value), `${value} instead of ${asked}`);
        }
      }
    }
  });
}

Deno.test("3d-mesh costs as many messages as its header derives, and each value crosses to each node once (5 seeds)", async () => {
  for (const { recording } of await keepPromises("broadcast-3d-mesh", 5)) {
    const n = nodesOf(recording.options).length;
    const values = spread(recording).length;
    const sent = gossip(recording);
    const crossed = sent.flatMap(([, , , , , body]) => valuesIn(body)).length;
    assertEquals(crossed, values * (n - 1));
    // Luck may double the acknowledgements that travel alone.
    const alone = 2 * ((n - 1) * values / 64 + n * (n - 1) / 2);
    assertLessOrEqual(sent.length, (n - 1) * values + alone);
  }
});

Deno.test("3e-buffered sends n (n - 1) messages a period at most, greetings, the first and the last included, and each value once (5 seeds)", async () => {
  for (const { recording } of await keepPromises("broadcast-3e-buffered", 5)) {
    const n = nodesOf(recording.options).length;
    const sent = gossip(recording);
    const crossed = sent.flatMap(([, , , , , body]) => valuesIn(body)).length;
    assertEquals(crossed, spread(recording).length * (n - 1));
    const periods = 20_000 / BUFFER_MS + 3;
    assertLessOrEqual(sent.length, n * (n - 1) * periods);
  }
});

/** What a cut costs in a second at each end of an edge, when it has been noticed. */
const PROBES: { readonly [name: string]: number } = {
  // Pauses of 2 s, a quarter of which jitter may take away.
  "broadcast-3c": 1 / 1.5,
  // Pauses of 0.9 s on average, which luck makes shorter.
  "broadcast-3c-batch": 1.5 / 0.9,
  "broadcast-3d-mesh": 1 / 2.2,
  "broadcast-3e-buffered": 1 / 2.2,
};

for (const [name, perSecond] of Object.entries(PROBES)) {
  Deno.test(`${name} sends ${perSecond.toFixed(1)} messages a second at most into a cut, however many values wait`, async () => {
    const options = { "node-count": 2, "time-limit": 23, rate: 200 };
    const recording = await runWith(name, options, {
      faults({ clock, network, nodes, random }) {
        // By then nodes have heard of each other.
        clock.schedule(
          1e9,
          () => network.partition(grudge("isolate-each", nodes, random)),
        );
        return { end: () => network.heal() };
      },
    });
    assert(spread(recording).length > 1_000);
    const { journalOrigin = NaN } = recording;
    const during = gossip(recording).filter(([, time]) => {
      const second = (time - journalOrigin) / 1e9;
      return second > 3 && second < 23;
    });
    assert(during.length > 0);
    assertLessOrEqual(during.length, 2 * (20 * perSecond + 1));
  });
}

/** Broadcast without a topology at the beginning: some or all nodes are given one later. */
function lateTopology(given: Json, nodes: readonly string[]): Workload {
  const { setup: _, ...rest } = broadcast;
  return {
    ...rest,
    generator(context) {
      const { next } = broadcast.generator(context);
      const waiting = new Set(nodes);
      let count = 0;
      return {
        next(worker, now) {
          if (count++ < 60 || !waiting.delete(worker.node)) {
            return next(worker, now);
          }
          return { f: "topology", value: given };
        },
      };
    },
    openClient() {
      const client = broadcast.openClient();
      return {
        async invoke(op, rpc) {
          if (op.f !== "topology") return await client.invoke(op, rpc);
          await rpc({ type: "topology", topology: op.value }, {});
          return null;
        },
      };
    },
  };
}

for (const name of ["broadcast-3c-immediate", "broadcast-3c-batch"]) {
  Deno.test(`${name} spreads every value whatever topology comes when, or none`, async () => {
    const line = { n0: ["n1"], n1: ["n0", "n2"], n2: ["n1", "n3"], n3: ["n4"] };
    const useless = { n0: ["n1", "n77"], n2: ["n3"], n4: [] };
    const nonsense = { n0: "n1" };
    for (const given of [line, useless, nonsense, null, "grid"]) {
      for (const nodes of [["n0", "n1", "n2", "n3", "n4"], ["n1", "n3"], []]) {
        const options = { "node-count": 5, "time-limit": 8, rate: 40 };
        const recording = await runWith(name, options, {
          workload: lateTopology(given, nodes),
          faults({ network, clock, nodes, random, limitNs }) {
            const kinds = [null, "majority", null, "one-way"] as const;
            for (const [i, kind] of kinds.entries()) {
              clock.schedule(limitNs * i / 4, () => {
                if (kind === null) network.heal();
                else network.partition(grudge(kind, nodes, random));
              });
            }
            return { end: () => network.heal() };
          },
        });
        const told = recording.history.filter(({ f, type }) =>
          f === "topology" && type === "ok"
        );
        const isTaken = given === line || given === useless;
        assertEquals(told.length, isTaken ? nodes.length : 0);
        assert(slowestMs(recording) < Infinity);
      }
    }
  });

  Deno.test(`${name} spreads values that are on their way when the topology changes`, async () => {
    const nodes = ["n0", "n1", "n2", "n3"];
    const line = (...order: string[]) =>
      Object.fromEntries(order.slice(1).map((id, i) => [order[i], [id]]));
    const cluster = new SmallCluster(VARIANTS[name]!.program, nodes, {
      latencyMs: 100,
    });
    const counts: number[] = [];
    cluster.network.register("c1", ({ body }) => {
      if (body.type === "read_ok") {
        counts.push((body.messages as Json[]).length);
      }
    });
    const ask = (body: (i: number) => Body) =>
      nodes.forEach((node, i) => cluster.network.send("c1", node, body(i)));
    const turn = (topology: Json) =>
      ask(() => ({ type: "topology", topology }));
    await cluster.advance(1_000);
    turn(line("n0", "n1", "n2", "n3"));
    await cluster.advance(1_000);
    for (let i = 0; i < 10; i++) {
      ask((j) => ({ type: "broadcast", message: 4 * i + j }));
      await cluster.advance(50);
      const order = i % 2 === 0
        ? ["n2", "n0", "n3", "n1"]
        : ["n0", "n1", "n2", "n3"];
      turn(line(...order));
      await cluster.advance(350);
    }
    await cluster.advance(3_000);
    ask(() => ({ type: "read", msg_id: 1 }));
    await cluster.advance(200);
    assertEquals(counts, nodes.map(() => 40));
  });

  for (const topology of ["line", "tree2", "total"]) {
    Deno.test(`${name} keeps its promises on 9 nodes in the topology ${topology}, in chaos (10 seeds)`, async () => {
      const overrides = { topology, "node-count": 9, "time-limit": 8 };
      await keepPromises(name, 10, { faults: "chaos", overrides });
    });
  }
}

Deno.test("3a reads exactly what it was given, in order, and keeps each value once", async () => {
  const runs = await keepPromises("broadcast-3a", 20, {
    faults: "chaos",
    // One client at a time, and every answer heard: what was given is then known.
    without: ["crowd", "pause"],
  });
  for (const { recording, figures } of runs) {
    assertEquals(figures["servers.msgs-per-op"], 0);
    const given: Json[] = [];
    for (const { type, f, value } of recording.history) {
      if (type !== "ok") continue;
      if (f === "broadcast") given.push(value);
      else if (f === "read") assertEquals(value, given);
    }
  }
});
