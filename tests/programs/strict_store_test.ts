/** txn-6-strict where messages are lost, and what it leaves in lin-kv. */
import { assert, assertEquals, assertLess } from "@std/assert";
import type { Body } from "../../lib/workbench/history.ts";
import txn6Strict from "../../challenges/txn-6-strict.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

/** Single writes of random keys at three nodes, a hundred a second. */
async function writes({ keys = 1_000, loss = 0, seconds = 20 }) {
  const nodes = ["n0", "n1", "n2"];
  const cluster = new SmallCluster(txn6Strict, nodes, {
    ...{ seed: 1, latencyMs: 10 },
  });
  const { network, random } = cluster;
  let [asked, unknown] = [0, 0];
  const answered = new Map<number, Body>();
  network.register("c1", ({ body }) => {
    answered.set(Number(body.in_reply_to), body);
  });
  await cluster.advance(1_000);
  const luck = random.fork("loss");
  network.weather(() => luck.chance(loss) ? [] : [0]);
  for (let i = 0; i < 100 * seconds; i++) {
    const txn = [["w", random.int(keys), ++asked]];
    const node = random.pick(nodes);
    network.send("c1", node, { type: "txn", msg_id: asked, txn });
    await cluster.advance(10);
  }
  await cluster.advance(6_000);
  for (const [, { type }] of answered) if (type !== "txn_ok") unknown++;
  return { asked, lost: asked - answered.size, unknown, cluster };
}

for (const loss of [0.01, 0.03]) {
  Deno.test(`txn-6-strict ends ${loss < 0.02 ? "no" : "fewer than 1 % of"} requests unknown where ${100 * loss} % of the messages are lost, with 1000 keys`, async () => {
    const { asked, lost, unknown } = await writes({ loss });
    // What never reached its node, or was not heard of again, is the client's own loss.
    assertLess(lost, 3 * loss * asked);
    if (loss < 0.02) assertEquals(unknown, 0);
    else assertLess(unknown, asked / 100);
  });
}

Deno.test("txn-6-strict keeps in lin-kv nothing but its root and a cell a key", async () => {
  const keys = 300;
  const { cluster, unknown } = await writes({ keys });
  assertEquals(unknown, 0);
  const names = new Set<string>();
  for (const [kind, , , , dest, { type, key }] of cluster.journal) {
    const sets = type === "cas" || type === "write";
    if (kind === "recv" && dest === "lin-kv" && sets) names.add(String(key));
  }
  assert(names.has("root"));
  assert([...names].every((name) => /^root$|^key \d+$/.test(name)));
  assertLess(names.size, keys + 2);
});
