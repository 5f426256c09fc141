import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { partOf, rowsOf } from "../../lib/workbench/results/readme.ts";
import { transactionPrograms } from "../../lib/workbench/results/anomaly-table.ts";
import { needs } from "../fixtures/permitted.ts";
import { mutants } from "../mutants/all.ts";
import { mutantRow, mutantsSummary } from "../mutants/table.ts";

const read = (path: string) =>
  Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

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
      assert(Deno.statSync(new URL(`../../${path}`, import.meta.url)), path);
      found++;
    }
    assert(found > 0);
  },
);

Deno.test(
  "the README's pictures are there",
  needs("read"),
  () => {
    const pictures = [...read("README.md").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)];
    assert(pictures.length > 0);
    for (const [, path] of pictures) {
      assertStringIncludes(read(path!), "<svg", path);
    }
  },
);

Deno.test(
  "the README has a row for every mutant, and says how many Maelstrom finds valid",
  needs("read"),
  () => {
    const part = partOf(read("README.md"), "mutants");
    assertEquals(rowsOf(part), mutants.map(mutantRow), "run make results");
    assertStringIncludes(part, mutantsSummary(mutants));
  },
);

Deno.test(
  "the README has a row for every program for transactions, and nothing that it prevents was seen",
  needs("read"),
  () => {
    const rows = rowsOf(partOf(read("README.md"), "anomalies"));
    const programs = transactionPrograms().map((name) => `\`${name}\``);
    assertEquals(
      rows.map(([program]) => program),
      programs,
      "run make results",
    );
    const cells = rows.flatMap((row) => row.slice(1));
    const seen = /^(prevented, 0|allowed, [1-9]\d*) of \d+$/;
    assertEquals(cells.filter((cell) => !seen.test(cell)), []);
  },
);

Deno.test(
  "every bug of our own that the README lists is kept found by a mutant that is caught in the same way",
  needs("read"),
  () => {
    const readme = read("README.md");
    const from = readme.indexOf("### What the simulator found");
    const rows = rowsOf(readme.slice(from, readme.indexOf("\n## ", from)));
    assert(rows.length > 0);
    for (const row of rows) {
      const [anomaly, name] = [row[3]!, row[5]!].map((cell) =>
        cell.replaceAll("`", "")
      );
      const mutant = mutants.find((mutant) => mutant.name === name);
      assert(mutant?.caughtAs.includes(anomaly!), `${name}: ${anomaly}`);
    }
  },
);
