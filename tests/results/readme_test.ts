import {
  findingsTable,
  flagsTable,
} from "../../lib/workbench/results/reference.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  partOf,
  readmeOf,
  rowsOf,
} from "../../lib/workbench/results/readme.ts";
import { transactionPrograms } from "../../lib/workbench/results/anomaly-table.ts";
import { needs } from "../fixtures/permitted.ts";
import { mutants } from "../mutants/all.ts";
import { mutantRow, mutantsSummary } from "../mutants/table.ts";

const read = (path: string) =>
  Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

const READMES = [
  "README.md",
  "challenges/README.md",
  "lib/README.md",
  "lib/workbench/README.md",
  "lib/workbench/checkers/README.md",
  "tests/README.md",
];

Deno.test(
  "the challenge that the README shows is the one in challenges",
  needs("read"),
  () => {
    const shown = /```ts\n(.*?)```/s.exec(read("README.md"))![1]!;
    assertStringIncludes(read("challenges/echo-1.ts"), shown);
  },
);

Deno.test(
  "the READMEs name all targets of the Makefile, and no others",
  needs("read"),
  () => {
    const names = READMES.flatMap((
      readme,
    ) => [...read(readme).matchAll(/`make ([a-zA-Z]+)`/g)]);
    const named = new Set(names.map(([, name]) => name));
    const [, listed] = /^TARGETS := (.*)$/m.exec(read("Makefile"))!;
    const targets = [...listed!.split(" "), "NAME"];
    assertEquals([...named].toSorted(), targets.toSorted());
  },
);

/** The folder of a README, with a slash at its end; empty for the project's own. */
const folderOf = (readme: string) => readme.slice(0, -"README.md".length);

Deno.test(
  "the files of the project that the READMEs name are there",
  needs("read"),
  () => {
    let found = 0;
    for (const readme of READMES) {
      const paths = read(readme).matchAll(
        /`((?:lib|tests|challenges)\/[\w./-]+)`/g,
      );
      for (const [, path] of paths) {
        if (/NAME|my-/.test(path!)) continue;
        assert(Deno.statSync(new URL(`../../${path}`, import.meta.url)), path);
        found++;
      }
    }
    assert(found > 0);
  },
);

Deno.test(
  "the READMEs' links within the project lead somewhere, and their pictures are there",
  needs("read"),
  () => {
    let found = 0;
    for (const readme of READMES) {
      for (const [, link] of read(readme).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|#)/.test(link!)) continue;
        const path = folderOf(readme) + link!.split("#")[0]!;
        assert(
          Deno.statSync(new URL(`../../${path}`, import.meta.url)),
          `${readme}: ${link}`,
        );
        if (path.endsWith(".svg")) {
          assertStringIncludes(read(path), "<svg", path);
          found++;
        }
      }
    }
    assert(found > 0, "there are pictures");
  },
);

Deno.test(
  "the README has a row for every mutant, and says how many Maelstrom finds valid",
  needs("read"),
  () => {
    const part = partOf(Deno.readTextFileSync(readmeOf("mutants")), "mutants");
    assertEquals(rowsOf(part), mutants.map(mutantRow), "run make results");
    assertStringIncludes(part, mutantsSummary(mutants));
  },
);

Deno.test(
  "the README has a row for every program for transactions, and nothing that it prevents was seen",
  needs("read"),
  () => {
    const rows = rowsOf(
      partOf(Deno.readTextFileSync(readmeOf("anomalies")), "anomalies"),
    );
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
  "what agreement costs is said with the figures of the table of all programs",
  needs("read"),
  () => {
    const readme = read("challenges/README.md");
    const all = new Map(
      rowsOf(partOf(readme, "results"))
        .map((
          row,
        ) => [row[0]!.replaceAll(/[*`]/g, ""), row[4]!.split(" ")[0]!]),
    );
    const chapter = readme.slice(readme.indexOf("## Consensus"));
    const said = rowsOf(chapter).map(([name, , S]) =>
      [name!.replaceAll("`", ""), S!] as const
    );
    assert(said.length > 0);
    for (const [name, S] of said) assertEquals(S, all.get(name), name);
    const thunks = `S ${all.get("txn-list-append-thunks")}`;
    assertStringIncludes(chapter.replaceAll(/\s+/g, " "), thunks);
  },
);

Deno.test(
  "every bug of our own that the tests' README lists is kept found by a mutant that is caught in the same way",
  needs("read"),
  () => {
    const readme = read("tests/README.md");
    const rows = rowsOf(
      readme.slice(readme.indexOf("## What the simulator found")),
    );
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

Deno.test(
  "the workbench's README has its flags and its findings as the code has them",
  needs("read"),
  () => {
    const readme = Deno.readTextFileSync(readmeOf("flags"));
    assertEquals(
      rowsOf(partOf(readme, "flags")),
      rowsOf(flagsTable()),
      "run make results",
    );
    assertEquals(
      rowsOf(partOf(readme, "findings")),
      rowsOf(findingsTable()),
      "run make results",
    );
  },
);
