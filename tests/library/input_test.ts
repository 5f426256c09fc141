/** Bytes become lines, wherever they are split. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LineBuffer } from "../../lib/maelstrom.ts";

const utf8 = new TextEncoder();

/** The lines of a text whose bytes come in chunks of these sizes (the last size repeats). */
function cut(text: string, sizes: number[]): string[] {
  const bytes = utf8.encode(text);
  const buffer = new LineBuffer();
  const lines: string[] = [];
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1);
    lines.push(...buffer.push(bytes.slice(start, end)));
    start = end;
  }
  return [...lines, buffer.end()];
}

Deno.test("lines are the same in one chunk and in chunks of one byte", () => {
  const text = '{"a":"é"}\n\n\u{1F600}\r\nlast';
  const lines = ['{"a":"é"}', "", "\u{1F600}\r", "last"];
  assertEquals(cut(text, [1_000]), lines);
  assertEquals(cut(text, [1]), lines);
});

Deno.test("any text gives its lines, however its bytes are split", () => {
  const character = fc.oneof(
    fc.constant("\n"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  );
  fc.assert(fc.property(
    fc.array(character).map((characters) => characters.join("")),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
    (text, sizes) => {
      // A byte order mark at the very beginning is none of the text.
      const expected = text.replace(/^\uFEFF/, "").split("\n");
      assertEquals(cut(text, sizes), expected);
    },
  ));
});

Deno.test("a line of 10 MB comes out whole, from chunks of 64 KiB", () => {
  const long = "x".repeat(10_000_000);
  const [line, ...more] = cut(`${long}\nnext\n`, [65_536]);
  assert(line === long);
  assertEquals(more, ["next", ""]);
});

Deno.test("bytes that are no UTF-8 spoil their own line only", () => {
  const buffer = new LineBuffer();
  const bytes = Uint8Array.of(
    ...utf8.encode("a"),
    0xff,
    10,
    ...utf8.encode("b\n"),
  );
  assertEquals(buffer.push(bytes), ["a\uFFFD", "b"]);
});
