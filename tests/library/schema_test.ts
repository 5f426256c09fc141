/** Schemas: what fits, what does not, and how a node tells who sent it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../lib/node/world.ts";
import { mount, program } from "../../lib/maelstrom.ts";
import type { StandardSchema } from "../../lib/node/protocol.ts";
import {
  amongNodes,
  amount,
  array,
  boolean,
  dict,
  dictOf,
  either,
  entriesOf,
  type Integer,
  integer,
  isEmpty,
  json,
  mapDict,
  message,
  natural,
  number,
  object,
  oneOf,
  optional,
  plus,
  rpc,
  type Schema,
  string,
  tuple,
} from "../../lib/schema.ts";
import { FakeWorld, settle, start } from "../fixtures/fake-world.ts";

const BIG = 2n ** 53n + 1n;

/** An array in an array in an array. */
function nested(levels: number): Json {
  let value: Json = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

/** What fits each schema, and what does not. */
const cases: [
  name: string,
  Schema<unknown>,
  good: unknown[],
  bad: unknown[],
][] = [
  [
    "json",
    json,
    [null, 0, "", [], {}, BIG, nested(900), { a: nested(899) }],
    [undefined, nested(901), { a: nested(900) }, Infinity, [{ a: -Infinity }]],
  ],
  ["string", string, ["", "__proto__", "\ud800"], [1, null, undefined, ["a"]]],
  ["boolean", boolean, [true, false], [0, "true", null, undefined]],
  ["number", number, [0, -1.5, 1e-308, BIG], [NaN, 1e20, 2 ** 53, "1"]],
  ["integer", integer, [0, -7, BIG, -BIG], [0.5, NaN, -1e20, "5", null]],
  ["amount", amount, [0, 7, BIG], [-1, -BIG, 0.5, 2 ** 53, undefined]],
  ["natural", natural, [0, 7, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, BIG, "0"]],
  ["oneOf", oneOf("r", 1, null), ["r", 1, null], ["w", "1", undefined]],
  ["either", either(number, string), [1, "1"], [null, [1], {}]],
  ["optional", optional(string), ["a", undefined], [1, null]],
  ["array", array(integer), [[], [1, BIG]], [[1, "2"], {}, "12", null]],
  ["tuple", tuple(string, json), [["a", null]], [["a"], ["a", 1, 2], [1, 1]]],
  [
    "object",
    object({ a: integer, b: optional(string) }),
    [{ a: 1 }, { a: 1, b: "" }, { a: 1, c: [] }],
    [{}, { a: 1, b: 1 }, [1], null, "a"],
  ],
  [
    "dict",
    dict(natural),
    [{}, JSON.parse('{"__proto__":1,"constructor":2,"":3}')],
    [{ a: -1 }, JSON.parse('{"__proto__":"1"}'), [1], null],
  ],
];

for (const [name, schema, good, bad] of cases) {
  Deno.test(`the schema ${name} accepts what fits, unchanged, and nothing else`, () => {
    for (const value of good) {
      assertEquals(schema["~standard"].validate(value), { value });
    }
    for (const value of bad) {
      const checked = schema["~standard"].validate(value);
      const issues = "issues" in checked ? checked.issues : undefined;
      assertEquals(issues?.length, 1, `${name} takes ${String(value)}`);
    }
  });
}

const shopProtocol = {
  buy: rpc({ what: string, counts: array(natural) }, { price: integer }),
  ...amongNodes({
    stock: message({ left: dict(natural) }),
    weigh: rpc({}, { grams: natural }),
  }),
};

function shop() {
  const seen: unknown[] = [];
  const started = start(program(shopProtocol, (node) => {
    node.on("buy", ({ what, counts }) => {
      seen.push(what);
      return { price: counts.length };
    });
    node.on("stock", ({ left }) => void seen.push(entriesOf(left)));
    node.on("weigh", async () => await node.rpc("n1", "weigh", {}));
  }));
  return { ...started, seen };
}

Deno.test("a client's request that does not fit is error 12, which names the field, and no handler sees it", () => {
  const { world, deliver, seen } = shop();
  const good = { type: "buy", msg_id: 1, what: "tea", counts: [1] };
  for (
    const [wrong, text] of [
      [{ what: 5 }, "what: expected a string, got 5"],
      [{ what: null }, "what: expected a string, got null"],
      [{ counts: [0, -1] }, "counts.1: expected an integer from 0 to"],
      [{ counts: "1" }, 'counts: expected an array, got "1"'],
    ] satisfies [{ [field: string]: Json }, string][]
  ) {
    deliver("c1", { ...good, ...wrong });
    const [reply] = world.takeBodies();
    assertEquals([reply?.type, reply?.code], ["error", 12]);
    assertStringIncludes(String(reply?.text), `Cannot take "buy": ${text}`);
  }
  deliver("c1", { type: "buy", msg_id: 1, what: "tea" });
  deliver("c1", { type: "buy", what: "tea" }); // nobody to tell
  deliver("c1", { ...good, colour: "green" }); // a field more is no harm
  assertEquals(world.takeBodies(), [
    {
      ...{ type: "error", in_reply_to: 1, code: 12 },
      text: 'Cannot take "buy": counts: expected an array, got nothing',
    },
    { type: "buy_ok", in_reply_to: 1, price: 1 },
  ]);
  assertEquals([seen, world.logged], [["tea"], []]);
});

Deno.test("a node's message that does not fit is dropped, and logged once", () => {
  const { world, deliver, seen } = shop();
  for (let i = 0; i < 3; i++) {
    deliver("n1", { type: "stock", left: { tea: -1 } });
  }
  deliver("n2", { type: "stock", msg_id: 4, left: [] });
  deliver("n1", { type: "stock", left: { tea: 1 } });
  assertEquals(seen, [[["tea", 1]]]);
  assertEquals([world.sent, world.logged.length], [[], 2]);
  assertStringIncludes(world.logged[0]!, 'n1: Cannot take "stock": left.tea:');
});

Deno.test("messages among nodes are unknown to clients", () => {
  const { world, deliver, seen } = shop();
  deliver("c1", { type: "stock", msg_id: 1, left: { tea: 1 } });
  deliver("c1", { type: "weigh", msg_id: 2 });
  assertEquals(world.takeBodies().map(({ code }) => code), [10, 10]);
  assertEquals(seen, []);
});

Deno.test("a reply that does not fit is dropped: the call goes on waiting", async () => {
  const { world, deliver } = shop();
  deliver("n2", { type: "weigh", msg_id: 1 });
  const in_reply_to = Number(world.takeBodies()[0]?.msg_id);
  deliver("n1", { type: "weigh_ok", in_reply_to, grams: 0.5 });
  deliver("n1", { type: "weigh_ok", in_reply_to, grams: 5 });
  await settle();
  await settle();
  assertEquals(world.takeBodies().map(({ grams }) => grams), [5]);
  assertStringIncludes(world.logged.join(), "grams: expected an integer");
});

Deno.test("a Standard Schema of any library may describe a message, and change it", () => {
  const even: StandardSchema<{ half: number }> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        const { n } = value as { n: number };
        return n % 2 === 0
          ? { value: { half: n / 2 } }
          : { issues: [{ message: "is odd", path: [{ key: "n" }] }] };
      },
    },
  };
  const halves = program({ halve: rpc(even, { half: integer }) }, (node) => {
    node.on("halve", ({ half }) => ({ half }));
  });
  const { world, deliver } = start(halves);
  deliver("c1", { type: "halve", msg_id: 1, n: 8 });
  deliver("c1", { type: "halve", msg_id: 2, n: 7 });
  const [ok, error] = world.takeBodies();
  assertEquals(ok, { type: "halve_ok", in_reply_to: 1, half: 4 });
  assertEquals(error?.text, 'Cannot take "halve": n: is odd');
});

Deno.test("a dictionary has the keys it was made of, whatever they are", () => {
  const names = ["__proto__", "constructor", "toString", "", "\ud800"];
  const numbers = ["1", "600", `${2 ** 32 - 2}`];
  for (
    const keys of [[...names, ...numbers], [...numbers, ...names], names, []]
  ) {
    const entries = keys.map((key, i): [string, number] => [key, i]);
    const copy = JSON.parse(JSON.stringify(dictOf(entries)));
    assertEquals(new Map(entriesOf<number>(copy)), new Map(entries));
  }
});

Deno.test("sums are exact on both sides of 2^53, and small ones are numbers", () => {
  const sums: [Integer, Integer, Integer][] = [
    [1, 2, 3],
    [2 ** 53 - 1, 1, 2n ** 53n],
    [BIG, -1, 2n ** 53n],
    [BIG, -BIG, 0],
    [BIG, 2 - 2 ** 53, 3],
  ];
  for (const [a, b, sum] of sums) {
    assertEquals([plus(a, b), plus(b, a)], [sum, sum]);
  }
});

Deno.test("large integers leave a node as their digits", () => {
  const echo = program(
    { echo: rpc({ echo: json }, { echo: json }) },
    (node) => {
      node.on("echo", ({ echo }) => ({ echo }));
    },
  );
  const lines: string[] = [];
  const world = new FakeWorld();
  const mounted = mount(echo, {
    ...{ now: () => 0, random: () => 0, schedule: () => () => {} },
    send: (message) => void lines.push(JSON.stringify(message.body)),
    log: (text) => world.log(text),
  });
  const deliver = (body: unknown) =>
    mounted.receive({ src: "c1", dest: "n0", body });
  deliver({ type: "init", node_id: "n0", node_ids: ["n0"] });
  deliver({ type: "echo", msg_id: 1, echo: [{ id: BIG }, -BIG] });
  assertEquals(lines, [
    '{"echo":[{"id":9007199254740993},-9007199254740993],"type":"echo_ok","in_reply_to":1}',
  ]);
});

Deno.test("a dictionary made of another keeps its keys, whatever they are, but for those left out", () => {
  const keys = ["__proto__", "constructor", "toString", "", "1"];
  const from = dictOf(keys.map((key, i) => [key, i] as const));
  const made = mapDict(from, (i, key) => i === 3 ? undefined : key + i);
  const copy = JSON.parse(JSON.stringify(made));
  const kept = keys.map((key, i) => [key, key + i] as const)
    .filter(([key]) => key !== "");
  assertEquals(new Map(entriesOf<string>(copy)), new Map(kept));
  assertEquals(Object.getPrototypeOf(made), Object.prototype);
  assertEquals(isEmpty(made), false);
  assertEquals(isEmpty(mapDict(from, () => undefined)), true);
});
