/** Calls: they end once, by a reply, a timeout, a signal or the node's end, and leave nothing behind. */
import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import type { Body, Json } from "../../lib/node/world.ts";
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import type { RpcOptions } from "../../lib/node/node.ts";
import { settle, start } from "../fixtures/fake-world.ts";

interface Shop {
  price(request: { what: string }): { price: number };
  wake(): void;
}

/** A node that has woken up, and what it takes to answer it. */
function wake() {
  let node!: Node<Shop>;
  const { world, mounted, deliver } = start((started: Node<Shop>) => {
    node = started;
    node.on("wake", () => {});
  });
  deliver("c1", { type: "wake" });
  const reply = (request: Body | undefined, body: Body, src = "n1") =>
    deliver(src, { ...body, in_reply_to: request?.msg_id ?? -1 });
  const ask = (options?: RpcOptions) =>
    node.rpc("n1", "price", { what: "tea" }, options);
  return { node, world, mounted, reply, ask };
}

/** How a promise stands, once all that can settle has. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let result: unknown = "pending";
  promise.then((value) => result = value, (error) => result = error);
  await settle();
  return result;
}

const ok = (price: Json): Body => ({ type: "price_ok", price });

Deno.test("a call sends the request with an id of its own, and gives the reply to it", async () => {
  const { world, reply, ask } = wake();
  const first = ask();
  const second = ask();
  const [one, two] = world.takeBodies();
  assertEquals(one, { type: "price", what: "tea", msg_id: one?.msg_id ?? -1 });
  reply(two, ok(2));
  reply(one, ok(1));
  assertEquals([(await first).price, (await second).price], [1, 2]);
  assertEquals(world.timers, 0);
});

Deno.test("an error reply rejects the call with its code, text and sender", async () => {
  const { world, reply, ask } = wake();
  const call = ask();
  reply(world.sent[0]?.body, { type: "error", code: 22, text: "not so" });
  const error = await assertRejects(
    () => call,
    RpcError,
    "n1 answered: not so",
  );
  assertEquals([error.code, error.definite], [
    ErrorCode.preconditionFailed,
    true,
  ]);
  assertEquals(world.timers, 0);
});

Deno.test("an error reply without a code means that nothing is known", async () => {
  const { world, reply, ask } = wake();
  const call = ask();
  reply(world.sent[0]?.body, { type: "error" });
  const error = await assertRejects(() => call, RpcError);
  assertEquals(error.definite, false);
});

Deno.test("an error reply whose fields are of odd types means the same", async () => {
  const odd = { toString: 1, valueOf: 2 };
  for (const [code, text] of [[odd, odd], ["22", 5], [[22], null]]) {
    const { world, reply, ask } = wake();
    const call = ask();
    reply(world.sent[0]?.body, { type: "error", code, text });
    const error = await assertRejects(() => call, RpcError, "n1 answered: ");
    assertEquals(error.code, ErrorCode.crash);
  }
});

Deno.test("a call that is not answered within its time fails with the indefinite error 0", async () => {
  for (
    const [options, timeoutMs] of [[{}, 1_000], [
      { timeoutMs: 30 },
      30,
    ]] as const
  ) {
    const { world, ask } = wake();
    const call = ask(options);
    await world.advance(timeoutMs - 1);
    assertEquals(await outcome(call), "pending");
    await world.advance(1);
    const error = await outcome(call);
    assertInstanceOf(error, RpcError);
    assertEquals([error.code, error.definite], [ErrorCode.timeout, false]);
    assertEquals(
      error.message,
      `no reply from n1 to "price" within ${timeoutMs} ms`,
    );
    assertEquals(world.timers, 0);
  }
});

Deno.test("a late, a repeated and an unasked-for reply are ignored", async () => {
  const { world, reply, ask } = wake();
  const late = ask({ timeoutMs: 10 });
  late.catch(() => {});
  const request = world.takeBodies()[0];
  await world.advance(10);
  reply(request, ok(1));
  await assertRejects(() => late, RpcError, "no reply");

  const call = ask();
  const again = world.takeBodies()[0];
  reply(again, ok(2));
  reply(again, ok(3));
  reply(again, { type: "error", code: 13 });
  assertEquals((await call).price, 2);
  reply({ type: "price", msg_id: 12345 }, ok(4));
  assertEquals([world.sent, world.logged], [[], []]);
});

Deno.test("a reply counts only if it comes from where the request went", async () => {
  const { world, reply, ask } = wake();
  const call = ask();
  const request = world.takeBodies()[0];
  reply(request, ok(1), "n2");
  assertEquals(await outcome(call), "pending");
  reply(request, ok(2), "n1");
  assertEquals((await call).price, 2);
});

Deno.test("an aborted call fails at once with the signal's reason", async () => {
  const { world, reply, ask } = wake();
  const stop = new AbortController();
  const call = ask({ signal: stop.signal });
  const reason = new Error("enough");
  stop.abort(reason);
  assertStrictEquals(await outcome(call), reason);
  reply(world.takeBodies()[0], ok(1));
  assertEquals([world.timers, world.sent], [0, []]);
});

Deno.test("a call with a signal that is aborted already sends nothing", async () => {
  const { world, ask } = wake();
  const reason = new Error("enough");
  const call = ask({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await outcome(call), reason);
  assertEquals([world.timers, world.sent], [0, []]);
});

/** A signal that counts who listens to it. */
function countingSignal() {
  const stop = new AbortController();
  const counted = { stop, signal: stop.signal, listeners: 0 };
  const { addEventListener, removeEventListener } = stop.signal;
  stop.signal.addEventListener = function (...args: unknown[]) {
    counted.listeners++;
    Reflect.apply(addEventListener, this, args);
  };
  stop.signal.removeEventListener = function (...args: unknown[]) {
    counted.listeners--;
    Reflect.apply(removeEventListener, this, args);
  };
  return counted;
}

const ends: [
  string,
  (woken: ReturnType<typeof wake>, stop: AbortController) => unknown,
][] = [
  ["a reply", ({ world, reply }) => reply(world.sent[0]?.body, ok(1))],
  [
    "an error",
    ({ world, reply }) => reply(world.sent[0]?.body, { type: "error" }),
  ],
  ["a timeout", ({ world }) => world.advance(1_000)],
  ["a signal", (_, stop) => stop.abort()],
];
for (const [name, end] of ends) {
  Deno.test(`a call that ends by ${name} leaves no timer and no listener`, async () => {
    const woken = wake();
    const counted = countingSignal();
    const call = woken.ask({ signal: counted.signal });
    assertEquals([woken.world.timers, counted.listeners], [1, 1]);
    const ended = outcome(call);
    await end(woken, counted.stop);
    await ended;
    assertEquals([woken.world.timers, counted.listeners], [0, 0]);
  });
}

Deno.test("when a node is disposed its calls never end, and its timers are gone", async () => {
  const { node, world, mounted, reply, ask } = wake();
  const call = ask();
  const sleep = node.sleep(10);
  node.every(10, () => {});
  mounted.dispose();
  assertEquals(world.timers, 0);
  reply(world.takeBodies()[0], ok(1));
  await world.advance(10_000);
  assertEquals(await outcome(call), "pending");
  assertEquals(await outcome(sleep), "pending");
  node.after(1, () => {});
  ask().catch(() => {});
  assertEquals([world.timers, world.sent], [0, []]);
});
