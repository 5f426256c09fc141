/** The local editions of @std hold to the published behaviour: all of this passes without `links`, too. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { deadline, delay } from "@std/async";
import { TextLineStream, toText } from "@std/streams";

const fails = () => {
  throw new RangeError("so it is");
};

/** Each assertion by its name: arguments it accepts, and arguments it refuses. */
const assertions: [string, () => void, () => void][] = [
  ["assert", () => assert(1), () => assert(0)],
  [
    "assertEquals",
    () => assertEquals({ a: [1, NaN] }, { a: [1, NaN] }),
    () => assertEquals({ a: [1, 2] }, { a: [2, 1] }),
  ],
  [
    "assertEquals of maps",
    () =>
      assertEquals(new Map([[1, new Set([2])]]), new Map([[1, new Set([2])]])),
    () =>
      assertEquals(new Map([[1, new Set([2])]]), new Map([[1, new Set([3])]])),
  ],
  [
    "assertEquals of an absent and an undefined field",
    () => assertEquals<unknown>({ a: undefined }, { a: undefined }),
    () => assertEquals<unknown>({ a: undefined }, {}),
  ],
  [
    "assertNotEquals",
    () => assertNotEquals([1], [2]),
    () => assertNotEquals([1], [1]),
  ],
  [
    "assertStrictEquals",
    () => assertStrictEquals(1, 1),
    () => assertStrictEquals([], []),
  ],
  [
    "assertInstanceOf",
    () => assertInstanceOf([], Array),
    () => assertInstanceOf({}, Array),
  ],
  ["assertMatch", () => assertMatch("abc", /b/), () => assertMatch("abc", /d/)],
  [
    "assertStringIncludes",
    () => assertStringIncludes("abc", "bc"),
    () => assertStringIncludes("abc", "bd"),
  ],
  [
    "assertAlmostEquals",
    () => assertAlmostEquals(1, 1 + 1e-8),
    () => assertAlmostEquals(1, 1.1),
  ],
  [
    "assertAlmostEquals within",
    () => assertAlmostEquals(1, 1.1, 0.2),
    () => assertAlmostEquals(1, 1.1, 0.05),
  ],
  ["assertGreater", () => assertGreater(2, 1), () => assertGreater(1, 1)],
  [
    "assertGreaterOrEqual",
    () => assertGreaterOrEqual(1, 1),
    () => assertGreaterOrEqual(1, 2),
  ],
  ["assertLess", () => assertLess(1, 2), () => assertLess(1, 1)],
  [
    "assertLessOrEqual",
    () => assertLessOrEqual(1, 1),
    () => assertLessOrEqual(2, 1),
  ],
  [
    "assertThrows",
    () => void assertThrows(fails, RangeError, "so"),
    () => void assertThrows(() => {}),
  ],
  [
    "assertThrows of another class",
    () => void assertThrows(fails),
    () => void assertThrows(fails, TypeError),
  ],
];

for (const [name, holds, breaks] of assertions) {
  Deno.test(`${name} passes what it should and refuses the rest`, () => {
    holds();
    let thrown: unknown;
    try {
      breaks();
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof AssertionError)) {
      throw new Error(`Cannot trust ${name}: it threw ${thrown}`);
    }
  });
}

Deno.test("assertEquals says what was said and what differs", () => {
  const error = assertThrows(
    () => assertEquals({ left: 1 }, { left: 2 }, "hands"),
    AssertionError,
  );
  assertStringIncludes(error.message, "Values are not equal: hands");
  assertStringIncludes(error.message, "left");
});

Deno.test("assertRejects gives the reason, and refuses success and throwing at once", async () => {
  const reason = new RangeError("far out");
  const refused = () => Promise.reject(reason);
  assertStrictEquals(await assertRejects(refused, RangeError, "far"), reason);
  assertStrictEquals(await assertRejects(refused), reason);
  for (
    const breaks of [
      () => assertRejects(() => Promise.resolve()),
      () => assertRejects(refused, TypeError),
      () => assertRejects(refused, RangeError, "near"),
      () =>
        assertRejects(() => {
          throw reason;
        }),
    ]
  ) await assertRejects(breaks, AssertionError);
});

Deno.test("delay resolves in time, and is ended by its signal", async () => {
  await delay(1);
  const stop = new AbortController();
  const waiting = delay(60_000, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => delay(1, { signal: stop.signal }), Error, "enough");
});

Deno.test("deadline gives the value in time, or a TimeoutError", async () => {
  assertEquals(await deadline(Promise.resolve(1), 60_000), 1);
  const never = new Promise<void>(() => {});
  const error = await assertRejects(() => deadline(never, 1), DOMException);
  assertEquals(error.name, "TimeoutError");
  const signal = AbortSignal.abort(new Error("enough"));
  const aborted = () => deadline(never, 60_000, { signal });
  await assertRejects(aborted, Error, "enough");
});

Deno.test("TextLineStream cuts at line ends wherever the chunks are cut", async () => {
  const text = "one\r\n\ntwo\nthree";
  for (let size = 1; size <= text.length; size++) {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    const lines = ReadableStream.from(chunks).pipeThrough(new TextLineStream());
    assertEquals(await Array.fromAsync(lines), ["one", "", "two", "three"]);
  }
});

Deno.test("toText decodes characters that are cut in two", async () => {
  const bytes = [...new TextEncoder().encode("a\u{1F600}é")];
  const stream = ReadableStream.from(bytes.map((byte) => Uint8Array.of(byte)));
  assertEquals(await toText(stream), "a\u{1F600}é");
});
