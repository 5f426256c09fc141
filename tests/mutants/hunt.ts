/**
 * Who finds the planted bugs.
 *
 *     deno run -A tests/mutants/hunt.ts
 *
 * hunts for all of them, in twenty seeds each, and says how many are caught by a name that
 * explains them.
 */
import { simulate } from "../../lib/workbench/campaign/simulate.ts";
import type { Judged } from "../../lib/workbench/checkers/judges.ts";
import {
  type Anomaly,
  type Results,
  THROWS,
} from "../../lib/workbench/checkers/verdict.ts";
import type { JsonObject } from "../../lib/workbench/history/json.ts";
import { judgedRun } from "../strangers/stranger.ts";
import { mutants } from "./all.ts";
import type { Impostor } from "./impostor.ts";
import { impostors as others } from "./impostors.ts";
import { impostors as stores } from "./impostors-stores.ts";
import { type Mutant, programOf } from "./mutant.ts";

/** All impostors. */
export const impostors: readonly Impostor[] = [...others, ...stores];

/** In so many seeds a bug must show. */
export const SEEDS = 20;

/** What came of a hunt. */
export interface Quarry {
  /** The anomaly that names the bug; null if none did. */
  found: Anomaly | null;
  /** Everything that was found up to then, by name. */
  seen: ReadonlySet<string>;
  /** Whether Maelstrom's own verdict on that same run is valid. */
  passed: boolean;
}

/**
 * Hunts for a mutant's or an impostor's bug, up to a run in which it is found and Maelstrom's own
 * verdict is the one that the mutant says, or else in any.
 */
export async function hunt(mutant: Mutant | Impostor): Promise<Quarry> {
  const seen = new Set<string>();
  let other: Quarry | null = null;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { results, strict } = await judged(mutant, seed);
    for (const { type } of strict.anomalies) seen.add(type);
    const found = strict.anomalies.find(({ type }) =>
      mutant.caughtAs.includes(type)
    );
    if (found === undefined) continue;
    // Maelstrom mutes a node after a broken line or a late reply, and judges what it does not hear.
    const asMaelstrom = results["valid?"] === "unknown"
      ? (await judged(mutant, seed, true)).results
      : results;
    const quarry = { found, seen, passed: passes(asMaelstrom) };
    if (quarry.passed === (mutant.faithful === "passes")) return quarry;
    other ??= quarry;
  }
  return other ?? { found: null, seen, passed: false };
}

async function judged(
  mutant: Mutant | Impostor,
  seed: number,
  faithful = false,
): Promise<Judged> {
  if (!("scenario" in mutant)) return await judgedRun(mutant, seed);
  return await simulate({
    name: mutant.scenario,
    seed,
    faults: mutant.faults,
    overrides: mutant.flags ?? {},
    ...(mutant.script === undefined ? {} : { script: mutant.script }),
    program: programOf(mutant),
    faithful,
  });
}

/** Whether Maelstrom's verdict is valid: it has none where its checker throws. */
function passes(results: Results): boolean {
  const { [THROWS]: throws } = Object(results["workload"]) as JsonObject;
  return results["valid?"] === true && throws === undefined;
}

if (import.meta.main) {
  const all = [...mutants, ...impostors];
  let caught = 0;
  for (const mutant of all) {
    const { found, seen, passed } = await hunt(mutant);
    const right = (mutant.faithful === "passes") === passed;
    if (found !== null && right) caught++;
    else {
      const names = [...seen].join(", ") || "nothing";
      console.log(
        `${mutant.name}: found ${names}; Maelstrom's verdict is ${
          passed ? "valid" : "not valid"
        }`,
      );
    }
  }
  console.log(`mutants caught: ${caught} of ${all.length}`);
  if (caught < all.length) Deno.exit(1);
}
