/**
 * Mutants: nodes with one planted bug each, which the strict judge must find, by name,
 * within twenty seeds. What Maelstrom's own verdict says of them is in the table too.
 */
import { assert, assertEquals } from "@std/assert";
import { simulate } from "../../lib/workbench/campaign/simulate.ts";
import { type Results, THROWS } from "../../lib/workbench/checkers/verdict.ts";
import type { JsonObject } from "../../lib/workbench/history.ts";
import { mutants } from "../mutants/all.ts";
import { type Mutant, programOf } from "../mutants/mutant.ts";

const SEEDS = 20;

/** The first seed in which the bug is found under one of its names, and Maelstrom's verdict on that same run. */
async function hunt(mutant: Mutant) {
  const seen = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = {
      name: mutant.scenario,
      seed,
      faults: mutant.faults,
      overrides: mutant.flags ?? {},
      program: programOf(mutant),
    };
    const { results, strict } = await simulate(run);
    for (const { type } of strict.anomalies) seen.add(type);
    const found = strict.anomalies.find(({ type }) =>
      mutant.caughtAs.includes(type)
    );
    if (found === undefined) continue;
    // Maelstrom mutes a node after a broken line, and judges what it does not hear.
    const asMaelstrom = found.type === "protocol-violation"
      ? (await simulate({ ...run, faithful: true })).results
      : results;
    return { found, seen, passed: passes(asMaelstrom) };
  }
  return { found: null, seen, passed: false };
}

/** Whether Maelstrom's verdict is valid: it has none where its checker throws. */
function passes(results: Results): boolean {
  const { [THROWS]: throws } = results["workload"] as JsonObject;
  return results["valid?"] === true && throws === undefined;
}

for (const mutant of mutants) {
  Deno.test(`the mutant ${mutant.name} (${mutant.bug}) is caught as ${mutant.caughtAs.join(" or ")}`, async () => {
    const { found, seen, passed } = await hunt(mutant);
    const instead = [...seen].join(", ") || "nothing";
    assert(
      found !== null,
      `not within ${SEEDS} seeds; found instead: ${instead}`,
    );
    assert(found.because.length > 0, "an anomaly must say why");
    assertEquals(passed ? "passes" : "caught", mutant.faithful);
  });
}
