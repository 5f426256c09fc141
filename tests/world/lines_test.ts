/** What a node writes: where its lines end, and what of them is a message. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  type JsonObject,
  parseLine,
} from "../../lib/workbench/history/json.ts";
import { Lines } from "../../lib/workbench/world/lines.ts";
import { listener } from "../../lib/workbench/world/processes.ts";
import { readMessage } from "../../lib/workbench/world/protocol.ts";

const bytes = new TextEncoder();

function linesOf(...chunks: Uint8Array[]): string[] {
  const lines = new Lines();
  return [...chunks.flatMap((chunk) => lines.push(chunk)), ...lines.end()];
}

Deno.test("lines end at LF, CR LF and CR, and there is no empty line after the last line end", () => {
  const cases: [string, string[]][] = [
    ["a\nb\n", ["a", "b"]],
    ["a\r\nb\r\n", ["a", "b"]],
    ["a\rb\r", ["a", "b"]],
    ["a\n\nb", ["a", "", "b"]],
    ["a\r\r\nb", ["a", "", "b"]],
    ["\n\r", ["", ""]],
    ["", []],
    ["\ufeffa\n\ufeff\n", ["\ufeffa", "\ufeff"]],
    ["half a line", ["half a line"]],
  ];
  for (const [text, lines] of cases) {
    assertEquals(linesOf(bytes.encode(text)), lines, JSON.stringify(text));
  }
});

Deno.test("lines are the same however the bytes are cut", () => {
  const sign = fc.constantFrom(
    "a",
    "é",
    "€",
    "😀",
    "\n",
    "\r",
    "\r\n",
    "\ufeff",
  );
  fc.assert(fc.property(
    fc.array(sign, { maxLength: 40 }),
    fc.array(fc.nat(20)),
    (signs, cuts) => {
      const whole = bytes.encode(signs.join(""));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(whole.subarray(at, at + cut));
        at += cut;
      }
      chunks.push(whole.subarray(at));
      assertEquals(linesOf(...chunks), linesOf(whole));
    },
  ));
});

Deno.test("a line of 20 MB in small chunks takes time in proportion to it", () => {
  const chunk = bytes.encode("x".repeat(4_096));
  const lines = new Lines();
  for (let i = 0; i < 5_000; i++) assertEquals(lines.push(chunk), []);
  const [line] = lines.push(bytes.encode("\n"));
  assertEquals(line!.length, 20_480_000);
});

function read(line: string) {
  const known = ["n0", "n1", "c1", "lin-kv"];
  return readMessage(parseLine(line), (name) => known.includes(name));
}

Deno.test("bodies are read as Maelstrom reads them, pair by pair", () => {
  const cases: [string, JsonObject][] = [
    ["", {}],
    [',"body":null', {}],
    [',"body":[]', {}],
    [',"body":""', {}],
    [',"body":[["type","x"],["n",1]]', { type: "x", n: 1 }],
    [',"body":{"type":"x"},"id":7', { type: "x" }],
    [',"body":{"a":1,"a":2}', { a: 2 }],
  ];
  for (const [rest, body] of cases) {
    const message = { src: "n0", dest: "n1", body };
    assertEquals(read(`{"src":"n0","dest":"n1"${rest}}`), message);
  }
});

Deno.test("what Maelstrom would not accept is refused, with the reason", () => {
  const cases: [string, string][] = [
    ["[1]", "no object"],
    ["null", "no object"],
    ["1.0", "no object"],
    ['{"src":null,"dest":"n1","body":{}}', "was init still being handled?"],
    ['{"dest":"n1","body":{}}', "was init still being handled?"],
    ['{"Src":"n0","Dest":"n1","Body":{}}', "fields are in small letters"],
    ['{"src":"n0","body":{}}', "must be strings"],
    ['{"src":"n0","dest":7,"body":{}}', "must be strings"],
    ['{"src":"n0","dest":"n1","body":{},"to":1}', '"to" does not belong'],
    ['{"src":"n0","dest":"n1","body":{},"id":7.0}', "id must be an integer"],
    ['{"src":"n0","dest":"n1","body":{},"id":null}', "id must be an integer"],
    ['{"src":"n0","dest":"n1","body":"hello"}', "body must be an object"],
    ['{"src":"n0","dest":"n1","body":5.0}', "body must be an object"],
    ['{"src":"n0","dest":"n1","body":[1]}', "body must be an object"],
    ['{"src":"n9","dest":"n1","body":{}}', "n9, who is nobody"],
    ['{"src":"n0","dest":"c9","body":{}}', "has given up and gone"],
    ['{"src":"n0","dest":"n9","body":{}}', '"n9", which is nobody'],
  ];
  for (const [line, problem] of cases) {
    const message = read(line);
    assertStringIncludes("problem" in message ? message.problem : "", problem);
  }
});

Deno.test("a line that is no message is quoted whole, though it begins with JSON", () => {
  const heard: unknown[] = [];
  const listen = listener("n0", {
    sent: (_node, message) => heard.push(message),
    garbage: (...what) => heard.push(what),
  });
  const logs = ["2026/11/30 00:44:10 starting", "00:44:10.264 [info] ready"];
  for (const line of [...logs, '{"src":"n0"} and more', "[info]"]) listen(line);
  assertEquals(heard, [
    ...logs.map((line) => ["n0", line, "is no JSON object"]),
    { src: "n0" },
    ["n0", "[info]", undefined],
  ]);
});

Deno.test("a node that logs to stdout is heard to the end; one that writes only nonsense is ignored", () => {
  let messages = 0, garbage = 0;
  const listen = listener("n0", {
    sent: () => messages++,
    garbage: () => garbage++,
  });
  for (let i = 0; i < 2_000; i++) {
    for (const line of ["got a line", "[]", '{"src":"n0"}']) listen(line);
  }
  assertEquals([messages, garbage], [2_000, 4_000]);
  for (let i = 0; i < 2_000; i++) listen("y");
  assertEquals([messages, garbage], [2_000, 5_000]);
});

Deno.test("an endless line is cut, and what follows it is read", () => {
  const lines = new Lines(10);
  const push = (text: string) => lines.push(new TextEncoder().encode(text));
  assertEquals(push("short\n12345678"), ["short"]);
  assertEquals(push("90+++"), ["1234567890+++"]);
  assertEquals(push("dropped"), []);
  assertEquals(push("dropped\nnext\n"), ["next"]);
  assertEquals(push("1234567890+\n"), ["1234567890+"], "it was whole already");
  assertEquals(push("12345678901"), ["12345678901"]);
  assertEquals(lines.end(), []);
});
