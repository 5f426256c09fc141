/** Programs whose nodes race for one key of a service, where all of them write and hops take long. */
import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import type { Body } from "../../lib/workbench/history/history.ts";
import "../fixtures/programs.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

/** How clients of a workload write the i-th value, all to one key. */
const WRITES = {
  counter: () => ({ type: "add", delta: 1 }),
  kafka: (msg: number) => ({ type: "send", key: "k", msg }),
  txn: (value: number) => ({ type: "txn", txn: [["w", 1, value]] }),
};

/**
 * By program, the largest crowd that it serves, in milliseconds (see challenges/README.md), and how
 * many writes of a hundred it serves at most with 25 nodes and hops of 100 ms.
 */
const PROGRAMS = {
  "counter-4-cas": ["counter", 200, 20],
  "kafka-5b": ["kafka", 250, 30],
  "kafka-5b-lock": ["kafka", 125, 3],
  "txn-6a-lock": ["txn", 200, 3],
  "txn-6-strict": ["txn", 250, 50],
} as const;

const NODES = [2, 3, 5, 10, 25];

/** How many seeds each program has, or the first argument. */
const SEEDS = Number(Deno.args[0] ?? 2);

/** Of a hundred writes, how many are acknowledged in time: 50 a second, for 20 s. */
async function served(
  name: string,
  write: (i: number) => Body,
  { count, latencyMs, seed }: Record<"count" | "latencyMs" | "seed", number>,
): Promise<number> {
  const { default: program } = await import(`../../challenges/${name}.ts`);
  const nodes = Array.from({ length: count }, (_, i) => `n${i}`);
  const cluster = new SmallCluster(program, nodes, { latencyMs, seed });
  let acked = 0;
  cluster.network.register("c1", ({ body }) => {
    if (body.type !== "error") acked++;
  });
  await cluster.advance(1_000);
  for (let i = 0; i < 1_000; i++) {
    const node = nodes[cluster.random.int(count)]!;
    cluster.network.send("c1", node, { ...write(i), msg_id: i });
    await cluster.advance(cluster.random.uniform(0, 40));
  }
  await cluster.advance(5_000);
  return acked / 10;
}

for (const [name, [workload]] of Object.entries(PROGRAMS)) {
  Deno.test(`${name}: a node that writes alone among 25 with hops of 5 ms waits for half a second at most`, async () => {
    const { default: program } = await import(`../../challenges/${name}.ts`);
    const nodes = Array.from({ length: 25 }, (_, i) => `n${i}`);
    const cluster = new SmallCluster(program, nodes, { latencyMs: 5 });
    let acked = 0;
    cluster.network.register("c1", () => void acked++);
    for (let i = 0; i < 40; i++) {
      const write = WRITES[workload](i);
      cluster.network.send("c1", "n0", { ...write, msg_id: i });
      for (let ms = 0; acked <= i; ms += 10) {
        assertLessOrEqual(ms, 500, `write ${i}`);
        await cluster.advance(10);
      }
    }
  });
}

for (const [name, [workload, crowdMs, most]] of Object.entries(PROGRAMS)) {
  Deno.test(`${name} serves crowds of ${crowdMs} ms, and at most ${most} % of what 25 nodes with hops of 100 ms write`, async () => {
    const write = WRITES[workload];
    for (let seed = 1; seed <= SEEDS; seed++) {
      for (const count of NODES) {
        const latencyMs = Math.min(100, crowdMs / count);
        const share = await served(name, write, { count, latencyMs, seed });
        assertGreaterOrEqual(share, 98, `${count} nodes, seed ${seed}`);
      }
      const crowd = { count: 25, latencyMs: 100, seed };
      assertLessOrEqual(await served(name, write, crowd), most, `seed ${seed}`);
    }
  });
}
