/**
 * Integers beyond 2^53: two that differ by one are two, on every node. Floats of that size, which
 * JavaScript writes as integers, are refused where nodes would take them for other numbers.
 */
import { assertEquals } from "@std/assert";
import type { Body } from "../../lib/workbench/history/history.ts";
import { type Json, parse } from "../../lib/workbench/history/json.ts";
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

const LARGE_FLOATS = ["1e20", "-1e20", "9007199254740992.0", "1e300"];

/** By workload, a request with a value that must be the same on all nodes. */
const withNumber: { [workload: string]: (value: Json) => Body } = {
  "broadcast": (message) => ({ type: "broadcast", message }),
  "g-counter": (delta) => ({ type: "add", delta }),
  "pn-counter": (delta) => ({ type: "add", delta }),
  "lin-kv": (key) => ({ type: "write", key, value: 1 }),
  "txn-rw-register": (key) => ({ type: "txn", txn: [["w", key, 1]] }),
  "txn-list-append": (key) => ({ type: "txn", txn: [["append", key, 1]] }),
};

for (const { name, workload } of scenarios) {
  const request = withNumber[workload];
  if (request === undefined) continue;
  Deno.test(`${name} refuses large floats as numbers that all nodes must agree on`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const cluster = new SmallCluster(program, ["n0"], { latencyMs: 5 });
    const codes: unknown[] = [];
    cluster.network.register("c1", ({ body }) => codes.push(body.code));
    for (const value of LARGE_FLOATS) {
      const body = request(parse(value));
      cluster.network.send("c1", "n0", { ...body, msg_id: 1 });
      await cluster.advance(1_000);
    }
    assertEquals(codes, LARGE_FLOATS.map(() => 12));
  });
}

for (const name of ["lin-kv-raft", "lin-kv-vr", "lin-kv-proxy"]) {
  Deno.test(`${name} finds a large float that it was given, on every node`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const nodes = ["n0", "n1", "n2"];
    const cluster = new SmallCluster(program, nodes, { latencyMs: 5 });
    const types: unknown[] = [];
    cluster.network.register("c1", ({ body }) => types.push(body.type));
    const ask = async (node: string, body: Body) => {
      cluster.network.send("c1", node, { ...body, msg_id: 1 });
      await cluster.advance(1_000);
    };
    await cluster.advance(3_000);
    for (const writer of nodes) {
      for (const other of nodes) {
        const value = [parse("1e20")];
        await ask(writer, { type: "write", key: 1, value });
        await ask(other, { type: "cas", key: 1, from: value, to: 2 });
      }
    }
    assertEquals([...new Set(types)], ["write_ok", "cas_ok"]);
  });
}
