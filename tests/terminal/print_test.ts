/** What the commands print. */
import { assert, assertEquals } from "@std/assert";
import { printJson } from "../../lib/workbench/terminal/print.ts";

Deno.test("JSON is printed in pieces, all of it, though stdout takes only a part of each", () => {
  const value = { values: Array.from({ length: 100 }, (_, i) => `${i} é`) };
  const { stdout } = Deno;
  const { writeSync } = stdout;
  const taken: number[] = [];
  let longest = 0;
  stdout.writeSync = (bytes) => {
    longest = Math.max(longest, bytes.length);
    taken.push(...bytes.slice(0, 3));
    return Math.min(3, bytes.length);
  };
  try {
    printJson(value);
  } finally {
    stdout.writeSync = writeSync;
  }
  const text = new TextDecoder().decode(Uint8Array.from(taken));
  assertEquals(text, JSON.stringify(value) + "\n");
  assert(longest < 20, `${longest} bytes at once`);
});
