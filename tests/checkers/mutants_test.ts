/**
 * Mutants: nodes with one planted bug each, which the strict judge must find, by name,
 * within twenty seeds; impostors are judged without any promise. What Maelstrom's own
 * verdict says of them is in the table too.
 */
import { assert, assertEquals } from "@std/assert";
import { mutants } from "../mutants/all.ts";
import { hunt, impostors, SEEDS } from "../mutants/hunt.ts";

for (const mutant of [...mutants, ...impostors]) {
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
