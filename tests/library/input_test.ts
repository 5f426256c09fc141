/** Bytes become values, wherever they are split, and whatever else comes between. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { JsonLines } from "../../lib/node/lines.ts";
import { parseExactly } from "../../lib/node/numbers.ts";

const utf8 = new TextEncoder();

/** The values of lines, and the reports of others, when their bytes come in chunks of these sizes (the last one repeats). */
function parsed(text: string, sizes: number[]) {
  const reports: string[] = [];
  const input = new JsonLines((report) => void reports.push(report));
  const bytes = utf8.encode(text);
  const values: unknown[] = [];
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1);
    values.push(...input.push(bytes.slice(start, end)));
    start = end;
  }
  return { values: [...values, ...input.end()], reports };
}

Deno.test("lines are the same in one chunk and in chunks of one byte", () => {
  const text = '{"a":"é"}\n\n \t\n"\u{1F600}"\r\n[1e3,-0.5]\n\r\n"last"';
  const values = [{ a: "é" }, "\u{1F600}", [1000, -0.5], "last"];
  for (const size of [1, 2, 3, 7, 1_000]) {
    assertEquals(parsed(text, [size]), { values, reports: [] });
  }
});

Deno.test("any lines give the values that each gives alone, however their bytes are split", () => {
  const digits = fc.integer({ min: 1, max: 40 }).chain((length) =>
    fc.string({
      unit: fc.constantFrom(..."0123456789"),
      minLength: length,
      maxLength: length,
    })
  );
  const line = fc.oneof(
    fc.json({ maxDepth: 2 }),
    digits.map((digits) => `{"n":[1${digits},-2${digits}],"s":"${digits}"}`),
    fc.constantFrom("", " ", "\r", "{", "}", "[1", "2]", "],[", '"'),
  );
  fc.assert(fc.property(
    fc.array(line, { maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
    (lines, sizes) => {
      const values: unknown[] = [];
      let broken = 0;
      for (const line of lines) {
        try {
          if (line.trim() !== "") values.push(parseExactly(line));
        } catch {
          broken++;
        }
      }
      const found = parsed(lines.join("\n"), sizes);
      assertEquals(found.values, values);
      assertEquals(found.reports.length, broken);
    },
  ));
});

Deno.test("two lines that would be one value together are none", () => {
  const { values, reports } = parsed('[1\n2]\n{"a":1\n"b":2}\n3\n', [1_000]);
  assertEquals(values, [3]);
  assertEquals(reports.length, 4);
});

Deno.test("a line of 10 MB comes out whole, from chunks of 64 KiB", () => {
  const long = "x".repeat(10_000_000);
  const { values: [first, ...more] } = parsed(`"${long}"\n"next"\n`, [65_536]);
  assert(first === long);
  assertEquals(more, ["next"]);
});

Deno.test("a line that is too long for a string to hold is reported, and the next one is taken", () => {
  const reports: string[] = [];
  const input = new JsonLines((report) => void reports.push(report));
  const chunk = utf8.encode("x".repeat(2 ** 20));
  for (let i = 0; i < 1_000; i++) assertEquals(input.push(chunk), []);
  assertEquals(input.push(utf8.encode("\n1\n")), [1]);
  assertEquals(reports.length, 1);
  assertMatch(reports[0]!, /^skipped, it is longer than 268435456 ch.*: x+$/);
});

Deno.test("bytes that are not UTF-8 spoil only their own line, and a byte order mark none", () => {
  const reports: string[] = [];
  const input = new JsonLines((report) => void reports.push(report));
  const bytes = [0xef, 0xbb, 0xbf, ...utf8.encode('"a'), 0xff];
  bytes.push(...utf8.encode('"\n'), 0xff, ...utf8.encode('\n"b"\n'));
  assertEquals(input.push(Uint8Array.from(bytes)), ["a\uFFFD", "b"]);
  assertEquals(reports.length, 1);
});
