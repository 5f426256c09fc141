/** The grow-only set under every fault, against what it promises, and what it costs. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import gSet from "../../challenges/g-set.ts";
import type { Body } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { keepPromises } from "../fixtures/seeds.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

/** How long a simulated process takes at most to start, in milliseconds. */
const BOOT_MS = 300;

Deno.test("g-set costs at most one message an operation with the official cuts, quiet and busy (10 seeds each)", async () => {
  for (const machine of ["quiet", "busy"] as const) {
    for (const { figures } of await keepPromises("g-set", 10, { machine })) {
      assertLessOrEqual(figures["servers.msgs-per-op"]!, 1);
    }
  }
});

Deno.test("every element is everywhere a second after the heal, whenever in the turn of the first node that is", async () => {
  const nodes = ["n0", "n1", "n2", "n3", "n4"];
  for (const one of [undefined, "n3"]) {
    const cluster = new SmallCluster(gSet, nodes);
    let [added, answered, missing] = [0, 0, 0];
    cluster.network.register("c1", ({ body: { type, value } }) => {
      if (type !== "read_ok") return;
      answered++;
      missing += added - (value as number[]).length;
    });
    const ask = (body: (i: number) => Body) =>
      nodes.forEach((node, i) => cluster.network.send("c1", node, body(i)));
    await cluster.advance(3_000);
    for (let phaseMs = 0; phaseMs < 940; phaseMs += 20) {
      cluster.cut(one);
      ask((i) => ({ type: "add", element: added + i, msg_id: 1 }));
      added += nodes.length;
      await cluster.advance(1_890 + phaseMs);
      cluster.heal();
      await cluster.advance(1_000);
      ask(() => ({ type: "read", msg_id: 1 }));
      await cluster.advance(1);
      assertEquals(missing, 0, `${one ?? "all"} cut off, ${phaseMs} ms`);
    }
    assertEquals(answered, 47 * nodes.length);
  }
});

Deno.test("g-set learns how early to speak where the network takes its time (5 seeds)", async () => {
  const overrides = { latency: 100 };
  for (const { figures } of await keepPromises("g-set", 5, { overrides })) {
    assertLessOrEqual(figures["servers.msgs-per-op"]!, 1.3);
  }
});

Deno.test("g-set forgets nothing that it had told when nodes are killed (60 seeds)", async () => {
  const overrides = { "time-limit": 8 };
  await keepPromises("g-set", 60, { faults: "chaos", overrides });
});

Deno.test("g-set keeps its promises with 1 to 25 nodes in chaos", async () => {
  for (const nodes of [1, 2, 3, 9, 25]) {
    const overrides = { "node-count": nodes, "time-limit": 6, rate: 30 };
    await keepPromises("g-set", 5, { faults: "chaos", overrides });
  }
});

Deno.test("a g-set that has lost its memory recovers what it had told within a second of its start, without being asked", async () => {
  for (const nodes of [["n0", "n1"], ["n0", "n1", "n2", "n3", "n4"]]) {
    const cluster = new SmallCluster(gSet, nodes, { latencyMs: 10 });
    const values: Json[] = [];
    cluster.network.register("c1", ({ body }) => {
      if (body.type === "read_ok") values.push(body.value ?? null);
    });
    let added = 0;
    for (const victim of nodes) {
      for (const node of nodes) {
        const body = { type: "add", element: added++, msg_id: 1 };
        cluster.network.send("c1", node, body);
      }
      await cluster.advance(3_000);
      cluster.kill(victim);
      cluster.start(victim);
      await cluster.advance(BOOT_MS + 1_000 + 2 * 10);
      values.length = 0;
      cluster.network.send("c1", victim, { type: "read", msg_id: 1 });
      await cluster.advance(10);
      const [read] = values as number[][];
      const all = Array.from({ length: added }, (_, i) => i);
      assertEquals(read!.toSorted((a, b) => a - b), all);
    }
    await cluster.advance(5_000);
    const said = cluster.gossip.length;
    await cluster.advance(60_000);
    assertEquals(cluster.gossip.length, said, "silent when all are equal");
  }
});

Deno.test("a node that is cut off, or only hears, costs the same however much waits for it, and gets all of it soon after the heal", async () => {
  const cuts = ["n0", "n3"].flatMap((one) =>
    [true, false].map((hears) => ({ one, hears }))
  );
  for (const { one, hears } of cuts) {
    const nodes = ["n0", "n1", "n2", "n3"], latencyMs = 10;
    const cluster = new SmallCluster(gSet, nodes, { latencyMs });
    const read: number[] = [];
    cluster.network.register("c1", ({ body: { type, value } }) => {
      if (type === "read_ok") read.push((value as Json[]).length);
    });
    let added = 0;
    const addTo = async (seconds: number) => {
      for (let i = 0; i < 10 * seconds; i++) {
        for (const node of nodes) {
          const body = { type: "add", element: added++, msg_id: 1 };
          cluster.network.send("c1", node, body);
        }
        await cluster.advance(100);
      }
    };
    await cluster.advance(3_000);
    if (!hears) cluster.cut(one);
    else {
      cluster.network.weather(({ src, dest }) =>
        src === one && nodes.includes(dest) ? [] : [0]
      );
    }
    await addTo(10);
    const sizes: number[] = [];
    for (let part = 0; part < 2; part++) {
      const from = cluster.gossip.length;
      await addTo(40);
      sizes.push(JSON.stringify(cluster.gossip.slice(from)).length);
    }
    const [early, late] = sizes as [number, number];
    assertLessOrEqual(late, 1.2 * early);
    cluster.heal();
    await cluster.advance(1_000 + 3 * latencyMs);
    for (const node of nodes) {
      cluster.network.send("c1", node, { type: "read", msg_id: 1 });
    }
    await cluster.advance(100);
    assertEquals(read, nodes.map(() => added));
  }
});
