/** A run: who does what when, what becomes of nodes that fail, and that it always ends. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Json } from "../../lib/node/world.ts";
import type { Node } from "../../lib/maelstrom.ts";
import {
  SECOND,
  sleep,
  VirtualClock,
} from "../../lib/workbench/world/clock.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import { noFaults } from "../../lib/workbench/world/faults.ts";
import {
  isClientOp,
  NEMESIS,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { performRun, type RunConfig } from "../../lib/workbench/run/run.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";

interface Protocol {
  echo(request: { echo: Json }): { echo: Json };
  generate(): { id: string };
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  /** What no other node and no service is called by. */
  nonsense(message: { to: string }): void;
}

type TestNode = Node<Protocol>;

/** Answers whatever the workloads here ask. */
function honest(node: TestNode): void {
  const values: number[] = [];
  let ids = 0;
  node.on("echo", ({ echo }) => ({ echo }));
  node.on("generate", () => ({ id: `${node.id} ${ids++}` }));
  node.on("broadcast", ({ message }) => {
    values.push(message);
    return {};
  });
  node.on("read", () => ({ messages: values }));
  node.on("topology", () => ({}));
  node.on("nonsense", () => {});
}

/** One run in virtual time. */
function run(
  workload: string,
  options: Options,
  program: (node: TestNode) => void = honest,
  config: Partial<RunConfig> = {},
  seed = 1,
): Promise<Recording> {
  const clock = new VirtualClock();
  return clock.run(performRun({
    workload: workloadOf(workload),
    options,
    openHost: modules(program, clock, seeded(seed)),
    clock,
    random: seeded(seed),
    ...config,
  }));
}

const invocations = ({ history }: Recording) =>
  history.filter((op) => op.type === "invoke" && isClientOp(op));

const clientsIn = ({ journal }: Recording, type: string) =>
  journal.filter(([kind, , , , , body]) =>
    kind === "send" && body.type === type
  ).map(([, , , src]) => src);

Deno.test("clients are named as Maelstrom names them: one a node for init, one a node for the set-up, then one a worker when it begins", async () => {
  const recording = await run("broadcast", {
    "node-count": 3,
    "time-limit": 1,
    "rate": 20,
  });
  assertEquals(clientsIn(recording, "init").toSorted(), ["c0", "c1", "c2"]);
  assertEquals(clientsIn(recording, "topology").toSorted(), ["c3", "c4", "c5"]);
  const [first] = clientsIn(recording, "read");
  assertEquals(first, "c6");
});

Deno.test("the first operation is at time 0, and the first worker also gets the turn of the nemesis", async () => {
  const options = { "node-count": 3, "time-limit": 2, "rate": 10 };
  const ops = invocations(await run("unique-ids", options));
  assertEquals(ops[0]!.time, 0);
  const order = ops.slice(0, 9).map(({ process }) => process);
  assertEquals(order, [0, 1, 2, 0, 0, 1, 2, 0, 0]);
});

Deno.test("operations come at the rate, at gaps of at most twice the mean", async () => {
  const options = { "node-count": 3, "time-limit": 20, "rate": 100 };
  const times = invocations(await run("unique-ids", options)).map((op) =>
    op.time
  );
  assert(Math.abs(times.length - 2000) < 100, `${times.length} operations`);
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  assert(Math.max(...gaps) < 2e7 + 1e6, "busy workers delay by 1 ms at most");
  assert(times.at(-1)! < 20 * SECOND);
});

Deno.test("a rate of 0 leaves the main phase empty, and the final reads happen after it and 10 s more", async () => {
  const options = { "node-count": 2, "time-limit": 7, "rate": 0 };
  const ops = invocations(await run("broadcast", options));
  assertEquals(ops.map((op) => op["final?"]), [true, true]);
  assertEquals(ops[0]!.time, 17 * SECOND);
});

Deno.test("the order of the final reads differs from run to run", async () => {
  const options = { "node-count": 5, "time-limit": 1, "rate": 1 };
  const orders = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) {
    const recording = await run("broadcast", options, honest, {}, seed);
    const final = invocations(recording).filter((op) => op["final?"]);
    orders.add(final.map(({ process }) => process).join());
  }
  assert(orders.size > 1);
});

Deno.test("after the run every node is asked once more, four hops later than without latency", async () => {
  const asked = async (options: Options) => {
    const shape = { "node-count": 2, "time-limit": 1, rate: 20 };
    const recording = await run("broadcast", { ...shape, ...options });
    const { history, healedAt } = recording.aftermath!;
    const first = history.filter(({ type }) => type === "invoke");
    assertEquals(first.map(({ node }) => node), ["n0", "n1"]);
    const finals = recording.history.filter((op) => op["final?"] === true);
    assert(first[0]!.time > Math.max(...finals.map(({ time }) => time)));
    return Math.round((first[0]!.time - healedAt) / 1e8) / 10;
  };
  const soon = await asked({});
  assertEquals(await asked({ latency: 500 }) - soon, 2);
  const dist = { "latency-dist": "uniform" };
  assertEquals(await asked({ latency: 500, ...dist }) - soon, 6);
});

Deno.test("partitions begin at time 0, and end before the quiet that comes before the final reads", async () => {
  const recording = await run("broadcast", {
    "node-count": 5,
    "time-limit": 12,
    "rate": 10,
    "nemesis": "partition",
    "nemesis-interval": 2,
  });
  const nemesis = recording.history.filter((op) => op.process === NEMESIS);
  assertEquals(nemesis[0]!.f, "start-partition");
  assertEquals(nemesis[0]!.time, 0);
  const end = nemesis.at(-1)!;
  assertEquals(end.f, "stop-partition");
  const first = invocations(recording).find((op) => op["final?"])!;
  assert(first.time >= end.time + 10 * SECOND);
  const during = nemesis.filter((op) => op.time < 12 * SECOND);
  assert(during.length > 4, "cuts come and go");
});

Deno.test("a client that has timed out is replaced when its worker's next operation begins, and not before", async () => {
  let asked = 0;
  const recording = await run(
    "echo",
    { "node-count": 1, "time-limit": 15, "rate": 100 },
    (node) =>
      node.on("echo", async ({ echo }) => {
        if (asked++ === 0) await node.sleep(60_000);
        return { echo };
      }),
  );
  const [timeout] = recording.history.filter((op) => op.type === "info");
  assertEquals(timeout!.error, "net-timeout");
  assertEquals(timeout!.time - recording.history[0]!.time, 5 * SECOND);
  const processes = new Set(invocations(recording).map((op) => op.process));
  assertEquals([...processes], [0, 1]);
  assertEquals(new Set(clientsIn(recording, "echo")), new Set(["c2", "c3"]));
});

Deno.test("a program that throws at init fails the set-up, with its error and what it said last", async () => {
  const recording = await run("echo", { "node-count": 1 }, (node) => {
    node.log("this will not do");
    throw new Error("no idea what to do");
  });
  assertEquals(recording.history, []);
  const [exit, failed] = recording.incidents!;
  assertEquals(exit!.type, "process-exit");
  assertEquals(failed!.type, "setup-failed");
  assert(failed!.text.includes("no idea what to do"), failed!.text);
  assert(exit!.text.includes("this will not do"), exit!.text);
  const { results, strict } = judge(recording);
  assertEquals(results["valid?"], "unknown");
  assertEquals(strict["valid?"], false);
});

/** A run of which these nodes end by themselves, so many seconds after it has begun. */
function deserted(leaving: { [node: string]: number }): Promise<Recording> {
  const clock = new VirtualClock();
  return clock.run(performRun({
    workload: workloadOf("broadcast"),
    options: { "node-count": 2, "time-limit": 20, rate: 10 },
    openHost(ids, events) {
      const host = modules(honest, clock, seeded(1))(ids, events);
      for (const [node, seconds] of Object.entries(leaving)) {
        clock.schedule(seconds * SECOND, () => {
          host.kill(node);
          events.exited(node, "exit status 3");
        });
      }
      return host;
    },
    clock,
    random: seeded(1),
  }));
}

Deno.test("a run ends when its last node has ended by itself, and not before", async () => {
  const all = await deserted({ n0: 2, n1: 4 });
  const { type, text } = all.incidents!.at(-1)!;
  assertEquals(type, "stopped");
  assertMatch(text, /broken off at 3\.\d+ s, as no node was left/);
  assert(all.history.at(-1)!.time < 4 * SECOND);
  const { strict } = judge(all);
  assertEquals(strict.anomalies.map(({ type }) => type), ["process-exit"]);
  assertEquals(strict.notes, [], "what was not done is no slowness");
  const one = await deserted({ n0: 2 });
  assert(one.history.at(-1)!.time > 25 * SECOND, "the other one is judged");
  const late = await deserted({ n0: 2, n1: 41 });
  assertEquals(
    late.incidents!.map(({ type }) => type),
    ["process-exit", "process-exit"],
    "Maelstrom's part is over",
  );
});

Deno.test("a set-up request that is not answered fails the run after 5 s, in plain words", async () => {
  const recording = await run(
    "broadcast",
    { "node-count": 1 },
    (node) => node.on("topology", () => node.sleep(1e9).then(() => ({}))),
  );
  const [{ type, text }] = recording.incidents as [
    NonNullable<Recording["incidents"]>[number],
  ];
  assertEquals(type, "setup-failed");
  assert(text.includes("n0 did not answer within 5000 ms"), text);
});

Deno.test("if a set-up request is not answered, the failure says what the node sent instead", async () => {
  const recording = await run("broadcast", { "node-count": 2 }, (node) => {
    node.on("topology", () => {
      for (let n = 1; n <= 3; n++) {
        node.send(node.peers[0]!, "nonsense", { to: `${n}` });
      }
      return node.sleep(1e9).then(() => ({}));
    });
  });
  const [failed] = recording.incidents!;
  assertEquals(failed!.type, "setup-failed");
  assertMatch(
    failed!.text,
    /of 3 messages that it sent to others, the last was .*"to":"3"/,
  );
});

Deno.test("killing a node while it is being set up again is not a failed set-up", async () => {
  const recording = await run(
    "broadcast",
    { "node-count": 2, "time-limit": 5, "rate": 5 },
    honest,
    {
      faults: (context) => {
        // Long before it can have started, and a moment after it.
        for (const [ms, restartMs] of [[1_000, 1_001], [1_002, 1_003]]) {
          context.clock.schedule(ms! * 1e6, () => context.kill("n0"));
          context.clock.schedule(restartMs! * 1e6, () => context.restart("n0"));
        }
        return noFaults(context);
      },
    },
  );
  assertEquals(recording.incidents!.map(({ type }) => type), [
    ...["kill", "restart", "kill", "restart"],
  ]);
});

/** Writes to nobody, after the third request and for ever. */
function babbles(node: TestNode): void {
  honest(node);
  let count = 0;
  node.every(10, () => {
    if (++count > 100) node.send("nobody", "nonsense", { to: "you" });
  });
}

const BABBLE = { "node-count": 1, "time-limit": 10, "rate": 20 };

Deno.test("reports about a node that writes nonsense for ever are counted, not kept", async () => {
  const { incidents, history } = await run("echo", BABBLE, babbles);
  assertEquals(incidents!.length, 100);
  assert(incidents![0]!.text.includes('"nobody", which is nobody'));
  assert(incidents!.at(-1)!.text.includes("goes on"));
  const failed = history.filter((op) => op.type === "info");
  assertEquals(failed, [], "it is still listened to");
});

Deno.test("with --faithful, a node is muted after a malformed line, and Maelstrom's verdict stays valid", async () => {
  const faithful = { faithful: true };
  const recording = await run("echo", BABBLE, babbles, faithful);
  assertEquals(recording.incidents!.length, 1);
  const { results, strict } = judge(recording);
  assertEquals(results["valid?"], true);
  assert(strict.anomalies.some(({ type }) => type === "protocol-violation"));
  const late = recording.history.filter((op) => op.time > 3 * SECOND);
  assert(late.length > 0 && late.every((op) => op.type !== "ok"));
});

Deno.test("a run whose clients read more than fits into memory is aborted, and says why", async () => {
  let reads = 0;
  const workload = {
    ...workloadOf("echo"),
    // No list begins like the one before.
    openClient: () => ({
      invoke: () => Promise.resolve(Array(1_000).fill(reads++)),
    }),
  };
  const options = { "node-count": 1, "time-limit": 2, rate: 3 };
  const { history, incidents } = await run("echo", options, honest, {
    workload,
    elementsKept: 2_500,
  });
  const { type, text } = incidents![0]!;
  assertEquals(type, "stopped");
  assert(text.includes("take a lower --rate or --time-limit"), text);
  assertEquals(history.filter((op) => op.type === "ok").length, 3);
});

Deno.test("endless events are an avalanche, and a promise that never settles is not a hang", async () => {
  const avalanche = new VirtualClock(1_000);
  const more = () => {
    for (let i = 0; i < 2; i++) avalanche.schedule(1_000, more);
  };
  more();
  await assertRejects(
    () => avalanche.run(new Promise(() => {})),
    Error,
    "more than 1000 events within a second",
  );
  await assertRejects(
    () => new VirtualClock().run(new Promise(() => {})),
    Error,
    "nothing is left to happen",
  );
  const ticking = new VirtualClock();
  const tick = () => void ticking.schedule(SECOND, tick);
  tick();
  await assertRejects(
    () => ticking.run(new Promise(() => {}), 60 * SECOND),
    Error,
    "it is not over after 60 s",
  );
  const fine = new VirtualClock();
  await fine.run(sleep(fine, SECOND), SECOND);
  assertEquals(fine.now(), SECOND);
});

Deno.test("a handler never runs within another: what a node writes is read later", async () => {
  let inside = 0;
  let most = 0;
  const { journal } = await run(
    "unique-ids",
    { "node-count": 2, "time-limit": 1, "rate": 50 },
    (node) => {
      let ids = 0;
      const within = (task: () => void) => {
        most = Math.max(most, ++inside);
        task();
        inside--;
      };
      const passOn = () =>
        within(() =>
          node.peers.forEach((to) => node.send(to, "nonsense", { to }))
        );
      node.every(50, passOn);
      node.on("nonsense", () => within(() => {}));
      node.on("generate", () => {
        passOn();
        return { id: `${node.id} ${ids++}` };
      });
    },
  );
  assert(journal.some(([, , , , , body]) => body.type === "nonsense"));
  assertEquals(most, 1);
});
