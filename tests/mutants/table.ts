/**
 * The README's table of mutants, made from the code.
 *
 *     deno run tests/mutants/table.ts
 */
import { tableOf } from "../../lib/workbench/results/readme.ts";
import { mutants } from "./all.ts";
import type { Mutant } from "./mutant.ts";

/** A mutant's row: what it is, what is wrong, its anomalies, what Maelstrom says. */
export function mutantRow(mutant: Mutant): string[] {
  const { name, bug, caughtAs, faithful } = mutant;
  const names = caughtAs.map((type) => `\`${type}\``).join(" or ");
  return [`\`${name}\``, bug, names, faithful === "passes" ? "valid" : "–"];
}

/** How many mutants there are, and how many of them Maelstrom finds valid. */
export function mutantsSummary(all: readonly Mutant[]): string {
  const passing = all.filter(({ faithful }) => faithful === "passes").length;
  return `${all.length} mutants; Maelstrom's own verdict is valid for ${passing} of them`;
}

/** The whole text of the README's part. */
export function mutantsText(all: readonly Mutant[]): string {
  const head = ["mutant", "what is wrong with it", "caught as", "Maelstrom"];
  return [
    `<details><summary>${mutantsSummary(all)}</summary>`,
    "",
    tableOf(head, all.map(mutantRow)),
    "",
    "</details>",
  ].join("\n");
}

if (import.meta.main) console.log(mutantsText(mutants));
