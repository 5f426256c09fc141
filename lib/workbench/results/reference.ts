/**
 * Generates parts of the workbench's README: Maelstrom's flags with their defaults, and what each
 * finding means.
 *
 *     deno run -A lib/workbench/results/reference.ts
 */
import { RUN_FLAGS } from "../commands/flags.ts";
import { glossary } from "../glossary/glossary.ts";
import { tableOf, writePart } from "./readme.ts";

/** The table of flags. */
export function flagsTable(): string {
  const rows = Object.entries(RUN_FLAGS).map(([name, { says, fallback }]) => [
    `\`--${name}\``,
    cell(says),
    cell(fallback),
  ]);
  return tableOf(["flag", "what it says", "default"], rows);
}

/** The table of findings, in the order of their names. */
export function findingsTable(): string {
  const rows = Object.entries(glossary)
    .toSorted(([a], [b]) => a.toLowerCase() < b.toLowerCase() ? -1 : 1)
    .map(([type, { means, usually, tries }]) => [
      `\`${type}\``,
      cell(means),
      cell(usually),
      cell(tries),
    ]);
  return tableOf(
    ["finding", "what it means", "what usually causes it", "what to try"],
    rows,
  );
}

/** A text as a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}

if (import.meta.main) {
  await writePart("flags", flagsTable());
  await writePart("findings", findingsTable());
}
