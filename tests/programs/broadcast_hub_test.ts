/** Gather and scatter, 3d and 3e: limits, derived bounds, faults, and what a cut leaves possible. */
import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import { quantile } from "../../lib/workbench/checkers/figures.ts";
import broadcast3d, {
  SCHEDULE as SCHEDULE_3D,
} from "../../challenges/broadcast-3d.ts";
import broadcast3e, {
  SCHEDULE as SCHEDULE_3E,
} from "../../challenges/broadcast-3e.ts";
import {
  isClientOp,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import { nodesOf, type Options } from "../../lib/workbench/history/options.ts";
import {
  type FigureName,
  isMet,
  limitText,
} from "../../lib/workbench/scenarios/limits.ts";
import { simulate } from "../../lib/workbench/campaign/simulate.ts";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

const PROGRAMS = [
  { name: "broadcast-3d", program: broadcast3d, ...SCHEDULE_3D },
  { name: "broadcast-3e", program: broadcast3e, ...SCHEDULE_3E },
] as const;

/** By how much timers and pipes of the simulated machine are late, all in all, in milliseconds. */
const SLACK_MS = 20;

/** The hops of a few nodes with clients of our own, and by how much a message is late that misses the hub. */
const LATENCY_MS = 100, LATE_MS = 150;

/** Short runs with less traffic: enough for faults to meet it. */
const SHORT = { "time-limit": 8, rate: 60 };

/** What S and the bytes, in multiples of the least, are at most in the median quiet run. */
const QUIET = {
  "broadcast-3d": { S: 1.1, bytes: 2.2 },
  "broadcast-3e": { S: 0.36, bytes: 2 },
};

/** Seeds of 3d whose first values come while nodes are still held up by their start. */
const HELD_UP = [35, 81, 94, 157, 186, 199];

/** What a run on a busy machine keeps to, beyond its scenario's limits; and the maximum if it is stalled. */
const BUSY = {
  "broadcast-3d": { maximumMs: 570, medianMs: 400, stalledMs: 750 },
  "broadcast-3e": { maximumMs: 1_950, medianMs: 970, stalledMs: 2_130 },
};

/** Node counts, networks and rates that a program must not take for granted. */
const SHAPES: readonly Options[] = [
  { "node-count": 1 },
  { "node-count": 2 },
  { "node-count": 3 },
  { "node-count": 5 },
  { "node-count": 100 },
  { latency: 0 },
  { latency: 10 },
  { latency: 10, "latency-dist": "uniform" },
  { latency: 100, "latency-dist": "uniform" },
  { latency: 100, "latency-dist": "exponential" },
  { latency: 500 },
  { latency: 500, "latency-dist": "uniform" },
  { latency: 500, "latency-dist": "exponential" },
  { rate: 1 },
  { rate: 10 },
  { rate: 1000, "time-limit": 4 },
  { rate: 1000, "node-count": 2, latency: 100, "latency-dist": "uniform" },
  { rate: 1000, "node-count": 5, latency: 500, "latency-dist": "uniform" },
];

/** Messages between nodes. */
function gossip({ journal }: Recording) {
  return journal.filter(([kind, , , src, dest]) =>
    kind === "send" && src.startsWith("n") && dest.startsWith("n")
  );
}

/** How long each value took to its last node, in milliseconds, from where a client gave it to. */
function propagation({ journal, options }: Recording): number[] {
  const given = new Map<number, number>();
  const last = new Map<number, { nodes: Set<string>; time: number }>();
  for (const [kind, time, , , dest, body] of journal) {
    if (kind !== "recv") continue;
    const values = body.type === "broadcast" ? [body.message] : body.v;
    if (!Array.isArray(values)) continue;
    for (const value of values as number[]) {
      if (body.type === "broadcast") given.set(value, time);
      const seen = last.get(value) ?? { nodes: new Set(), time };
      last.set(value, seen);
      if (!seen.nodes.has(dest)) seen.time = time;
      seen.nodes.add(dest);
    }
  }
  const everybody = nodesOf(options).length;
  return [...given].map(([value, time]) => {
    const { nodes, time: end } = last.get(value)!;
    return nodes.size === everybody ? (end - time) / 1e6 : Infinity;
  });
}

for (const { name, budgetMs } of PROGRAMS) {
  const { runs } = scenarioOf(name);

  Deno.test(`${name} keeps within the official limits and ours, with and without partitions (8 seeds each)`, async () => {
    for (const [run, { official, ours, label }] of runs.entries()) {
      for (const { figures } of await keepPromises(name, 8, { run })) {
        for (const limit of [...official, ...ours]) {
          const value = figures[limit.figure];
          const asked = `${limit.figure} ${limitText(limit)} ${label}`;
          assert(isMet(limit, value), `${value} instead of ${asked}`);
        }
      }
    }
  });

  Deno.test(`${name} is cheaper on a quiet machine: the median of 24 seeds`, async () => {
    const runs = await keepPromises(name, 24);
    const median = (figure: FigureName) =>
      quantile(runs.map(({ figures }) => figures[figure]!), 0.5)!;
    assertLessOrEqual(median("servers.msgs-per-op"), QUIET[name].S);
    assertLessOrEqual(median("servers.bytes-to-least"), QUIET[name].bytes);
  });

  Deno.test(`${name} keeps within its limits on a busy machine, and is late by a long stall and no more (8 seeds each)`, async () => {
    const { maximumMs, medianMs, stalledMs } = BUSY[name];
    const { official, ours } = runs[0]!;
    for (
      const { figures } of await keepPromises(name, 8, { machine: "busy" })
    ) {
      for (const limit of [...official, ...ours]) {
        const value = figures[limit.figure];
        const asked = `${limit.figure} ${limitText(limit)}`;
        assert(isMet(limit, value), `${value} instead of ${asked}`);
      }
      assertLessOrEqual(figures["stable-latency.max-ms"]!, maximumMs);
      assertLessOrEqual(figures["stable-latency.median-ms"]!, medianMs);
    }
    const machine = "stalled" as const;
    for (const { figures } of await keepPromises(name, 8, { machine })) {
      assertLess(figures["stable-latency.max-ms"]!, stalledMs);
    }
  });

  Deno.test(`${name} keeps within the official limits where nodes are held up at the start (${HELD_UP.length} seeds)`, async () => {
    for (const seed of HELD_UP) {
      const { figures } = await simulate({
        name,
        seed,
        faults: "official",
        machine: "busy",
      });
      for (const limit of runs[0]!.official) {
        const value = figures[limit.figure];
        assert(isMet(limit, value), `seed ${seed}: ${value} ${limit.figure}`);
      }
    }
  });

  Deno.test(`${name} is as fast and as quiet as its header derives (4 seeds)`, async () => {
    for (const { recording, figures } of await keepPromises(name, 4)) {
      const { options, history } = recording;
      const n = nodesOf(options).length;
      const latency = Number(options.latency);
      const seconds = Number(options["time-limit"]);
      assertLessOrEqual(
        Math.max(...propagation(recording)),
        budgetMs + SLACK_MS,
      );
      assertLessOrEqual(
        figures["stable-latency.max-ms"]!,
        budgetMs - latency + SLACK_MS,
      );
      const periodMs = budgetMs - 2 * latency - SLACK_MS;
      // The first and the last period are not whole; then come introductions and acknowledgements.
      const periods = seconds * 1e3 / periodMs + 2;
      const most = 2 * (n - 1) * periods + 3 * (n - 1);
      const ops = history.filter((op) => op.type === "invoke" && isClientOp(op))
        .length;
      const sent = gossip(recording).length;
      assertLessOrEqual(sent, most);
      assert(sent > most / 2, "the bound says nothing");
      assertLessOrEqual(
        Math.abs(figures["servers.msgs-per-op"]! - sent / ops),
        1e-6,
      );
    }
  });

  Deno.test(`${name} sends each value to each other node once`, async () => {
    const [run] = await keepPromises(name, 1);
    const { recording } = run!;
    const crossed = gossip(recording).map(([, , , , , body]) =>
      (body.v as number[]).length
    ).reduce((a, b) => a + b);
    const values = propagation(recording).length;
    assertEquals(crossed, values * (nodesOf(recording.options).length - 1));
  });

  Deno.test(`${name} loses nothing under partitions and in chaos, and is silent when it has promised to be (20 seeds each)`, async () => {
    for (const faults of ["partition", "chaos"] as const) {
      await keepPromises(name, 20, { faults, overrides: SHORT });
    }
  });

  Deno.test(`${name} keeps its promises with 1 to 100 nodes, hops of 0 to 500 ms, 1 to 1000 operations a second`, async () => {
    for (const shape of SHAPES) {
      const overrides = { "time-limit": 6, ...shape };
      await keepPromises(name, 1, { overrides });
    }
  });

  Deno.test(`${name} keeps its latency with hops of 0, 10 and 100 ms, from the first value on`, async () => {
    for (const latency of [0, 10, 100]) {
      for (const rate of [10, 100, 1000]) {
        const overrides = { latency, rate, "time-limit": 4 };
        const [run] = await keepPromises(name, 1, { overrides });
        const worst = Math.max(...propagation(run!.recording));
        assertLessOrEqual(
          worst,
          budgetMs + SLACK_MS,
          JSON.stringify(overrides),
        );
      }
    }
  });
}

/** A few nodes, with clients of our own. */
class Clients {
  readonly cluster: SmallCluster;
  #messages = 0;
  /** What each node showed when it was last asked. */
  readonly shown = new Map<string, number[]>();

  constructor(program: unknown, nodes: number, seed = 1) {
    const ids = Array.from({ length: nodes }, (_, i) => `n${i}`);
    this.cluster = new SmallCluster(program, ids, {
      latencyMs: LATENCY_MS,
      seed,
    });
    this.cluster.network.register("c1", ({ src, body }) => {
      if (body.type !== "read_ok") return;
      this.shown.set(src, body.messages as number[]);
    });
  }

  tell(node: string, message: number): void {
    const msg_id = ++this.#messages;
    this.cluster.network.send("c1", node, {
      type: "broadcast",
      message,
      msg_id,
    });
  }

  /** The nodes that show a value. */
  async having(value: number): Promise<string[]> {
    for (const node of this.cluster.nodes) {
      const msg_id = ++this.#messages;
      this.cluster.network.send("c1", node, { type: "read", msg_id });
    }
    await this.cluster.advance(150);
    return this.cluster.nodes.filter((node) =>
      this.shown.get(node)!.includes(value)
    );
  }

  /** Each node has told values for a while, and all have heard of all. */
  async warmUp(): Promise<void> {
    let value = 1_000;
    for (let round = 0; round < 60; round++) {
      for (const node of this.cluster.nodes) this.tell(node, value++);
      await this.cluster.advance(200);
    }
    await this.cluster.advance(6_000);
  }

  /** From now on only these pairs hear each other, both ways. */
  connect(pairs: readonly string[]): void {
    const { nodes, network } = this.cluster;
    const linked = new Set(
      pairs.flatMap((pair) => {
        const [a, b] = pair.split("-");
        return [`${a} ${b}`, `${b} ${a}`];
      }),
    );
    network.partition(
      new Map(nodes.map((node) => [
        node,
        new Set(
          nodes.filter((other) =>
            other !== node && !linked.has(`${node} ${other}`)
          ),
        ),
      ])),
    );
  }
}

for (const { name, program, budgetMs } of PROGRAMS) {
  Deno.test(`${name} spreads a value inside each side of a cut, also to nodes that have nothing to say`, async () => {
    const clients = new Clients(program, 6);
    await clients.warmUp();
    clients.connect([
      "n0-n1",
      "n2-n3",
      "n2-n4",
      "n2-n5",
      "n3-n4",
      "n3-n5",
      "n4-n5",
    ]);
    clients.tell("n4", 1);
    clients.tell("n1", 2);
    await clients.cluster.advance(4 * budgetMs + 1_000);
    assertEquals(await clients.having(1), ["n2", "n3", "n4", "n5"]);
    assertEquals(await clients.having(2), ["n0", "n1"]);
    clients.cluster.heal();
    await clients.cluster.advance(2_000 + 2 * budgetMs);
    assertEquals(await clients.having(1), clients.cluster.nodes);
    assertEquals(await clients.having(2), clients.cluster.nodes);
  });

  Deno.test(`${name} tells everybody at once what comes after a time of quiet`, async () => {
    const clients = new Clients(program, 4);
    await clients.warmUp();
    clients.tell("n3", 1);
    await clients.cluster.advance(200 + SLACK_MS);
    assertEquals(await clients.having(1), clients.cluster.nodes);
  });

  Deno.test(`${name} tells at once the first value, before anybody has spoken, and keeps the next ones for the hub's answer`, async () => {
    const clients = new Clients(program, 3);
    const { cluster } = clients;
    await cluster.advance(200);
    for (let value = 0; value < 50; value++) {
      clients.tell("n1", value);
      await cluster.advance(1);
    }
    assertEquals(cluster.gossip.map(({ v }) => v), [[0]]);
    await cluster.advance(budgetMs + SLACK_MS);
    for (const value of [0, 1, 49]) {
      assertEquals(await clients.having(value), cluster.nodes, `${value}`);
    }
  });

  Deno.test(`${name} is late by what a message is late, and no more, if that misses the hub's turn`, async () => {
    const clients = new Clients(program, 3);
    const { cluster } = clients;
    await clients.warmUp();
    let late: number[] = [];
    for (let value = 0; value < 200; value++) {
      clients.tell("n0", 200 + value); // has something to say at every turn
      clients.tell("n1", value);
      await cluster.advance(50);
      if (value !== 100) continue;
      cluster.network.weather(({ src, dest, body }) => {
        const v = body.v as number[];
        if (src !== "n1" || dest !== "n0" || v.length === 0) return [0];
        if (late.length === 0) late = v;
        return [v === late ? LATE_MS : 0];
      });
    }
    const { journal } = cluster;
    for (const value of late) {
      const timeTo = (node: string) =>
        journal.find(([kind, , , , dest, body]) =>
          kind === "recv" && dest === node &&
          (body.message === value || (body.v as number[])?.includes(value))
        )![1] / 1e6;
      const tookMs = timeTo("n2") - timeTo("n1");
      assertLessOrEqual(tookMs, budgetMs + LATE_MS + SLACK_MS);
    }
  });

  Deno.test(`${name} goes round a broken link, there and back`, async () => {
    const clients = new Clients(program, 4);
    await clients.warmUp();
    clients.connect(["n0-n1", "n0-n2", "n1-n2", "n1-n3", "n2-n3"]); // not n0-n3
    clients.tell("n3", 1);
    await clients.cluster.advance(4 * budgetMs + 1_000);
    assertEquals(await clients.having(1), clients.cluster.nodes);
    clients.tell("n0", 2);
    await clients.cluster.advance(3 * budgetMs);
    assertEquals(await clients.having(2), clients.cluster.nodes);
  });

  Deno.test(`${name} goes round a broken link also after a cut in which all the others were silent (4 seeds)`, async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const clients = new Clients(program, 4, seed);
      const { cluster } = clients;
      await clients.warmUp();
      clients.connect(["n0-n1", "n0-n3", "n1-n3"]); // n2 is alone
      clients.tell("n2", 1);
      await cluster.advance(20_000 + 300 * seed);
      cluster.heal();
      await cluster.advance(2_000 + 2 * budgetMs);
      assertEquals(await clients.having(1), cluster.nodes);
      clients.connect(["n0-n1", "n0-n3", "n1-n2", "n1-n3", "n2-n3"]); // not n0-n2
      clients.tell("n2", 2);
      await cluster.advance(4 * budgetMs + 2_000);
      assertEquals(await clients.having(2), cluster.nodes, `seed ${seed}`);
    }
  });

  Deno.test(`${name} tells who finds a way round also what is on its way to the first node just then`, async () => {
    const clients = new Clients(program, 4);
    const { cluster } = clients;
    await clients.warmUp();
    clients.connect(["n0-n1", "n0-n2", "n1-n2", "n1-n3", "n2-n3"]); // not n0-n3
    clients.tell("n3", 1_000_000);
    for (let value = 0; value < 200; value++) {
      clients.tell("n1", value);
      await cluster.advance(50);
    }
    await cluster.advance(4 * budgetMs);
    const came = cluster.journal.filter(([kind, , , , dest]) =>
      kind === "recv" && dest === "n1"
    );
    const [, joinedAt] = came.find(([, , , , , body]) => body.follow === true)!;
    const onTheirWay = came.filter(([, at, , , , { type, message }]) =>
      type === "broadcast" && Number(message) < 200 &&
      at < joinedAt && at > joinedAt - 190e6
    );
    assert(onTheirWay.length > 0);
    await clients.having(0);
    for (const [, , , , , { message }] of onTheirWay) {
      assert(clients.shown.get("n3")!.includes(Number(message)), `${message}`);
    }
  });

  Deno.test(`${name} sends each value to each other node once again when a cut has ended`, async () => {
    const clients = new Clients(program, 5);
    const { cluster } = clients;
    await clients.warmUp();
    clients.connect(["n0-n1", "n2-n3", "n2-n4", "n3-n4"]);
    for (const node of cluster.nodes) clients.tell(node, 1);
    for (const [i, node] of cluster.nodes.entries()) clients.tell(node, 10 + i);
    await cluster.advance(4 * budgetMs + 1_000);
    cluster.heal();
    await cluster.advance(5_000 + 4 * budgetMs);
    const { length } = cluster.gossip;
    for (const [i, node] of cluster.nodes.entries()) clients.tell(node, 20 + i);
    await cluster.advance(2 * budgetMs);
    const crossed = cluster.gossip.slice(length).flatMap(({ v }) => v);
    assertEquals(crossed.length, 5 * 4);
    assertEquals(await clients.having(22), cluster.nodes);
  });

  Deno.test(`${name} tries once in 1.5 s at most to reach a node that is cut off for a minute, and is silent afterwards`, async () => {
    const clients = new Clients(program, 3);
    const { cluster } = clients;
    await clients.warmUp();
    const { length: warm } = cluster.gossip;
    await cluster.advance(20_000);
    assertEquals(
      cluster.gossip.length,
      warm,
      "all is known, but not all is silent",
    );
    clients.connect(["n0-n1"]);
    for (let value = 0; value < 500; value++) clients.tell("n0", value);
    await cluster.advance(60_000);
    const during = cluster.gossip.slice(warm);
    assertLessOrEqual(during.length, 60_000 / 1_500 + 10);
    assert(
      during.slice(5).every(({ v }) => (v as number[]).length <= 100),
      "a try to reach a silent node is no place for everything",
    );
    cluster.heal();
    await cluster.advance(2_000 + 2 * budgetMs);
    assertEquals(await clients.having(499), cluster.nodes);
    await cluster.advance(5_000);
    const { length: healed } = cluster.gossip;
    await cluster.advance(20_000);
    assertEquals(cluster.gossip.length, healed);
  });
}
