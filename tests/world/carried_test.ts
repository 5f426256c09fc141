/** What arrives of what a program sends is what JSON makes of it; and events keep their order. */
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { carried, plain } from "../../lib/workbench/history/copies.ts";
import {
  float,
  type Json,
  parse,
  stringify,
  TooDeep,
} from "../../lib/workbench/history/json.ts";
import { Heap } from "../../lib/workbench/world/heap.ts";
import { sleep, VirtualClock } from "../../lib/workbench/world/clock.ts";
import { seeded } from "../../lib/workbench/world/random.ts";

/** Anything that a program might send, by mistake too. */
const ANYTHING = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withBoxedValues: true,
  withNullPrototype: true,
  values: [
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.constantFrom(undefined, -0, 2 ** 53, 1e21, 5e-324, NaN, Infinity),
    fc.constantFrom(() => 1, Symbol("s"), float(5), float(1e300)),
    fc.constant({ toJSON: () => 7 }),
  ],
});

Deno.test("a copy of what is sent equals what parsing its JSON would give", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), ANYTHING), (body) => {
      const text = stringify(body);
      const arrived = carried(body);
      assertEquals(stringify(arrived), text);
      assertEquals(arrived, parse(text));
      assertEquals(plain(arrived), plain(parse(text)));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a message that is nested too deeply to be read is not copied, whichever field it is", () => {
  const nested = (levels: number): Json => {
    let value: Json = 1;
    for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { value };
    return value;
  };
  assertEquals(carried(nested(1_000)), nested(1_000));
  assertThrows(() => carried(nested(1_001)), TooDeep);
  assertThrows(
    () => carried([{ left: undefined, of: nested(1_001) }]),
    TooDeep,
  );
});

Deno.test("a copy of what is sent shares nothing with the original", () => {
  const sent = { type: "x", list: [[1], { a: [2] }], map: { deep: { n: 1 } } };
  const arrived = carried(sent), before = stringify(arrived);
  const read = plain(arrived) as unknown as typeof sent;
  read.list.push([5]);
  (read.list[1] as { a: number[] }).a.push(4);
  read.map.deep.n = 3;
  sent.list.push([3]);
  (sent.list[1] as { a: number[] }).a.push(3);
  sent.map.deep.n = 2;
  assertEquals(stringify(arrived), before);
});

Deno.test("a heap gives the smallest first, and of equals the one that came first", () => {
  const one = fc.constantFrom("pop" as const, "keep the even" as const);
  const actions = fc.array(
    fc.oneof({ arbitrary: fc.nat(9), weight: 3 }, {
      arbitrary: one,
      weight: 1,
    }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(actions, (actions) => {
      const heap = new Heap<number>();
      let model: { rank: number; order: number }[] = [];
      actions.forEach((action, order) => {
        if (action === "keep the even") {
          heap.keep((order) => order % 2 === 0);
          model = model.filter(({ order }) => order % 2 === 0);
          return;
        }
        if (action !== "pop") {
          heap.push(action, order);
          model.push({ rank: action, order });
          return;
        }
        const [first] = model.toSorted((a, b) =>
          a.rank - b.rank || a.order - b.order
        );
        assertEquals(heap.minimum, first?.rank ?? Infinity);
        assertEquals(heap.pop(), first?.order);
        model = model.filter((item) => item !== first);
        assertEquals(heap.size, model.length);
      });
      // What is left, in its order: a few pops would not show a heap that is none.
      const left = model.toSorted((a, b) =>
        a.rank - b.rank || a.order - b.order
      );
      assertEquals(left.map(() => heap.pop()), left.map(({ order }) => order));
    }),
    { numRuns: 500 },
  );
});

Deno.test("when most events are cancelled, the rest happen in order", async () => {
  const clock = new VirtualClock(), random = seeded(1);
  const happened: number[] = [], due: { at: number; id: number }[] = [];
  const fill = (from: number) => {
    const cancels = Array.from({ length: 1_000 }, (_, i) => {
      const id = from + i, delay = random.int(500);
      const cancel = clock.schedule(delay, () => void happened.push(id));
      if (i % 10 !== 0) return cancel;
      due.push({ at: clock.now() + delay, id });
      return () => {};
    });
    for (const cancel of [...random.shuffle(cancels), ...cancels]) cancel();
  };
  for (let i = 0; i < 5; i++) clock.schedule(i * 100, () => fill(i * 1_000));
  await clock.run(sleep(clock, 2_000));
  const order = due.toSorted((a, b) => a.at - b.at || a.id - b.id);
  assertEquals(happened, order.map(({ id }) => id));
});

Deno.test("all promises that an event has set in motion settle before the next event", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const chain = async (name: string, length: number): Promise<void> => {
    if (length > 0) await chain(name, length - 1);
    else await null;
    if (length % 100 === 0) order.push(`${name}${length}`);
  };
  const done = Promise.withResolvers<void>();
  for (const name of ["a", "b", "c"]) {
    clock.schedule(5, () => void chain(name, 300));
  }
  clock.schedule(6, done.resolve);
  await clock.run(done.promise);
  const whole = (name: string) => [0, 100, 200, 300].map((n) => `${name}${n}`);
  assertEquals(order, ["a", "b", "c"].flatMap(whole));
});
