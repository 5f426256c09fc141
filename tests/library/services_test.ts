/** Kv and Tso against the services themselves, as the workbench has them. */
import { assertEquals, assertGreater } from "@std/assert";
import { type Node } from "../../lib/maelstrom.ts";
import type { Json } from "../../lib/node/world.ts";
import { Kv, type KvService } from "../../lib/services/kv.ts";
import { Tso } from "../../lib/services/tso.ts";
import type { JsonObject } from "../../lib/workbench/history/json.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import {
  createServices,
  type Service,
  type ServiceEvent,
} from "../../lib/workbench/world/services.ts";
import { FakeWorld, start } from "../fixtures/fake-world.ts";

interface Nothing {
  wake(): void;
}

/** The services, and nodes that reach them at once, or not at all while they are cut off. */
function serve(seed = 1) {
  const events = new Set<ServiceEvent>();
  const services: Record<string, Service> = createServices(seeded(seed), {
    faithful: true,
    onEvent: (event) => events.add(event),
  });
  const worlds: FakeWorld[] = [];
  const state = { cutOff: false };

  function node(id: string): Node<Nothing> {
    let node!: Node<Nothing>;
    const world = new FakeWorld(seed + worlds.length);
    worlds.push(world);
    const { deliver } = start((started: Node<Nothing>) => {
      node = started;
      node.on("wake", () => {});
    }, { world });
    world.onSend = ({ dest, body }) => {
      if (state.cutOff) return;
      const reply = services[dest]?.handle(id, body as JsonObject);
      if (reply === null || reply === undefined) return;
      const in_reply_to = body.msg_id ?? -1;
      queueMicrotask(() =>
        deliver(dest, { ...reply, type: String(reply.type), in_reply_to })
      );
    };
    deliver("c1", { type: "wake" });
    return node;
  }

  /** Lets time pass until the promise has settled. */
  async function done<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.catch(() => {}).finally(() => settled = true);
    while (!settled) for (const world of worlds) await world.advance(10);
    return await promise;
  }

  return { node, done, worlds, state, events };
}

Deno.test("Kv says what the services understand, line by line", async () => {
  const { node, worlds } = serve();
  const kv = new Kv<Json>(node("n0"), "lin-kv");
  await kv.write("a", [1]);
  assertEquals(await kv.read("a"), [1]);
  assertEquals(await kv.cas("a", [1], { b: null }), true);
  assertEquals(await kv.cas("new", null, 2), true);
  assertEquals(await kv.read("absent"), null);
  const bodies = worlds[0]!.sent.map((
    { dest, body: { msg_id: _, ...body } },
  ) => [
    dest,
    body,
  ]);
  assertEquals(bodies, [
    ["lin-kv", { type: "write", key: "a", value: [1] }],
    ["lin-kv", { type: "read", key: "a" }],
    ["lin-kv", { type: "cas", key: "a", from: [1], to: { b: null } }],
    ["lin-kv", {
      type: "cas",
      key: "new",
      from: null,
      to: 2,
      create_if_not_exists: true,
    }],
    ["lin-kv", { type: "read", key: "absent" }],
  ]);
});

Deno.test("a change from another value, or of an absent key, changes nothing", async () => {
  for (const service of ["lin-kv", "seq-kv", "lww-kv"] as const) {
    const { node, done } = serve();
    const kv = new Kv<number>(node("n0"), service);
    assertEquals(await done(kv.cas("a", 1, 2)), false);
    assertEquals(await done(kv.cas("a", null, 2)), service !== "lww-kv");
    await done(kv.write("b", 1));
    assertEquals(await done(kv.cas("b", 3, 2)), false);
    if (service === "lin-kv") assertEquals(await done(kv.read("b")), 1);
  }
});

Deno.test("every call of a store waits until it answers", async () => {
  const { node, done, state, worlds } = serve();
  const id = node("n0");
  const kv = new Kv<number>(id, "seq-kv");
  const tso = new Tso(id);
  state.cutOff = true;
  const all = Promise.all([
    kv.write("a", 1),
    kv.sync(),
    kv.read("b"),
    kv.cas("c", null, 2),
    tso.ts(),
  ]);
  for (let i = 0; i < 1_000; i++) await worlds[0]!.advance(60);
  state.cutOff = false;
  const [, , read, changed, ts] = await done(all);
  assertEquals([read, changed, ts], [null, true, 0]);
});

/** How many of 100 seeds give a stale value to a node that has been away for some writes. */
async function staleReads(
  service: KvService,
  barrier: boolean,
): Promise<number> {
  let stale = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { node, done } = serve(seed);
    const writer = new Kv<number>(node("n0"), service);
    const reader = new Kv<number>(node("n1"), service);
    for (let value = 1; value <= 40; value++) {
      await done(writer.write("x", value));
    }
    if (barrier) await done(reader.sync());
    if (await done(reader.read("x")) !== 40) stale++;
  }
  return stale;
}

Deno.test("after sync a read of seq-kv is never stale (100 seeds), without it often", async () => {
  assertEquals(await staleReads("seq-kv", true), 0);
  assertGreater(await staleReads("seq-kv", false), 50);
  assertEquals(await staleReads("lin-kv", false), 0);
});

Deno.test("Tso gives each caller a greater integer than any before", async () => {
  const { node } = serve();
  const clocks = ["n0", "n1"].map((id) => new Tso(node(id)));
  const given: number[] = [];
  for (let i = 0; i < 10; i++) given.push(await clocks[i % 2]!.ts());
  assertEquals(given, [...given].sort((a, b) => a - b));
  assertEquals(new Set(given).size, 10);
});
