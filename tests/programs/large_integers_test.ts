/** Integers beyond 2^53: two that differ by one are two, on every node. */
import { assertEquals } from "@std/assert";
import type { Body } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";
import "../fixtures/programs.ts";

const [A, B] = [2n ** 53n + 1n, 2n ** 53n + 2n];

/** By workload: what is sent to the first node, and what the last one then answers. */
const cases: {
  [workload: string]: { tell: Body[]; ask: Body; answer: Json };
} = {
  "echo": {
    tell: [],
    ask: { type: "echo", echo: [A, { b: B }] },
    answer: { echo: [A, { b: B }] },
  },
  "broadcast": {
    tell: [A, B, A].map((message) => ({ type: "broadcast", message })),
    ask: { type: "read" },
    answer: { messages: [A, B] },
  },
  "g-counter": {
    tell: [A, 1, B].map((delta) => ({ type: "add", delta })),
    ask: { type: "read" },
    answer: { value: A + 1n + B },
  },
  "kafka": {
    tell: [A, B].map((msg) => ({ type: "send", key: "k", msg })),
    ask: { type: "poll", offsets: { k: 0 } },
    answer: [A, B],
  },
  "txn-rw-register": {
    tell: [A, B].map((n) => ({ type: "txn", txn: [["w", n, n]] })),
    ask: { type: "txn", txn: [["r", A, null], ["r", B, null]] },
    answer: { txn: [["r", A, A], ["r", B, B]] },
  },
};

for (const { name, workload, runs } of scenarios) {
  const known = cases[workload];
  if (known === undefined) continue;
  Deno.test(`${name} keeps large integers apart, to the digit`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const alone = runs[0]!.flags["node-count"] === 1;
    const nodes = alone ? ["n0"] : ["n0", "n1", "n2"];
    const cluster = new SmallCluster(program, nodes, { latencyMs: 5 });
    let last: Body | undefined;
    let msg_id = 0;
    cluster.network.register("c1", ({ body }) => last = body);
    const ask = async (node: string, body: Body) => {
      cluster.network.send("c1", node, { ...body, msg_id: ++msg_id });
      await cluster.advance(1_000);
      return last!;
    };
    await cluster.advance(1_000);
    for (const body of known.tell) await ask("n0", body);
    await cluster.advance(10_000);
    const { type, in_reply_to: _, ...answer } = await ask(
      nodes.at(-1)!,
      known.ask,
    );
    assertEquals(type, `${known.ask.type}_ok`);
    const msgs = answer.msgs as { k: [Json, Json][] } | undefined;
    const given = msgs === undefined ? answer : msgs.k.map(([, msg]) => msg);
    assertEquals(given, known.answer);
  });
}
