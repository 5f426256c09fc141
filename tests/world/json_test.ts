/** Numbers are what was written; lines are read as Maelstrom reads them. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { fieldsOf } from "../../lib/workbench/history/fields.ts";
import { carried, plain } from "../../lib/workbench/history/copies.ts";
import {
  beginning,
  canonical,
  equal,
  Float,
  float,
  isInteger,
  type Json,
  type JsonObject,
  parse,
  parseLine,
  stringify,
  stringifyBeginning,
  sum,
  textLength,
} from "../../lib/workbench/history/json.ts";
import { jsonKey, keyJson } from "../../lib/workbench/checkers/json-key.ts";

Deno.test("integers of any size keep all their digits", () => {
  for (
    const text of ["9007199254740993", "-1180591620717411303425", "1", "0"]
  ) {
    assertEquals(stringify(parse(text)), text);
    assertEquals(stringify(parse(`{"a":[${text}]}`)), `{"a":[${text}]}`);
    assert(isInteger(parse(text)) && !(parse(text) instanceof Float));
  }
  assertEquals(parse("9007199254740991"), 9007199254740991);
  assertEquals(parse("9007199254740992"), 9007199254740992n);
});

Deno.test("the length of a text is known without the text", () => {
  const numbers = [
    "1.0",
    "-0.5",
    "1e999",
    "123456789012345678901",
    "-7",
    "1e-7",
  ];
  for (const text of [...numbers, "0", "999999999", "1000000000", "[]", "{}"]) {
    assertEquals(textLength(parse(text)), stringify(parse(text)).length);
  }
  const holes: unknown[] = [undefined, { a: [1, undefined], b: undefined }];
  assertEquals(textLength(holes as Json), stringify(holes).length);
  const any = fc.jsonValue({ stringUnit: "binary" });
  fc.assert(fc.property(any, (value) => {
    assertEquals(textLength(value as Json), JSON.stringify(value).length);
  }));
});

Deno.test("the beginning of a text has the same characters, and does not keep the rest in memory", () => {
  assertEquals(beginning("short", 5), "short");
  assertEquals(beginning("longer", 5), "longe");
  assertEquals(beginning("a\ud83d\ude00b", 2), "a\ud83d"); // as a slice
});

Deno.test("the beginning of a value's text is made without the rest", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.nat(60), (value, most) => {
    const text = JSON.stringify(value);
    const begun = stringifyBeginning(value, most);
    assertEquals(begun.slice(0, most), text.slice(0, most));
    assertEquals(begun.length > most, text.length > most);
  }));
  const long = "x".repeat(2 ** 28);
  assertEquals(
    stringifyBeginning([long, { long, all: [long] }], 8, 1).slice(0, 8),
    '[\n "xxxx',
  );
});

Deno.test("a float is not the integer of the same value, and stays a float", () => {
  const written = [
    ["1.0", "1.0"],
    ["-0.0", "-0.0"],
    ["1e3", "1000.0"],
    ["0.50", "0.5"],
    ["1E+999", "1e999"],
    ["-1e999", "-1e999"],
    ["9007199254740993.0", "9007199254740992.0"],
    ["1e21", "1e+21"],
  ] as const;
  for (const [text, again] of written) {
    const value = parse(text);
    assertEquals(stringify(value), again);
    assert(!isInteger(value));
    assert(equal(value, parse(again)));
  }
  assert(!equal(parse("1.0"), 1));
  assert(!equal(parse("[1.0]"), parse("[1]")));
  assert(!equal(parse("1.0"), { text: "1.0" }));
  assert(equal(float(5), parse("5.0")));
  assert(equal(parse("[-0.0]"), parse("[0e3]")), "as Java compares");
  assertEquals(canonical(parse("[-0.0]")), canonical(parse("[0.0]")));
  assertEquals(stringify(parse("-0e1")), "-0.0");
  assertEquals(`${parse("[5.0]")}`, "5.0");
  assertEquals(Number(parse("5.0")), 5);
});

Deno.test("keys are the same where values are equal, and only there", () => {
  const different = ["1", "1.0", '"1"', '"1.0"', "[1]", "[1.0]", '{"a":1}']
    .concat(['{"a":1.0}', "9007199254740993", '"9007199254740993"', "null"])
    .concat(['"null"', "true", '"true"', "9007199254740992", "0.5", '"0.5"']);
  const keys = different.map((text) => jsonKey(parse(text)));
  assertEquals(new Set(keys).size, different.length);
  assertEquals(
    new Set(different.map((t) => canonical(parse(t)))).size,
    keys.length,
  );
  different.forEach((text, i) =>
    assertEquals(stringify(keyJson(keys[i]!)), text)
  );
  assertEquals(
    jsonKey(parse('{"b":1.0,"a":2}')),
    jsonKey(parse('{"a":2,"b":1e0}')),
  );
});

Deno.test("JSON without special numbers is parsed as JavaScript parses it", () => {
  fc.assert(fc.property(fc.json(), fc.string(), (text, more) => {
    const read = stringify(plain(parse(text)));
    assertEquals(JSON.parse(read), JSON.parse(text));
    assertEquals(
      stringify(parse(stringify(parse(text)))),
      stringify(parse(text)),
    );
    const object = `{"a":${text},"b":1.0}`;
    assertEquals(parseLine(`${object}${more}`), parse(object));
  }));
});

Deno.test("text that is not JSON is refused by every parser", () => {
  const wrong = ["", " ", "{", "[1,]", '{"a"}', "NaN", "Infinity", "01.0", ".5"]
    .concat([
      "1.",
      "+1.0",
      '"\\x"',
      '{"a":1.0',
      "'a'",
      "\ufeff1.0",
      "tru",
      '"1.0',
    ])
    .concat(["nul", "{a:1.0}", '"\\', '{"a" 1.0}', "1.0]"]);
  for (const text of wrong) {
    assertThrows(() => parse(text), SyntaxError, "", text);
  }
  assertThrows(() => parseLine("[".repeat(100_000)), SyntaxError);
  assertThrows(() => parse("[1.0,".repeat(100_000)), SyntaxError);
});

Deno.test("only the first value of a line counts, and control characters in strings are accepted", () => {
  assertEquals(parseLine('{"a":1}{"a":2}'), { a: 1 });
  assertEquals(parseLine(' {"a":1} // done'), { a: 1 });
  const more: string[] = [];
  for (const rest of [" \t\r", '{"a":2} ', " // done"]) {
    for (const value of ['{"a":1}', '{"a":1.0}']) {
      parseLine(value + rest, (text) => more.push(text));
    }
  }
  assertEquals(more, ['{"a":2}', '{"a":2}', "// done", "// done"]);
  assertEquals(parseLine('{"a":"x\ty\u0000","b":"\\\\"}'), {
    a: "x\ty\u0000",
    b: "\\",
  });
  assertEquals(parseLine('{"a":1.0,"a":2}'), { a: 2 });
  assertThrows(() => parseLine("hello {}"), SyntaxError);
  const long = "x".repeat(10_000_000);
  assertEquals(parseLine(`{"a":"${long}"} 1.0`), { a: long });
});

Deno.test("a key called __proto__ is a key", () => {
  const object = parse('{"__proto__":{"a":1.0}}') as { [key: string]: Json };
  assertEquals(Object.keys(object), ["__proto__"]);
  assertEquals(stringify(plain(object)), '{"__proto__":{"a":1}}');
});

Deno.test("objects with numbers as keys have no other keys", () => {
  const most = String(2 ** 32 - 2);
  for (const keys of [["600"], ["7", most], ["0", "x", "__proto__"], [most]]) {
    const fields = keys.map((key, i): [string, Json] => [key, i]);
    const object = fieldsOf(fields);
    for (const copy of [object, plain(object), carried(object)]) {
      assertEquals(Object.entries(copy as JsonObject), fields);
      assertEquals(parse(stringify(copy)), parse(stringify(object)));
    }
  }
  assertEquals(fieldsOf([]), {});
});

Deno.test("sums of integers are exact", () => {
  assertEquals(sum(9007199254740991, 1), 9007199254740992n);
  assertEquals(sum(9007199254740992n, -1), 9007199254740991);
  assertEquals(sum(2, 3), 5);
  assertNotEquals(sum(9007199254740991, 2), 9007199254740992n);
});
