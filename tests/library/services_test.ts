/** Kv and Tso against the services themselves, as the workbench has them. */
import {
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import {
  ErrorCode,
  hasCode,
  Kv,
  type KvService,
  type Node,
  RpcError,
  Tso,
} from "../../lib/maelstrom.ts";
import type { JsonObject } from "../../lib/workbench/history.ts";
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
  const kv = new Kv(node("n0"), "lin-kv");
  await kv.write("a", [1]);
  assertEquals(await kv.read("a"), [1]);
  await kv.cas("a", [1], { b: null });
  await kv.cas("new", null, 2, { create: true });
  assertEquals(await kv.readOr("absent", "nothing"), "nothing");
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

Deno.test("Kv tells what is absent from what is different from what is unknown", async () => {
  const { node, done, state } = serve();
  const kv = new Kv<number>(node("n0"), "lin-kv", { timeoutMs: 100 });
  const code = async (promise: Promise<unknown>) =>
    (await assertRejects(() => done(promise), RpcError)).code;
  assertEquals(await code(kv.read("a")), ErrorCode.keyDoesNotExist);
  assertEquals(await code(kv.cas("a", 1, 2)), ErrorCode.keyDoesNotExist);
  await kv.write("a", 1);
  assertEquals(await code(kv.cas("a", 3, 2)), ErrorCode.preconditionFailed);
  state.cutOff = true;
  assertEquals(await code(kv.readOr("a", 0)), ErrorCode.timeout);
  assertEquals(await code(kv.update("a", (n) => n + 1, 0)), ErrorCode.timeout);
});

for (const service of ["lin-kv", "seq-kv"] as const) {
  Deno.test(`update on ${service} loses no increment of three nodes at once (20 seeds)`, async () => {
    let conflicts = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { node, done, events } = serve(seed);
      const stores = ["n0", "n1", "n2"].map((id) =>
        new Kv<number>(node(id), service)
      );
      await done(Promise.all(stores.map(async (kv) => {
        for (let i = 0; i < 5; i++) await kv.update("sum", (n) => n + 1, 0);
      })));
      const [kv] = stores;
      await done(kv!.sync());
      assertEquals(await done(kv!.read("sum")), 15, `seed ${seed}`);
      if (events.has("cas-lost")) conflicts++;
    }
    assertGreater(conflicts, 10, "they hardly met");
  });
}

Deno.test("update on seq-kv takes 5 requests at most for a node that has missed 40 writes (100 seeds)", async () => {
  let conflicts = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { node, done, worlds } = serve(seed);
    const [writer, late] = ["n0", "n1"].map((id) =>
      new Kv<number>(node(id), "seq-kv")
    );
    for (let n = 1; n <= 40; n++) await done(writer!.write("sum", n));
    assertEquals(await done(late!.update("sum", (n) => n + 1, 0)), 41);
    const requests = worlds[1]!.sent.length;
    assertLessOrEqual(requests, 5);
    if (requests === 5) conflicts++;
  }
  assertGreater(conflicts, 50);
});

Deno.test("update on lww-kv begins with a write, since its cas creates nothing, and ends", async () => {
  const { node, done } = serve();
  const kv = new Kv<number>(node("n0"), "lww-kv");
  assertEquals(await done(kv.update("sum", (n) => n + 1, 0)), 1);
});

Deno.test("update writes nothing when nothing changes", async () => {
  const { node, worlds } = serve();
  const kv = new Kv<number>(node("n0"), "lin-kv");
  assertEquals(await kv.update("sum", (n) => n, 7), 7);
  assertEquals(worlds[0]!.sent.map(({ body }) => body.type), ["read"]);
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
    if (await done(reader.readOr("x", 0)) !== 40) stale++;
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

Deno.test("hasCode knows an RpcError of a code from any other error", () => {
  const error = new RpcError(ErrorCode.txnConflict, "");
  assertEquals(hasCode(error, ErrorCode.txnConflict), true);
  assertEquals(hasCode(error, ErrorCode.abort), false);
  assertEquals(hasCode({ code: ErrorCode.txnConflict }, 30), false);
});
