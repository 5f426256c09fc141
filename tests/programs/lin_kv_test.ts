/** The replicas of registers, lin-kv-raft and lin-kv-vr: what clients see, and what is asserted inside. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import linKvProxy from "../../challenges/lin-kv-proxy.ts";
import linKvRaft, { Raft } from "../../challenges/lin-kv-raft.ts";
import linKvVr, { Vr } from "../../challenges/lin-kv-vr.ts";
import type { Node, Program } from "../../lib/maelstrom.ts";
import {
  replayCommand,
  simulate,
} from "../../lib/workbench/campaign/simulate.ts";
import type { Body } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { believesItself } from "../mutants/replica.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";
import { withMethods } from "../fixtures/with-methods.ts";
import { onWrongClocks } from "../fixtures/wrong-clocks.ts";
import {
  amnesia,
  figure8,
  lastWords,
  leadersDie,
} from "../fixtures/worst-moments.ts";

const PROGRAMS = { "lin-kv-raft": Raft, "lin-kv-vr": Vr } as const;

/** Short runs with little traffic: enough for faults to meet it. */
const SHORT = { "time-limit": 15, rate: 40 };

/** What no two replicas of a run may disagree on. */
class Invariants {
  readonly #leaders = new Map<number, string>();
  readonly #committed = new Map<number, string>();
  readonly #entries = new Map<string, string>();
  readonly broken = new Set<string>();
  /** How many entries were compared with what another node, or another life, has committed. */
  compared = 0;

  leads(id: string, epoch: number): void {
    const other = this.#leaders.get(epoch) ?? id;
    if (other !== id) this.broken.add(`${id} and ${other} lead in ${epoch}`);
    this.#leaders.set(epoch, other);
  }

  committed(id: string, index: number, entry: unknown): void {
    const text = JSON.stringify(entry);
    const other = this.#committed.get(index);
    this.#committed.set(index, other ?? text);
    if (other === undefined) return;
    this.compared++;
    if (other === text) return;
    this.broken.add(`${id} commits ${text} at ${index}, another ${other}`);
  }

  holds(id: string, index: number, [epoch, command]: unknown[]): void {
    const key = `${index} ${epoch}`;
    const text = JSON.stringify(command);
    const other = this.#entries.get(key) ?? text;
    this.#entries.set(key, other);
    if (other === text) return;
    this.broken.add(`${id} has ${text} at ${key}, another ${other}`);
  }
}

/** What is observed is what all replicas have: Raft stands for any. TypeScript wants mixins so. */
// deno-lint-ignore no-explicit-any
type Constructor = new (...args: any[]) => Raft;

/** A program whose nodes tell of what they do. */
function observed(base: Constructor, invariants: Invariants) {
  class Observed extends base {
    protected override lead(): void {
      super.lead();
      invariants.leads(this.node.id, this.epoch);
    }

    protected override advance(index: number): void {
      const { log, node, commit } = this;
      for (let at = commit + 1; at <= index; at++) {
        invariants.committed(node.id, at, log.at(at));
      }
      for (let at = log.base.index + 1; at <= log.last; at++) {
        invariants.holds(node.id, at, log.at(at));
      }
      super.advance(index);
    }
  }
  return ((node: Node<never>) => void new Observed(node)) as Program<
    Record<never, never>
  >;
}

for (const [name, base] of Object.entries(PROGRAMS)) {
  Deno.test(`${name} is linearizable under partitions, official and ours (10 seeds each)`, async () => {
    for (const faults of ["official", "partition"] as const) {
      const overrides = { ...SHORT, "nemesis-interval": 3 };
      await keepPromises(name, 10, { faults, overrides, run: 1 });
    }
  });

  for (const nodes of [3, 5]) {
    Deno.test(`${name} on ${nodes} nodes has one leader an epoch, equal logs and equal commits in chaos with kills (20 seeds)`, async () => {
      let compared = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const invariants = new Invariants();
        const simulation = {
          name,
          seed,
          faults: "chaos" as const,
          overrides: { ...SHORT, "node-count": nodes },
        };
        const program = observed(base as unknown as Constructor, invariants);
        const { strict } = await simulate({ ...simulation, program });
        const replay = replayCommand(simulation);
        assertEquals([...invariants.broken], [], replay);
        // The worst weather leaves hardly anything to be done in so short a time.
        const found = strict.anomalies.filter(({ type }) =>
          type !== "never-ok"
        );
        assertEquals(found, [], replay);
        compared += invariants.compared;
      }
      assert(compared > 1_000, `only ${compared} entries were compared`);
    });
  }

  Deno.test(`${name} keeps its promises when faults come at the worst moments (5 seeds each)`, async () => {
    const moments = [
      { script: figure8, nodes: 5 },
      { script: amnesia, nodes: 3 },
      { script: amnesia, nodes: 5 },
      { script: lastWords, nodes: 3 },
    ];
    for (const { script, nodes } of moments) {
      const overrides = { "time-limit": 20, rate: 50, "node-count": nodes };
      await keepPromises(name, 5, { faults: "chaos", script, overrides });
    }
  });

  Deno.test(`${name} answers again within 1.5 s of its leader's death, whoever leads, again and again (4 seeds each)`, async () => {
    for (const nodes of [3, 5]) {
      const overrides = { "node-count": nodes, "time-limit": 30, rate: 60 };
      await keepPromises(name, 4, { script: leadersDie, overrides });
    }
  });

  Deno.test(`${name} is linearizable on clocks that run fast or slow, and leap, and recovers (20 seeds)`, async () => {
    const wrong = { drift: 0.2, leapMs: 2_000 };
    for (let seed = 1; seed <= 20; seed++) {
      const own = (node: Node<never>) => void new base(node);
      const program = onWrongClocks(own, wrong) as Program<never>;
      const faults = "chaos" as const;
      const simulation = { name, seed, faults, overrides: SHORT };
      const { strict } = await simulate({ ...simulation, program });
      assertEquals(strict.anomalies, [], replayCommand(simulation));
    }
  });

  Deno.test(`${name} keeps its promises when Maelstrom's nemesis kills, pauses and parts (6 seeds)`, async () => {
    const overrides = {
      ...{ "node-count": 5, "time-limit": 30, rate: 40 },
      ...{ nemesis: "kill,pause,partition", "nemesis-interval": 3 },
    };
    await keepPromises(name, 6, { overrides });
  });

  Deno.test(`${name} keeps a client waiting for 0.9 s at most, or for four round trips, up to 4.5 s`, async () => {
    const limits = [[0, 900], [50, 900], [150, 1_300], [1_000, 4_500]] as const;
    for (const [latencyMs, most] of limits) {
      const nodes = ["n0", "n1", "n2"];
      const own = (node: Node<never>) => void new base(node);
      const cluster = new SmallCluster(own, nodes, { latencyMs });
      await cluster.advance(10_000 + 30 * latencyMs);
      const answered = new Map<string, number>();
      cluster.network.register("c1", ({ src }) => {
        answered.set(src, cluster.clock.now() / 1e6);
      });
      cluster.cut();
      const askedMs = cluster.clock.now() / 1e6;
      for (const node of nodes) {
        const body = { type: "write", key: 1, value: 1, msg_id: 1 };
        cluster.network.send("c1", node, body);
      }
      await cluster.advance(5_000);
      assertEquals([...answered.keys()].sort(), nodes);
      // The messages from and to the client take some time, too.
      for (const at of answered.values()) {
        assertLessOrEqual(at - askedMs, most + 60);
      }
    }
  });

  Deno.test(`${name} answers where the latency is 500 ms (4 seeds)`, async () => {
    const overrides = { latency: 500, "time-limit": 30, rate: 20 };
    for (const { figures } of await keepPromises(name, 4, { overrides })) {
      assertLessOrEqual(0.6, figures["answered.share"]!);
    }
  });

  Deno.test(`${name} keeps its promises with 1 to 7 nodes and slow or uneven links`, async () => {
    for (
      const shape of [
        { "node-count": 1 },
        { "node-count": 2, latency: 20 },
        { "node-count": 4, latency: 50, "latency-dist": "exponential" },
        { "node-count": 5, latency: 100 },
        { "node-count": 7, latency: 20, "latency-dist": "uniform", rate: 200 },
      ]
    ) await keepPromises(name, 2, { overrides: { ...SHORT, ...shape } });
  });

  Deno.test(`${name} answers 85 % of what is asked on the command with partitions, and all that a majority can (20 seeds)`, async () => {
    for (const { figures } of await keepPromises(name, 20, { run: 1 })) {
      assertEquals(figures["answered.majority-share"], 1);
      assertLessOrEqual(0.85, figures["answered.share"]!);
    }
  });

  Deno.test(`${name} costs at most 2.5 messages an operation where nothing is broken`, async () => {
    const overrides = { "time-limit": 20 };
    for (const { figures } of await keepPromises(name, 3, { overrides })) {
      assertLessOrEqual(figures["servers.msgs-per-op"]!, 2.5);
    }
  });
}

Deno.test("who starts for the first time has forgotten nothing, so one of two others may be killed before it is there", async () => {
  for (const program of [linKvRaft, linKvVr]) {
    const cluster = new SmallCluster(program, ["n0", "n1", "n2"]);
    const answered = new Set<string>();
    cluster.network.register("c1", ({ src, body }) => {
      if (body.type === "write_ok") answered.add(src);
    });
    cluster.kill("n0");
    await cluster.advance(3_000);
    cluster.kill("n1");
    cluster.start("n1");
    cluster.start("n0");
    await cluster.advance(3_000);
    for (const node of cluster.nodes) {
      const body = { type: "write", key: 1, value: 1, msg_id: 1 };
      cluster.network.send("c1", node, body);
    }
    await cluster.advance(500);
    assertEquals([...answered].sort(), ["n0", "n1", "n2"]);
  }
});

Deno.test("a node that starts while lin-kv is silent takes no part until a second after lin-kv answers; the others go on", async () => {
  for (const program of [linKvRaft, linKvVr]) {
    const cluster = new SmallCluster(program, ["n0", "n1", "n2"]);
    const answered = new Set<string>();
    cluster.network.register("c1", ({ src, body }) => {
      if (body.type === "write_ok") answered.add(src);
    });
    const whoAnswers = async () => {
      answered.clear();
      for (const node of cluster.nodes) {
        const body = { type: "write", key: 1, value: 1, msg_id: 1 };
        cluster.network.send("c1", node, body);
      }
      await cluster.advance(500);
      return [...answered].sort();
    };
    await cluster.advance(3_000);
    cluster.network.weather(({ dest }) => dest === "lin-kv" ? [] : [0]);
    cluster.kill("n1");
    cluster.start("n1");
    await cluster.advance(8_000);
    assertEquals(await whoAnswers(), ["n0", "n2"]);
    cluster.heal();
    await cluster.advance(1_000);
    assertEquals(await whoAnswers(), ["n0", "n1", "n2"]);
  }
});

Deno.test("nodes that were cut off for 20 s find a leader within 1.5 s, though they all ask at once or their next primary is dead (20 seeds each)", async () => {
  for (const program of [linKvRaft, linKvVr]) {
    for (const dead of [null, "n1"]) {
      for (let seed = 1; seed <= 20; seed++) {
        const cluster = new SmallCluster(program, ["n0", "n1", "n2"], { seed });
        const answered = new Set<string>();
        cluster.network.register("c1", ({ src, body }) => {
          if (body.type === "write_ok") answered.add(src);
        });
        await cluster.advance(3_000);
        cluster.cut();
        await cluster.advance(3_000);
        if (dead !== null) cluster.kill(dead);
        await cluster.advance(17_000);
        const alive = cluster.nodes.filter((node) => node !== dead);
        for (const node of alive) cluster.pause(node);
        cluster.heal();
        await cluster.advance(2_000);
        for (const node of alive) cluster.resume(node);
        await cluster.advance(1_500);
        for (const node of alive) {
          const body = { type: "write", key: 1, value: 1, msg_id: 1 };
          cluster.network.send("c1", node, body);
        }
        await cluster.advance(100);
        assertEquals([...answered].sort(), alive, `seed ${seed}, dead ${dead}`);
      }
    }
  }
});

/**
 * Stops the leader and its clock for five seconds, in which the others change what it knows, and
 * reads from it as the first thing after; gives what it answers.
 */
async function readAfterStop(program: unknown): Promise<Body> {
  let stopped = "", stoodMs = 0;
  const onStoppedClock = (node: Node<never>) => {
    const now = () => node.now() - (node.id === stopped ? stoodMs : 0);
    (program as (node: Node<never>) => void)(withMethods(node, { now }));
  };
  const cluster = new SmallCluster(onStoppedClock, ["n0", "n1", "n2"]);
  const replies: Body[] = [];
  cluster.network.register("c1", ({ body }) => void replies.push(body));
  const ask = (node: string, body: Body) =>
    cluster.network.send("c1", node, { ...body, key: 1, msg_id: 1 });
  await cluster.advance(3_000);
  ask("n0", { type: "write", value: 1 });
  await cluster.advance(1_000);
  const leader =
    [...cluster.journal].findLast(([, , , , , { type }]) =>
      type === "append"
    )![3];
  const others = cluster.nodes.filter((node) => node !== leader);
  cluster.pause(leader);
  // What the others say meanwhile does not wait for its return.
  cluster.cut(leader);
  await cluster.advance(4_000);
  ask(others[0]!, { type: "write", value: 2 });
  await cluster.advance(1_000);
  assertEquals(replies.map(({ type }) => type), ["write_ok", "write_ok"]);
  ask(leader, { type: "read" });
  [stopped, stoodMs] = [leader, 5_000];
  cluster.resume(leader);
  await cluster.advance(2_000);
  return replies[2]!;
}

Deno.test("a leader that was stopped for five seconds does not answer a read from what it knew, and one with a lease does", async () => {
  for (const program of [linKvRaft, linKvVr]) {
    const { type, code } = await readAfterStop(program);
    assertEquals([type, code], ["error", 11]);
    const hasty = believesItself(program, 290);
    assertEquals((await readAfterStop(hasty)).value, 1);
  }
});

/** Gives a vote to everybody who asks in a term. */
class VotesTwice extends Raft {
  protected override mayVote(...args: Parameters<Raft["mayVote"]>): boolean {
    this.votedFor = null;
    return super.mayVote(...args);
  }
}

Deno.test("the invariants find two leaders in a term where votes are given twice (within 12 seeds)", async () => {
  const broken = new Set<string>();
  for (let seed = 1; seed <= 12 && broken.size === 0; seed++) {
    const invariants = new Invariants();
    const program = observed(VotesTwice as unknown as Constructor, invariants);
    const overrides = { ...SHORT, "node-count": 5, latency: 100 };
    const simulation = { name: "lin-kv-raft", seed, faults: "chaos" as const };
    await simulate({ ...simulation, overrides, program });
    for (const what of invariants.broken) broken.add(what);
  }
  assert([...broken].some((what) => / lead in /.test(what)), "none was found");
});

/** Keys and values that a careless replica would take for others, or lose. */
const ODD_KEYS: Json[] = ["__proto__", "", 0, "0", -5, 2n ** 65n];
const ODD_VALUES: Json[] = [
  ...[null, 0, 1.5, 2n ** 70n, 2n ** 53n + 1n, "", "__proto__", [], {}, false],
  [[1, { a: [null] }]],
  JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}'),
];

Deno.test("registers keep odd keys and values apart, in memory and through the death of every node in turn", async () => {
  for (const program of [linKvRaft, linKvVr, linKvProxy]) {
    const nodes = ["n0", "n1", "n2"];
    const cluster = new SmallCluster(program, nodes);
    const replies: Body[] = [];
    cluster.network.register("c1", ({ body }) => void replies.push(body));
    const ask = async (node: string, body: Body) => {
      cluster.network.send("c1", node, { ...body, msg_id: 1 });
      await cluster.advance(300);
      return replies.at(-1)!;
    };
    await cluster.advance(3_000);
    for (const key of ODD_KEYS) {
      assertEquals((await ask("n1", { type: "read", key })).code, 20);
      const cas = { type: "cas", key, from: null, to: 1 };
      assertEquals((await ask("n1", cas)).code, 20);
      await ask("n2", { type: "write", key, value: "first" });
      let from: Json = "first";
      for (const to of ODD_VALUES) {
        const wrong = { type: "cas", key, from: "other", to: 1 };
        assertEquals((await ask("n0", wrong)).code, 22);
        const right = await ask("n0", { type: "cas", key, from, to });
        assertEquals(right.type, "cas_ok");
        const { value } = await ask("n1", { type: "read", key });
        assertEquals(value, to);
        from = to;
      }
      await ask("n0", { type: "write", key, value: [key] });
    }
    for (const node of nodes) {
      cluster.kill(node);
      cluster.start(node);
      await cluster.advance(4_000);
    }
    for (const key of ODD_KEYS) {
      const { value } = await ask("n2", { type: "read", key });
      assertEquals(value, [key]);
    }
  }
});
