/** Reliable links, on a network that loses, doubles, overtakes and is cut. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import {
  Links,
  type LinksOptions,
  type LinksProtocol,
} from "../../lib/gossip/links.ts";
import type { Node } from "../../lib/maelstrom.ts";
import type { Json } from "../../lib/workbench/history/json.ts";
import { SmallCluster } from "../fixtures/small-cluster.ts";

const PERIOD_MS = 100;

/** Nodes that push numbers, and what each has got from each, in order. */
function linked(
  nodes: number,
  { seed = 1, latencyMs = 0, pushEveryMs = 50 } = {},
  options: Partial<LinksOptions<number>> = {},
) {
  const got = new Map<string, number[]>();
  const all = new Map<string, Links<number>>();
  const pushed = new Map<string, number>();
  const state = { pushing: true };
  const ids = Array.from({ length: nodes }, (_, i) => `n${i}`);
  function program(node: Node<LinksProtocol<number> & { wake(): void }>) {
    node.on("wake", () => {});
    const links = new Links<number>(node, {
      deliver(items, src) {
        const path = `${src} > ${node.id}`;
        got.set(path, [...got.get(path) ?? [], ...items]);
      },
      all: () => [],
      inOrder: true,
      flushMs: PERIOD_MS,
      capMs: 400,
      ...options,
    });
    all.set(node.id, links);
    node.every(PERIOD_MS, () => links.flush());
    node.every(pushEveryMs, () => {
      if (!state.pushing) return;
      const next = pushed.get(node.id) ?? 0;
      links.push(next);
      pushed.set(node.id, next + 1);
    });
  }
  const cluster = new SmallCluster(program, ids, { seed, latencyMs });
  return { cluster, got, all, pushed, state };
}

/** Every node has everything of every other, once and in order. */
function assertComplete(
  { cluster: { nodes }, got, pushed }: ReturnType<typeof linked>,
  message: string,
): void {
  for (const src of nodes) {
    const sent = Array.from({ length: pushed.get(src)! }, (_, i) => i);
    assert(sent.length > 10, message);
    for (const dest of nodes) {
      if (dest === src) continue;
      assertEquals(
        got.get(`${src} > ${dest}`),
        sent,
        `${src} > ${dest} ${message}`,
      );
    }
  }
}

const itemsIn = (body: { v?: Json }) => (body.v as Json[]).length;

/** Everything is everywhere 2 s after ten of loss, duplicates and overtaking. */
async function completeAfterStorm(
  run: ReturnType<typeof linked>,
  where: string,
): Promise<void> {
  run.cluster.storm(0.3, 0.2, 300);
  await run.cluster.advance(10_000);
  run.state.pushing = false;
  run.cluster.heal();
  await run.cluster.advance(2_000);
  assertComplete(run, where);
}

Deno.test("links deliver each item once and in order through 30 % loss, duplicates and overtaking (30 seeds)", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const run = linked(3, { seed, latencyMs: seed % 3 * 20 });
    await completeAfterStorm(run, `seed ${seed}`);
    for (const links of run.all.values()) assertEquals(links.unacknowledged, 0);
  }
});

Deno.test("two busy nodes send one message a period each, acknowledgements included", async () => {
  const { cluster } = linked(2);
  await cluster.advance(10_000);
  assertLessOrEqual(cluster.gossip.length, 2 * 10_000 / PERIOD_MS);
});

Deno.test("links are silent once everything is acknowledged", async () => {
  const run = linked(3, { latencyMs: 30 });
  await run.cluster.advance(3_000);
  run.state.pushing = false;
  await run.cluster.advance(1_000);
  const before = run.cluster.gossip.length;
  await run.cluster.advance(20_000);
  assertEquals(run.cluster.gossip.length, before);
});

Deno.test("only occasional probes are sent into a cut, whatever has piled up", async () => {
  const run = linked(2, { pushEveryMs: 5 });
  await run.cluster.advance(1_000);
  run.cluster.cut();
  await run.cluster.advance(1_000);
  const before = run.cluster.gossip.length;
  await run.cluster.advance(10_000);
  const during = run.cluster.gossip.slice(before);
  assertLessOrEqual(during.length, 2 * 10_000 / 300);
  assert(during.every((body) => itemsIn(body) <= 100));
  assert(run.all.get("n0")!.unacknowledged > 1_000);
});

Deno.test("after the heal of a cut of 20 s everything has arrived within 700 ms, and nothing is kept", async () => {
  const run = linked(2, { pushEveryMs: 5 });
  await run.cluster.advance(1_000);
  run.cluster.cut();
  await run.cluster.advance(20_000);
  run.state.pushing = false;
  run.cluster.heal();
  await run.cluster.advance(700);
  assertComplete(run, "after the heal");
  await run.cluster.advance(300);
  for (const links of run.all.values()) assertEquals(links.unacknowledged, 0);
});

Deno.test("a round trip of 1 s is not taken for a loss: nothing is sent twice once it is known", async () => {
  const run = linked(2, { latencyMs: 500 }, { capMs: 2_000 });
  await run.cluster.advance(10_000);
  const before = run.cluster.gossip.length;
  await run.cluster.advance(20_000);
  const items = run.cluster.gossip.slice(before).map(itemsIn)
    .reduce((a, b) => a + b);
  assertLessOrEqual(items, 2 * 20_000 / 50 + 20);
});

Deno.test("a message that overtakes another is kept until that arrives: only the late one is sent twice", async () => {
  const run = linked(2);
  await run.cluster.advance(1_000);
  let seen = 0;
  run.cluster.network.weather(({ src }) => {
    const isLate = src === "n0" && seen++ === 0;
    return [isLate ? 1.5 * PERIOD_MS : 0];
  });
  await run.cluster.advance(2_000);
  run.state.pushing = false;
  await run.cluster.advance(1_000);
  assertComplete(run, "after a message that was late");
  const pushed = [...run.pushed.values()].reduce((a, b) => a + b);
  const sent = run.cluster.gossip.map(itemsIn).reduce((a, b) => a + b);
  assertLessOrEqual(sent, pushed + 6);
});

Deno.test("a node without peers keeps nothing and sends nothing", async () => {
  const { cluster, all } = linked(1);
  await cluster.advance(5_000);
  assertEquals(cluster.gossip, []);
  assertEquals(all.get("n0")!.unacknowledged, 0);
});

Deno.test("an acknowledgement that may wait is sent alone only when nothing has gone that way for so long", async () => {
  const isAlone = (body: { v?: Json; hello?: Json }) =>
    itemsIn(body) === 0 && body.hello === undefined;
  for (const [ackDelayMs, most] of [[0, Infinity], [500, 0]]) {
    const run = linked(2, { pushEveryMs: 300 }, { ackDelayMs: ackDelayMs! });
    await run.cluster.advance(10_000);
    const alone = run.cluster.gossip.filter(isAlone);
    assertEquals(alone.length > 0, most === Infinity);
    run.state.pushing = false;
    await run.cluster.advance(1_500);
    assertComplete(run, `${ackDelayMs} ms`);
    for (const links of run.all.values()) assertEquals(links.unacknowledged, 0);
  }
});

Deno.test("links whose acknowledgements may wait 500 ms are complete 2 s after a storm, and silent 3 s after (30 seeds)", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const run = linked(3, { seed }, { ackDelayMs: 500, capMs: 1_000 });
    await completeAfterStorm(run, `seed ${seed}`);
    await run.cluster.advance(1_000);
    const before = run.cluster.gossip.length;
    await run.cluster.advance(10_000);
    assertEquals(run.cluster.gossip.length, before, `seed ${seed}`);
  }
});

Deno.test("a link that is cut in one direction costs the same however much waits, and recovers as any other (both directions, from the start and later)", async () => {
  for (const lossyDest of ["n0", "n1"]) {
    for (const [pushEveryMs, startMs] of [[5, 0], [60, 0], [60, 5_000]]) {
      const latencyMs = 10;
      const run = linked(2, { latencyMs, pushEveryMs: pushEveryMs! });
      const { cluster } = run;
      await cluster.advance(startMs!);
      cluster.network.weather(({ dest }) => dest === lossyDest ? [] : [0]);
      await cluster.advance(10_000);
      const sizes: number[] = [];
      for (let part = 0; part < 2; part++) {
        const from = cluster.gossip.length;
        await cluster.advance(30_000);
        sizes.push(JSON.stringify(cluster.gossip.slice(from)).length);
      }
      const [early, late] = sizes as [number, number];
      assertLessOrEqual(
        late,
        1.2 * early,
        `to ${lossyDest} from ${startMs} ms`,
      );
      run.state.pushing = false;
      cluster.heal();
      await cluster.advance(400 + PERIOD_MS + 6 * latencyMs);
      assertComplete(run, `to ${lossyDest} from ${startMs} ms`);
    }
  }
});
