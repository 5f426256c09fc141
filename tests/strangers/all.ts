/**
 * Correct programs with odd but legal choices, which both judges must find valid.
 *
 *     deno run -A tests/strangers/all.ts [SEEDS]
 *
 * judges each in some simulated runs and says how many were found invalid.
 */
import { strangers as basics } from "./basics.ts";
import { strangers as logs } from "./logs.ts";
import { strangers as sets } from "./sets.ts";
import { strangers as stores } from "./stores.ts";
import { judgedRun, type Stranger } from "./stranger.ts";

/** All of them. */
export const strangers: readonly Stranger[] = [
  ...basics,
  ...sets,
  ...logs,
  ...stores,
];

/** Why a judge finds a stranger invalid, in a line; null if none does. */
export async function accusation(
  stranger: Stranger,
  seed: number,
): Promise<string | null> {
  const { results, strict } = await judgedRun(stranger, seed);
  if (results["valid?"] === true && strict["valid?"] === true) return null;
  const because = strict.anomalies.map(({ type, because }) =>
    `${type}: ${because[0]}`
  );
  return `${stranger.name}, seed ${seed}: Maelstrom's verdict is ${
    results["valid?"]
  }; ${because.join("; ")}`;
}

if (import.meta.main) {
  const seeds = Number(Deno.args[0] ?? 3);
  if (!Number.isInteger(seeds) || seeds < 1) {
    console.error(
      `Cannot judge ${
        Deno.args[0]
      } seeds of each: give a whole number, at least 1`,
    );
    Deno.exit(254);
  }
  const accused = new Set<Stranger>();
  for (const stranger of strangers) {
    for (let seed = 1; seed <= seeds; seed++) {
      const text = await accusation(stranger, seed);
      if (text === null) continue;
      console.log(text);
      accused.add(stranger);
    }
  }
  console.log(`false positives: ${accused.size} of ${strangers.length}`);
  if (accused.size > 0) Deno.exit(1);
}
