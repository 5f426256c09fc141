/** Nodes that are killed and paused, in virtual time and for real. */
import { assert, assertEquals } from "@std/assert";
import type { Node } from "../../lib/maelstrom.ts";
import {
  NEMESIS,
  type Recording,
} from "../../lib/workbench/history/history.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";
import { MS, SECOND, VirtualClock } from "../../lib/workbench/world/clock.ts";
import type { FaultContext } from "../../lib/workbench/world/faults.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { runTest } from "../../lib/workbench/commands/test.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

interface Protocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  /** A peer's tick. */
  tick(message: { number: number }): void;
}

const OPTIONS = { "node-count": 2, "time-limit": 20, "rate": 5 };

/** Runs a program under these faults; `acts` says in milliseconds when what is done. */
function run(
  program: (node: Node<Protocol>) => void,
  acts: [ms: number, act: (context: FaultContext) => void][],
  options: Options = OPTIONS,
): Promise<Recording> {
  const clock = new VirtualClock();
  return clock.run(performRun({
    workload: workloadOf("broadcast"),
    options,
    openHost: modules(program, clock, seeded(1)),
    clock,
    random: seeded(1),
    faults(context) {
      for (const [ms, act] of acts) {
        clock.schedule(ms * MS, () => act(context));
      }
      return { end() {} };
    },
  }));
}

/** Each node sends the others its ticks, ten a second; what it hears is said to `hear`. */
function ticking(hear: (text: string) => void) {
  return (node: Node<Protocol>): void => {
    const values: number[] = [];
    let number = 0;
    hear(`${node.id} begins`);
    node.on("topology", () => {
      hear(`${node.id} has a topology`);
      return {};
    });
    node.on("broadcast", ({ message }) => {
      values.push(message);
      return {};
    });
    node.on("read", () => ({ messages: values }));
    node.on("tick", ({ number }) => hear(`${node.id} hears ${number}`));
    node.every(100, () => {
      number++;
      for (const peer of node.peers) node.send(peer, "tick", { number });
    });
  };
}

const heardBy = (heard: readonly string[], node: string) =>
  heard.filter((text) => text.startsWith(`${node} hears`))
    .map((text) => Number(text.split(" ")[2]));

/** How many messages of its peer a node got between these times, in seconds since the first operation. */
function deliveries(
  { journal, journalOrigin }: Recording,
  node: string,
  from: number,
  to: number,
): number {
  return journal.filter(([kind, time, , src, dest]) => {
    const seconds = (time - journalOrigin!) / SECOND;
    return kind === "recv" && dest === node && src.startsWith("n") &&
      seconds >= from && seconds < to;
  }).length;
}

Deno.test("a restarted node gets only an init, and never hears what was sent while it was down", async () => {
  const heard: string[] = [];
  const recording = await run(ticking((text) => heard.push(text)), [
    [5_000, ({ kill }) => kill("n0")],
    [5_000, ({ kill }) => kill("n0")], // it is dead already
    [8_000, ({ restart }) => restart("n0")],
    [8_000, ({ restart }) => restart("n0")], // it runs already
  ]);
  assertEquals(heard.filter((text) => text === "n0 begins").length, 2);
  assertEquals(
    heard.filter((text) => text === "n0 has a topology").length,
    1,
    "the second life gets none",
  );
  assertEquals(recording.incidents!.map(({ type }) => type), [
    ...["kill", "restart"],
  ]);
  const numbers = heardBy(heard, "n0");
  const missing = numbers.find((number, i) =>
    i > 0 && number > numbers[i - 1]! + 20
  );
  assert(missing !== undefined, "3 s of ticks are lost");
  assertEquals(deliveries(recording, "n0", 5.1, 7.9), 0);
  assert(deliveries(recording, "n0", 9, 12) > 20);
});

Deno.test("a paused node hears everything later, in order, and each overdue timer fires once when it resumes", async () => {
  const heard: string[] = [];
  const recording = await run(ticking((text) => heard.push(text)), [
    [5_000, ({ pause }) => pause("n0")],
    [8_000, ({ resume }) => resume("n0")],
  ]);
  assertEquals(heard.filter((text) => text === "n0 begins").length, 1);
  assertEquals(recording.incidents!.map(({ type }) => type), [
    ...["pause", "resume"],
  ]);
  const numbers = heardBy(heard, "n0");
  numbers.forEach((number, i) => assertEquals(number, i + 1));
  assert(deliveries(recording, "n0", 5.1, 7.9) > 20, "into its pipe");
  assertEquals(deliveries(recording, "n1", 5.1, 7.9), 0, "it says nothing");
  // 3 s are 30 ticks, of which a timer that was late makes one.
  const said = heardBy(heard, "n1").length;
  assert(numbers.length - said > 25 && numbers.length - said < 32, `${said}`);
});

Deno.test("a node that was paused for longer than a client waits does not answer clients that have given up", async () => {
  const recording = await run(ticking(() => {}), [
    [5_000, ({ pause }) => pause("n0")],
    [11_000, ({ resume }) => resume("n0")],
  ]);
  const { strict } = judge(recording);
  const found = [...strict.anomalies, ...strict.notes].map(({ type }) => type);
  assert(!found.includes("late-reply"), found.join());
  assert(!found.includes("protocol-violation"), found.join());
  const given = recording.history.filter(({ error }) =>
    error === "net-timeout"
  );
  assert(given.length > 0, "somebody has given up");
});

Deno.test("a paused node can be killed, and pausing a killed node does nothing", async () => {
  const heard: string[] = [];
  const recording = await run(ticking((text) => heard.push(text)), [
    [3_000, ({ pause }) => pause("n0")],
    [4_000, ({ kill }) => kill("n0")],
    [5_000, ({ pause }) => pause("n0")],
    [6_000, ({ resume }) => resume("n0")],
    [7_000, ({ restart }) => restart("n0")],
  ]);
  assertEquals(recording.incidents!.map(({ type }) => type), [
    ...["pause", "kill", "restart"],
  ]);
  assert(deliveries(recording, "n1", 8, 12) > 20, "it is alive and heard");
});

/** The acts of the nemesis in a history, each once. */
function acts({ history }: Recording) {
  return history.filter(({ process }) => process === NEMESIS)
    .filter((_, i) => i % 2 === 1);
}

Deno.test("--nemesis kill,pause strikes the targets drawn, ends faults for all nodes, and leaves all nodes running", async () => {
  const clock = new VirtualClock();
  const recording = await clock.run(performRun({
    workload: workloadOf("broadcast"),
    options: {
      ...OPTIONS,
      "node-count": 5,
      "time-limit": 60,
      nemesis: "kill,pause",
      "nemesis-interval": 2,
    },
    openHost: modules(ticking(() => {}), clock, seeded(2)),
    clock,
    random: seeded(2),
  }));
  const all = acts(recording);
  const names = new Set(all.map(({ f }) => f));
  assertEquals(names, new Set(["kill", "start", "pause", "resume"]));
  for (const { f, value } of all) {
    const word = { kill: "killed", pause: "paused", start: "started" }[f] ??
      "resumed";
    const nodes = value as Record<string, string>;
    assert(Object.values(nodes).every((said) => said === word), word);
    if (f === "start" || f === "resume") {
      assertEquals(Object.keys(nodes).length, 5);
    }
  }
  assertEquals(all.slice(-2).map(({ f }) => f), ["resume", "start"]);
  const final = recording.history.filter((op) =>
    op["final?"] === true && op.type === "ok"
  );
  assertEquals(final.length, 5);
});

Deno.test(
  "real processes are killed, restarted, paused and resumed, and the history says so",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { recording, results } = await runTest({
      workload: "echo",
      options: {
        "node-count": 3,
        "time-limit": 6,
        rate: 20,
        nemesis: "kill,pause,partition",
        "nemesis-interval": 0.5,
      },
      bin: new URL("../fixtures/echo-node.sh", import.meta.url).pathname,
      args: ["none"],
      store,
      seed: 3,
    });
    assertEquals(results["valid?"], true);
    const types = new Set(recording.incidents!.map(({ type }) => type));
    assertEquals(types, new Set(["kill", "restart", "pause", "resume"]));
    const names = new Set(acts(recording).map(({ f }) => f));
    assert(names.has("start-partition") && names.has("kill"));
    assert(recording.history.some(({ type }) => type === "ok"));
  }),
);

Deno.test(
  "a guest's node that answers late because it was paused is not blamed, and Maelstrom's verdict is unknown",
  needs("run", "read", "write"),
  async () => {
    const clock = new VirtualClock();
    let answer = (_late: boolean) => {};
    const recording = await clock.run(performRun({
      workload: workloadOf("echo"),
      options: { "node-count": 1, "time-limit": 20, rate: 5 },
      // A host whose node answers a paused client's request when it goes on.
      openHost: (_nodes, events) => {
        const waiting: (() => void)[] = [];
        let stopped = false;
        return {
          start: () => {},
          kill: () => {},
          stop: () => Promise.resolve(),
          lastLines: () => [],
          pause: () => stopped = true,
          resume() {
            stopped = false;
            answer(true);
          },
          deliver(node, { src, body }) {
            const { type, msg_id, echo } = body;
            const reply = {
              type: `${type}_ok`,
              in_reply_to: msg_id!,
              ...(type === "echo" ? { echo: echo! } : {}),
            };
            waiting.push(() =>
              events.sent(node, { src: node, dest: src, body: reply })
            );
            answer = () => waiting.splice(0).forEach((send) => send());
            if (!stopped) clock.schedule(MS, () => answer(false));
          },
        };
      },
      clock,
      random: seeded(1),
      faults(context) {
        clock.schedule(5 * SECOND, () => context.pause("n0"));
        clock.schedule(13 * SECOND, () => context.resume("n0"));
        return { end() {} };
      },
    }));
    const { strict, results } = judge(recording);
    assertEquals(strict.anomalies, []);
    assert(strict.notes.some(({ type }) => type === "late-reply"));
    assertEquals(strict["valid?"], true);
    assertEquals(results["valid?"], "unknown");
  },
);
