/** Every finding that a judge can name is explained. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  explanationOf,
  explanationText,
  glossary,
} from "../../lib/workbench/glossary/glossary.ts";
import { mutants } from "../mutants/all.ts";
import { needs } from "../fixtures/permitted.ts";

const CHECKERS = new URL("../../lib/workbench/checkers/", import.meta.url);

/** Names in the sources of the checkers that findings get. */
function* named(folder = CHECKERS): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* named(new URL(`${name}/`, folder));
    else {
      const text = Deno.readTextFileSync(new URL(name, folder));
      const found = text.matchAll(
        /(?:\badd|\bnote)\(\s*"([\w-]+)"|\btype: "([\w-]+)", because/g,
      );
      for (const [, added, typed] of found) yield added ?? typed!;
    }
  }
}

Deno.test(
  "every finding that the judges' sources name is explained",
  needs("read"),
  () => {
    const names = new Set(named());
    assert(names.size > 30, `${names.size} names`);
    const silent = [...names].filter((name) =>
      explanationOf(name) === undefined
    );
    assertEquals(silent, []);
  },
);

Deno.test("whatever a mutant is caught as is explained", () => {
  const silent = mutants.flatMap(({ caughtAs }) => caughtAs)
    .filter((name) => explanationOf(name) === undefined);
  assertEquals(silent, []);
});

Deno.test("an explanation says what was promised, what causes it, and what to try", () => {
  for (const [type, { means, usually, tries }] of Object.entries(glossary)) {
    for (const text of [means, usually, tries]) {
      assert(text.endsWith(".") && text.length > 10, `${type}: ${text}`);
    }
  }
  assertStringIncludes(explanationText("G-single-item-realtime")!, "Read skew");
  assertEquals(explanationOf("__proto__"), undefined);
  assertEquals(explanationOf("no-such-thing"), undefined);
});
