/** The Kafka programs under every fault, against what they promise, and what they cost. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import kafka5b from "../../challenges/kafka-5b.ts";
import kafka5bLock from "../../challenges/kafka-5b-lock.ts";
import kafka5cLeader from "../../challenges/kafka-5c-leader.ts";
import type { Entry } from "../../lib/protocols.ts";
import kafka5c, { StripedLog } from "../../challenges/kafka-5c.ts";
import {
  type Body,
  isClientOp,
  type Op,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { start } from "../fixtures/fake-world.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

const PROGRAMS = [
  "kafka-5a",
  "kafka-5b",
  "kafka-5b-lock",
  "kafka-5c",
  "kafka-5c-leader",
];

/** Short runs with less traffic: enough for faults to meet it. */
const SHORT = { "time-limit": 6, rate: 150 };

/** A lease outlives its holder, and the next one: without a send, seconds of chaos go by. */
const LOCKED = { ...SHORT, "time-limit": 8 };

/** Node counts and networks that a program must not take for granted. */
const SHAPES = [
  { "node-count": 1 },
  { "node-count": 2, latency: 100 },
  { "node-count": 3, latency: 30, "latency-dist": "exponential" },
  { "node-count": 5, latency: 10, "latency-dist": "uniform" },
  { "node-count": 9 },
];

/** Operations that did not succeed, but for the generator's own crashes. */
function failed({ history }: Recording): Op[] {
  return history.filter((op) =>
    isClientOp(op) && op.f !== "crash" &&
    (op.type === "info" || op.type === "fail")
  );
}

/** Messages between nodes, with when they were sent in ns since the main phase began. */
function gossip({ journal, journalOrigin }: Recording): [number, Body][] {
  return journal.filter(([kind, , , src, dest]) =>
    kind === "send" && src.startsWith("n") && dest.startsWith("n")
  ).map(([, time, , , , body]) => [time - journalOrigin!, body]);
}

for (const name of PROGRAMS) {
  Deno.test(`${name} keeps its promises on the official command (1 seed)`, async () => {
    const [run] = await keepPromises(name, 1);
    assertEquals(failed(run!.recording), []);
  });

  Deno.test(`${name} loses, skips, doubles and takes back nothing under partitions and in chaos (25 seeds each)`, async () => {
    const overrides = name === "kafka-5b-lock" ? LOCKED : SHORT;
    for (const faults of ["partition", "chaos"] as const) {
      await keepPromises(name, 25, { faults, overrides });
    }
  });

  if (name === "kafka-5a") continue;
  Deno.test(`${name} keeps its promises with 1 to 9 nodes and slow or uneven links`, async () => {
    for (const shape of SHAPES) {
      await keepPromises(name, 1, { overrides: { ...SHORT, ...shape } });
    }
  });
}

Deno.test("kafka-5c costs at most 0.03 messages an operation, and shows messages after 250 ms at most (2 seeds)", async () => {
  for (const { figures } of await keepPromises("kafka-5c", 2)) {
    assertLessOrEqual(figures["servers.msgs-per-op"]!, 0.03);
    assertLessOrEqual(figures["visibility-lag.max-ms"]!, 250);
  }
});

Deno.test("kafka-5c shows messages as soon as its header derives, on two nodes and on nine (2 seeds each)", async () => {
  const lateMs = 5; // timers
  for (const [nodes, derivedMs] of [[2, 143], [9, 190]] as const) {
    const overrides = { "node-count": nodes, "time-limit": 8, rate: 500 };
    for (
      const { figures } of await keepPromises("kafka-5c", 2, { overrides })
    ) {
      assertLessOrEqual(
        figures["visibility-lag.max-ms"]!,
        derivedMs + lateMs,
        `${nodes} nodes`,
      );
    }
  }
});

Deno.test("kafka-5c shows messages in time where most overtake each other (5 seeds)", async () => {
  const network = { latency: 500, "latency-dist": "uniform" };
  const overrides = { "node-count": 5, ...network, rate: 100 };
  await keepPromises("kafka-5c", 5, { overrides });
});

Deno.test("kafka-5c shows messages within its bound and four hops after a silence where a hop takes 400 ms (10 seeds)", async () => {
  const flags = { "node-count": 3, latency: 400, "time-limit": 10, rate: 30 };
  await keepPromises("kafka-5c", 10, {
    faults: "chaos",
    without: [
      ...["loss", "duplication", "reordering", "slow-node"] as const,
      ...["slow-link", "last-cut", "clock"] as const,
    ],
    overrides: flags,
  });
});

for (const name of ["kafka-5c", "kafka-5c-leader"]) {
  Deno.test(`${name} shows everything acknowledged before a heal one second after it, with clients going on (30 seeds)`, async () => {
    const overrides = {
      "time-limit": 15,
      rate: 100,
      nemesis: "partition",
      "nemesis-interval": 2,
    };
    let heals = 0;
    for (const { recording } of await keepPromises(name, 30, { overrides })) {
      heals += recording.history.filter(({ f, value }) =>
        f === "stop-partition" && value !== null
      ).length;
    }
    assert(heals > 60);
  });
}

Deno.test("kafka-5c answers every request while nodes are cut off from each other (5 seeds)", async () => {
  const settings = { faults: "partition", overrides: SHORT } as const;
  for (const { recording } of await keepPromises("kafka-5c", 5, settings)) {
    assertEquals(failed(recording), []);
  }
});

Deno.test("kafka-5c is silent when all is known (5 seeds)", async () => {
  const settings = { faults: "partition", overrides: SHORT } as const;
  for (const { recording } of await keepPromises("kafka-5c", 5, settings)) {
    const end = SHORT["time-limit"] * 1e9;
    const quiet = gossip(recording).filter(([time]) =>
      time > end + 2e9 && time < end + 9.5e9
    );
    assertEquals(quiet, []);
  }
});

Deno.test("nothing ever appears in a striped log below what it has shown, and all of it is shown in the end", () => {
  const step = fc.record({
    node: fc.nat(2),
    act: fc.constantFrom("append", "tell" as const),
    to: fc.nat(2),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const logs = [0, 1, 2].map((node) => new StripedLog(node, 3));
    /** What each node has given out, and how much of it each other has heard. */
    const own: Entry[][] = [[], [], []];
    const told = [[0, 0, 0], [0, 0, 0], [0, 0, 0]];
    const shown: Entry[][] = [[], [], []];
    const tell = (node: number, to: number) => {
      if (node === to) return;
      const news = own[node]!.slice(told[node]![to]!);
      told[node]![to] = own[node]!.length;
      logs[to]!.receive(node, news, logs[node]!.promise);
    };
    const look = () =>
      logs.forEach((log, node) => {
        const now = log.from(0);
        assertEquals(now.slice(0, shown[node]!.length), shown[node]);
        shown[node] = now;
      });
    for (const { node, act, to } of steps) {
      if (act === "tell") tell(node, to);
      else own[node]!.push(logs[node]!.append(own[node]!.length));
      look();
    }
    for (let round = 0; round < 2; round++) {
      for (const node of [0, 1, 2]) for (const to of [0, 1, 2]) tell(node, to);
    }
    look();
    const all = own.flat().sort(([a], [b]) => a - b);
    assertEquals(new Set(all.map(([offset]) => offset)).size, all.length);
    for (const log of logs) assertEquals(log.from(0), all);
  }));
});

/** A client that asks nodes of a small cluster. */
function clientOf(cluster: SmallCluster) {
  const replies = new Map<Json, Body>();
  let asked = 0;
  cluster.network.register("c1", ({ body }) => {
    replies.set(body.in_reply_to!, body);
  });
  /** Sends a request; gives what has been answered when it is asked. */
  return (node: string, body: Body) => {
    const number = ++asked;
    cluster.network.send("c1", node, { ...body, msg_id: number });
    return () => replies.get(number);
  };
}

const send = (msg: number): Body => ({ type: "send", key: "k", msg });
const poll: Body = { type: "poll", offsets: { k: 0 } };

Deno.test("a kafka-5b sender that dies at any moment wedges nothing and leaves no hole", async () => {
  const outcomes = new Set<boolean>();
  for (let diesAfterMs = 0; diesAfterMs <= 60; diesAfterMs += 5) {
    const cluster = new SmallCluster(kafka5b, ["n0", "n1"], { latencyMs: 10 });
    const ask = clientOf(cluster);
    await cluster.advance(1_000);
    ask("n0", send(1));
    await cluster.advance(diesAfterMs);
    cluster.kill("n0");
    const second = ask("n1", send(2));
    await cluster.advance(500);
    cluster.start("n0");
    await cluster.advance(1_000);
    const polls = ["n0", "n1"].map((node) => ask(node, poll));
    await cluster.advance(1_000);
    const [here, there] = polls.map((reply) => reply()?.msgs);
    assertEquals(here, there);
    const entries = (here as { k: Entry[] }).k;
    const offset = second()?.offset as number;
    assertEquals(entries.map(([at]) => at), entries.map((_, i) => i));
    assertEquals(entries.find(([, msg]) => msg === 2), [offset, 2]);
    outcomes.add(entries.length === 2);
  }
  assertEquals(outcomes.size, 2, "it died always before, or always after");
});

for (
  const [name, program] of [
    ["kafka-5b", kafka5b],
    ["kafka-5b-lock", kafka5bLock],
  ] as const
) {
  Deno.test(`${name}: the first send to a node that starts again is served in time, though the log is long and hops take 100 ms`, async () => {
    const cluster = new SmallCluster(program, ["n0", "n1"], { latencyMs: 100 });
    const ask = clientOf(cluster);
    for (let i = 0; i < 1_000; i++) {
      ask("n0", send(i));
      await cluster.advance(500);
    }
    cluster.kill("n1");
    cluster.start("n1");
    const reply = ask("n1", send(1_000));
    await cluster.advance(4_500);
    assertEquals(reply()?.type, "send_ok");
  });
}

Deno.test("if the owner cannot be reached, kafka-5c-leader says so in time: unknown at first, then refused; nothing is lost", async () => {
  const cluster = new SmallCluster(kafka5cLeader, ["n0", "n1"]);
  const ask = clientOf(cluster);
  await cluster.advance(1_000);
  const first = ask("n0", send(1));
  const other = ask("n1", send(2));
  await cluster.advance(100);
  assert(first()?.type === "send_ok" && other()?.type === "send_ok");
  cluster.cut();
  const errors: [Json | undefined, Json | undefined][] = [];
  for (const node of ["n0", "n1"]) {
    const unanswered = ask(node, send(3));
    await cluster.advance(4_900);
    const refused = ask(node, send(4));
    await cluster.advance(4_900);
    errors.push([unanswered()?.code, refused()?.code]);
  }
  // One of the two owns the key; the other must say 0, unknown, then 11, refused.
  assertEquals(
    errors.toSorted((a) => a[0] === undefined ? -1 : 1),
    [[undefined, undefined], [0, 11]],
  );
  cluster.heal();
  await cluster.advance(1_000);
  const polls = ["n0", "n1"].map((node) => ask(node, poll));
  await cluster.advance(100);
  const [here, there] = polls.map((reply) => reply()?.msgs);
  assertEquals(here, there);
  const messages = (here as { k: Entry[] }).k.map(([, msg]) => msg);
  // The one whose outcome was unknown was under way, and comes when it can.
  assertEquals(messages, [1, 2, 3, 4, 3]);
});

for (
  const [name, program] of [
    ["kafka-5c", kafka5c],
    ["kafka-5c-leader", kafka5cLeader],
  ] as const
) {
  Deno.test(`${name}: sends that wait for lin-kv, silent for a minute, are refused after 4 s, and are never stored`, async () => {
    const cluster = new SmallCluster(program, ["n0"], { latencyMs: 10 });
    const ask = clientOf(cluster);
    await cluster.advance(1_000);
    cluster.hush();
    cluster.kill("n0");
    cluster.start("n0");
    const sent: (() => Body | undefined)[] = [];
    for (let i = 0; i < 60; i++) {
      sent.push(ask("n0", send(i)));
      await cluster.advance(1_000);
    }
    const refused = sent.slice(0, 56).map((reply) => reply()?.code);
    assertEquals(refused, Array(56).fill(11));
    cluster.heal();
    await cluster.advance(3_000);
    const shown = ask("n0", poll);
    await cluster.advance(100);
    const { k } = shown()?.msgs as { k: Entry[] };
    assertEquals(k.map(([, msg]) => msg), [57, 58, 59]);
  });
}

Deno.test("kafka-5c-leader refuses no send where owners are slow, not silent: 7 nodes with hops of 500 ms", async () => {
  const nodes = Array.from({ length: 7 }, (_, i) => `n${i}`);
  const cluster = new SmallCluster(kafka5cLeader, nodes, { latencyMs: 500 });
  const ask = clientOf(cluster);
  await cluster.advance(1_000);
  const replies: (() => Body | undefined)[] = [];
  for (let i = 0; i < 200; i++) {
    const send = { type: "send", key: `k${i % 20}`, msg: i };
    replies.push(ask(nodes[i % 7]!, send));
    await cluster.advance(100);
  }
  await cluster.advance(5_000);
  for (const reply of replies) assertEquals(reply()?.type, "send_ok");
});

Deno.test("kafka-5c-leader: sends that an owner keeps until it has heard from a dead node are refused after 4 s, or end unknown if they were forwarded; none is stored", async () => {
  const nodes = ["n0", "n1", "n2"];
  const cluster = new SmallCluster(kafka5cLeader, nodes, { latencyMs: 10 });
  const ask = clientOf(cluster);
  const sendTo = (node: string, msg: number) =>
    ask(node, { type: "send", key: `k${msg}`, msg });
  for (const node of nodes) sendTo(node, 0);
  await cluster.advance(1_000);
  cluster.kill("n2");
  cluster.kill("n0");
  cluster.start("n0");
  await cluster.advance(2_000);
  const sent = new Map<number, () => Body | undefined>();
  for (let i = 1; i <= 60; i++) {
    sent.set(i, sendTo(nodes[i % 2]!, i));
    await cluster.advance(100);
  }
  await cluster.advance(5_000);
  cluster.start("n2");
  await cluster.advance(5_000);
  const keys = [...sent.keys()].map((i) => [`k${i}`, 0]);
  const all = { type: "poll", offsets: Object.fromEntries(keys) };
  const shown = ask("n1", all);
  await cluster.advance(100);
  const stored = shown()!.msgs as { [key: string]: Entry[] };
  const outcomes = new Set<string>();
  for (const [i, reply] of sent) {
    const outcome = reply()?.code ?? "stored";
    assertEquals(`k${i}` in stored, outcome === "stored", `k${i}`);
    outcomes.add(`${nodes[i % 2]}: ${outcome}`);
  }
  assertEquals(
    [...outcomes].sort(),
    ["n0: 11", "n0: stored", "n1: 0", "n1: 11", "n1: stored"],
  );
});

Deno.test("a striped log takes in as many entries at once as there are", () => {
  const log = new StripedLog(0, 2);
  const entries = Array.from(
    { length: 200_000 },
    (_, i): [number, number] => [2 * i + 1, i],
  );
  log.receive(1, entries, 400_001);
  assertEquals(log.from(0).length, 200_000);
  assertEquals(log.next, 400_000);
});

Deno.test("kafka-5b costs at most 4.4 messages an operation, and 1.1 n + 2 on a slow network of n nodes, which let each other go first (3 seeds each)", async () => {
  const slow = { latency: 50, rate: 100, "time-limit": 10 };
  for (
    const [overrides, most] of [
      [{}, 4.4],
      [{ ...slow, "node-count": 3 }, 5.3],
      [{ ...slow, "node-count": 5 }, 7.5],
    ] as const
  ) {
    const runs = await keepPromises("kafka-5b", 3, { overrides });
    for (const { figures } of runs) {
      assertLessOrEqual(figures["servers.msgs-per-op"]!, most);
    }
  }
});

for (
  const [name, program] of Object.entries({
    "kafka-5b": kafka5b,
    "kafka-5b-lock": kafka5bLock,
  })
) {
  Deno.test(`${name} never refuses a commit for certain: Maelstrom's client would take back the poll before it`, async () => {
    const { world, deliver } = start(program);
    const send = { type: "send", key: "1", msg: 1 };
    deliver("c1", { ...send, msg_id: 1 });
    await world.advance(10); // a round begins
    deliver("c2", { ...send, msg_id: 2 });
    deliver("c3", { type: "commit_offsets", offsets: { "1": 0 }, msg_id: 3 });
    await world.advance(4_500); // lin-kv is silent
    const codes = world.sent.filter(({ dest }) => dest.startsWith("c"))
      .map(({ body }) => [body.in_reply_to, body.code]);
    assertEquals(codes, [[1, 0], [2, 11], [3, 0]]);
  });
}
