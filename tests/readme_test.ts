import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { needs } from "./fixtures/permitted.ts";

const read = (path: string) =>
  Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));

Deno.test(
  "the challenge that the README shows is the one in challenges",
  needs("read"),
  () => {
    const shown = /```ts\n(.*?)```/s.exec(read("README.md"))![1]!;
    assertStringIncludes(read("challenges/echo-1.ts"), shown);
  },
);

Deno.test(
  "every make target that the README names is in the Makefile, and the other way round",
  needs("read"),
  () => {
    const names = read("README.md").matchAll(/`make ([a-zA-Z]+)`/g);
    const named = new Set([...names].map(([, name]) => name));
    const phony = /^\.PHONY: (.*)$/m.exec(read("Makefile"))![1]!;
    const targets = phony.replace("$(NAMES)", "NAME").split(" ");
    assertEquals([...named].toSorted(), targets.toSorted());
  },
);

Deno.test(
  "the README's links to files of the project lead somewhere",
  needs("read"),
  () => {
    const paths = read("README.md").matchAll(
      /`((?:lib|tests|challenges)\/[\w./-]+)`/g,
    );
    let found = 0;
    for (const [, path] of paths) {
      if (path!.includes("NAME")) continue;
      assert(Deno.statSync(new URL(`../${path}`, import.meta.url)), path);
      found++;
    }
    assert(found > 0);
  },
);
