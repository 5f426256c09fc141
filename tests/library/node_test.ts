/** Messages and handlers: what a node answers, and what it must never send. */
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ErrorCode, mount, type Node, RpcError } from "../../lib/maelstrom.ts";
import type { Json, Message } from "../../lib/node/world.ts";
import { FakeWorld, settle, start } from "../fixtures/fake-world.ts";

interface Shop {
  buy(request: { what: Json }): { bought: Json };
  tell(request: { news: string }): void;
  list(): { all: string[] };
}

/** A program whose only handler, of `buy`, is the one given. */
const buying =
  (handler: (what: Json) => { bought: Json } | Promise<{ bought: Json }>) =>
  (node: Node<Shop>) => node.on("buy", async ({ what }) => await handler(what));

const buy = { type: "buy", msg_id: 7, what: "tea" };
const boughtTea = { type: "buy_ok", in_reply_to: 7, bought: "tea" };

Deno.test("a handler's reply gets the request's type with _ok, and its id", () => {
  const { world, deliver } = start((node: Node<Shop>) => {
    node.on("buy", ({ what }) => ({ bought: what }));
  });
  deliver("c1", buy);
  assertEquals(world.sent, [{ src: "n0", dest: "c1", body: boughtTea }]);
});

Deno.test("a promised reply is sent when the promise resolves, in that order", async () => {
  const orders = new Map<Json, () => void>();
  const { world, deliver } = start(buying((what) =>
    new Promise((resolve) => {
      orders.set(what, () => resolve({ bought: what }));
    })
  ));
  deliver("c1", { ...buy, what: "tea" });
  deliver("c1", { ...buy, what: "oil" });
  await settle();
  assertEquals(world.sent, []);
  orders.get("oil")!();
  await settle();
  orders.get("tea")!();
  await settle();
  assertEquals(world.takeBodies().map((body) => body.bought), ["oil", "tea"]);
});

Deno.test("a handler is told who asks, and what was asked", () => {
  const heard: unknown[] = [];
  const { deliver } = start((node: Node<Shop>) => {
    node.on("tell", ({ news }, src) => void heard.push([news, src]));
  });
  deliver("n2", { type: "tell", news: "rain" });
  assertEquals(heard, [["rain", "n2"]]);
});

Deno.test("a message without an id is never answered, whatever its outcome", async () => {
  const { world, deliver } = start((node: Node<Shop>) => {
    node.on("buy", () => ({ bought: 1 }));
    node.on("list", () => Promise.reject(new RpcError(11, "closed")));
    node.on("tell", () => {
      throw new Error("deaf");
    });
  });
  for (const type of ["buy", "list", "tell", "sell"]) deliver("c1", { type });
  await settle();
  assertEquals(world.sent, []);
});

Deno.test("a handler of a void method does not answer, even if an answer is asked for", async () => {
  const { world, deliver } = start((node: Node<Shop>) => {
    node.on("tell", () => {});
  });
  deliver("c1", { type: "tell", msg_id: 1, news: "rain" });
  await settle();
  assertEquals(world.sent, []);
});

Deno.test("a handler that is registered after an await misses what comes before it", async () => {
  const { world, deliver } = start(async (node: Node<Shop>) => {
    await Promise.resolve();
    node.on("buy", ({ what }) => ({ bought: what }));
  });
  deliver("c1", buy);
  assertEquals(world.takeBodies().map(({ code }) => code), [10]);
  await settle();
  deliver("c1", buy);
  assertEquals(world.takeBodies(), [boughtTea]);
});

Deno.test("a type without a handler is answered with error 10", () => {
  const { world, deliver } = start(() => {});
  deliver("c1", { type: "sell", msg_id: 9 });
  const [error] = world.takeBodies();
  assertEquals([error?.type, error?.in_reply_to, error?.code], [
    "error",
    9,
    10,
  ]);
  assertStringIncludes(String(error?.text), `"sell"`);
});

for (const type of ["toString", "__proto__", "constructor"]) {
  Deno.test(`a type that every JavaScript object has, "${type}", is a type like any other`, () => {
    const { world, deliver } = start(() => {});
    deliver("c1", { type, msg_id: 1 });
    assertEquals(world.takeBodies().map((body) => body.code), [10]);
  });
}

const ways: [string, (error: unknown) => (node: Node<Shop>) => void][] = [
  ["throws", (error) => (node) =>
    node.on("buy", () => {
      throw error;
    })],
  [
    "is rejected",
    (error) => (node) => node.on("buy", () => Promise.reject(error)),
  ],
];
for (const [fails, failing] of ways) {
  Deno.test(`a handler that ${fails} with an RpcError is answered with its code and text`, async () => {
    const failure = new RpcError(ErrorCode.txnConflict, "try again");
    const { world, deliver } = start(failing(failure));
    deliver("c1", buy);
    await settle();
    assertEquals(world.takeBodies(), [
      { type: "error", in_reply_to: 7, code: 30, text: "try again" },
    ]);
    assertEquals(world.logged, []);
  });

  Deno.test(`a handler that ${fails} with anything else is answered with error 13 and its stack is logged`, async () => {
    const { world, deliver } = start(failing(new TypeError("no tea")));
    deliver("c1", buy);
    await settle();
    const [error] = world.takeBodies();
    assertEquals([error?.code, error?.in_reply_to], [13, 7]);
    assertStringIncludes(String(error?.text), "no tea");
    assertMatch(world.logged.join(), /"buy" threw TypeError: no tea\n +at /);
  });

  Deno.test(`a handler that ${fails} with an object is answered with what is in it`, async () => {
    const { world, deliver } = start(failing({ no: ["tea"], left: 0n }));
    deliver("c1", buy);
    await settle();
    assertEquals(world.takeBodies()[0]?.text, '{"no":["tea"],"left":0}');
  });

  Deno.test(`a handler that ${fails} leaves the node working`, async () => {
    const { world, deliver } = start(failing(null));
    deliver("c1", buy);
    deliver("c1", { ...buy, msg_id: 8 });
    await settle();
    assertEquals(world.takeBodies().map((body) => body.in_reply_to), [7, 8]);
  });
}

Deno.test("a reply that JSON cannot say is an error 13, sync and async alike", async () => {
  for (const wrap of [<T>(x: T) => x, <T>(x: T) => Promise.resolve(x)]) {
    const { world, deliver } = start((node: Node<Shop>) => {
      const cyclic: Json[] = [];
      cyclic.push(cyclic);
      node.on("buy", () => wrap({ bought: cyclic }));
    });
    deliver("c1", buy);
    await settle();
    assertEquals(world.takeBodies().map((body) => body.code), [13]);
  }
});

Deno.test("a second handler for a type is refused, and so is one for init", () => {
  start((node: Node<Shop>) => {
    node.on("list", () => ({ all: [] }));
    assertThrows(
      () => node.on("list", () => ({ all: [] })),
      Error,
      `Cannot handle "list": it has a handler already`,
    );
  });
  interface Greedy {
    init(): Record<string, never>;
  }
  start((node: Node<Greedy>) => {
    assertThrows(() => node.on("init", () => ({})), Error, "init");
  });
});

Deno.test("a client that has waited for 4.9 s gets its answer, one that has waited longer gets none", async () => {
  for (const [waitedMs, answers] of [[4_900, 1], [4_901, 0]] as const) {
    for (const failing of [false, true]) {
      const { world, deliver } = start(buying(async (what) => {
        await world.advance(waitedMs);
        if (failing) throw new RpcError(ErrorCode.abort, "sold out");
        return { bought: what };
      }));
      deliver("c1", buy);
      await settle();
      await settle();
      assertEquals(world.sent.length, answers, `${waitedMs} ms, ${failing}`);
      assertEquals(world.logged.length, 1 - answers);
    }
  }
});

Deno.test("another node gets its answer, however late", async () => {
  const { world, deliver } = start(buying(async (what) => {
    await world.advance(60_000);
    return { bought: what };
  }));
  deliver("n1", buy);
  await settle();
  await settle();
  assertEquals(world.takeBodies(), [boughtTea]);
});

Deno.test("what comes before init is refused with error 11, and only if it can be answered", () => {
  const world = new FakeWorld();
  const mounted = mount(() => {}, world);
  const deliver = (body: Message["body"]) =>
    mounted.receive({ src: "c1", dest: "n0", body });
  deliver(buy);
  deliver({ type: "tell", news: "rain" });
  deliver({ type: "buy_ok", in_reply_to: 3 });
  const [error, ...more] = world.sent;
  assertEquals([error?.src, error?.dest], ["n0", "c1"]);
  assertEquals([error?.body.code, error?.body.in_reply_to], [11, 7]);
  assertEquals(more, []);
});

Deno.test("an init that makes no sense is refused with error 12, and a good one still works", () => {
  const world = new FakeWorld();
  const mounted = mount(() => {}, world);
  const deliver = (body: Message["body"]) =>
    mounted.receive({ src: "c1", dest: "n0", body });
  deliver({ type: "init", msg_id: 1 });
  deliver({ type: "init", msg_id: 2, node_id: "n0", node_ids: "n0" });
  deliver({ type: "init", msg_id: 3, node_id: 0, node_ids: ["n0"] });
  const init = { type: "init", msg_id: 4, node_id: "n0" };
  deliver({ ...init, node_ids: ["n1", "n2"] });
  deliver({ ...init, node_ids: ["n0", "n1", "n0"] });
  deliver({ ...init, node_ids: ["n0", 1] });
  deliver({ ...init, node_ids: ["n0", ""] });
  deliver({ ...init, node_id: "n0,n1", node_ids: ["n0,n1"] });
  deliver({ ...init, node_ids: ["n0"] });
  assertEquals(
    world.takeBodies().map(({ code, type }) => code ?? type),
    [12, 12, 12, 12, 12, 12, 12, 12, "init_ok"],
  );
});

Deno.test("init tells the program its name and everybody's, once; the same is answered again, another is an error", () => {
  const names: unknown[] = [];
  const { world, deliver } = start((node) => {
    names.push([node.id, node.ids, node.peers]);
  });
  const init = { type: "init", msg_id: 5, node_ids: ["n0", "n1", "n2"] };
  deliver("c0", { ...init, node_id: "n0" });
  deliver("c0", { ...init, node_id: "n1" });
  deliver("c0", { ...init, node_id: "n0", node_ids: ["n0"] });
  assertEquals(names, [["n0", ["n0", "n1", "n2"], ["n1", "n2"]]]);
  const text = 'Cannot take "init": this is n0 of n0, n1, n2';
  const error = { type: "error", in_reply_to: 5, code: 12, text };
  assertEquals(world.takeBodies(), [
    { type: "init_ok", in_reply_to: 5 },
    error,
    error,
  ]);
});

Deno.test("a line that is not a message is logged and skipped", () => {
  const { world, mounted, deliver } = start((node: Node<Shop>) => {
    node.on("buy", ({ what }) => ({ bought: what }));
  });
  const src = "c1";
  const dest = "n0";
  const garbage = [
    ...[undefined, null, 1, "init", true, [], {}, { src, dest }, {
      src,
      body: buy,
    }, {
      body: buy,
    }],
    ...[null, [], "buy", {}, { type: 1 }].map((body) => ({ src, dest, body })),
    { src, dest, body: { type: 1, msg_id: null } },
    { src, dest, body: { type: 1, msg_id: 5, in_reply_to: 6 } },
    { src: 1, dest, body: buy },
    { src, dest: "n1", body: buy },
    { src, dest: "n1", body: { type: "init", msg_id: 1 } },
  ];
  for (const value of garbage) mounted.receive(value);
  assertEquals(world.sent, []);
  assertEquals(world.logged.length, garbage.length);
  mounted.receive({ src, dest, garbage: "x".repeat(1_000_000) });
  assertLess(world.logged.at(-1)?.length ?? Infinity, 300);
  deliver("c1", buy);
  assertEquals(world.takeBodies(), [boughtTea]);
});

Deno.test("a request without a type is refused with error 12, before init too", () => {
  const src = "c1", dest = "n0";
  const asked = { src, dest, body: { msg_id: 5, what: "tea" } };
  const text = "Cannot take a message: type: expected a string";
  const refused = { type: "error", code: 12, text, in_reply_to: 5 };
  const { world, mounted } = start(() => {});
  mounted.receive(asked);
  mounted.receive({ ...asked, body: { ...asked.body, type: null } });
  assertEquals(world.sent, [
    { src: dest, dest: src, body: refused },
    { src: dest, dest: src, body: refused },
  ]);
  const early = new FakeWorld();
  mount(() => {}, early).receive(asked);
  assertEquals(early.takeBodies(), [refused]);
});

Deno.test("an id that is null is none", () => {
  const { world, deliver } = start((node: Node<Shop>) => {
    node.on("buy", ({ what }) => ({ bought: what }));
  });
  const nulls = { ...buy, in_reply_to: null } as unknown as typeof buy;
  deliver("c1", nulls);
  assertEquals(world.takeBodies(), [boughtTea]);
  deliver("c1", { ...buy, msg_id: null } as unknown as typeof buy);
  assertEquals(world.takeBodies(), []);
});

Deno.test("a program that throws when it starts is not kept quiet", () => {
  const failing = () => {
    throw new Error("cannot start");
  };
  assertThrows(() => start(failing), Error, "cannot start");
});

Deno.test("a node that is disposed sends nothing more", async () => {
  const { world, mounted, deliver } = start(buying(async (what) => {
    await settle();
    return { bought: what };
  }));
  deliver("c1", buy);
  mounted.dispose();
  deliver("c1", { ...buy, msg_id: 8 });
  await settle();
  await settle();
  assertEquals([world.sent, world.logged], [[], []]);
});

Deno.test("errors are definite but for timeout, crash and codes that Maelstrom does not know", () => {
  for (const [name, code] of Object.entries(ErrorCode)) {
    const indefinite = name === "timeout" || name === "crash";
    assertEquals(new RpcError(code, "").definite, !indefinite, name);
  }
  assert(![2, 99, 1000, 4242].some((code) => new RpcError(code, "").definite));
});

Deno.test("request ids begin at random, so a late reply to an earlier life matches none", () => {
  const firstId = (seed: number) => {
    const { world, deliver } = start((node: Node<Shop>) => {
      node.on("tell", () => void node.rpc("n1", "list", {}).catch(() => {}));
    }, { world: new FakeWorld(seed) });
    deliver("c1", { type: "tell", news: "rain" });
    return world.sent[0]?.body.msg_id;
  };
  assertEquals(firstId(1), firstId(1));
  assertNotEquals(firstId(1), firstId(2));
});
