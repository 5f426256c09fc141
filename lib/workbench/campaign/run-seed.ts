/** One seed of a campaign: a simulated run, judged and reduced to its result. */
import { type Json, stringifyBeginning } from "../history/json.ts";
import type { Anomaly } from "../checkers/verdict.ts";
import type { Judged } from "../checkers/judges.ts";
import { GuestError } from "./guests.ts";
import { noVerdict, type SeedResult } from "./seed-result.ts";
import { type Listeners, simulate, type Simulation } from "./simulate.ts";

/** Performs one run. A run without a verdict is a result too, not an exception. */
export async function runSeed(
  simulation: Simulation,
  listeners: Listeners = {},
): Promise<SeedResult> {
  const { seed } = simulation;
  try {
    const judged = await simulate(simulation, {
      ...listeners,
      forVerdict: true,
    });
    return {
      seed,
      faithful: judged.results["valid?"],
      strict: judged.strict["valid?"],
      anomalies: anomaliesOf(judged),
      notes: judged.strict.notes.map(({ type }) => type),
      figures: judged.figures,
      labels: [...judged.labels],
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    const isHopeless = error instanceof GuestError;
    return { ...noVerdict(seed, reason), ...(isHopeless && { isHopeless }) };
  }
}

/** The anomalies of both judges; Maelstrom's error types become sentences. */
function anomaliesOf(
  { results, strict }: Pick<Judged, "results" | "strict">,
): Anomaly[] {
  if (results["valid?"] === true) return strict.anomalies;
  const because = [`Maelstrom's own verdict is ${results["valid?"]}`];
  for (const part of ["workload", "availability", "stats"]) {
    const result = results[part] as { [key: string]: Json } | undefined;
    if (result !== undefined && result["valid?"] !== true) {
      because.push(`${part}: ${stringifyBeginning(result, 400).slice(0, 400)}`);
    }
  }
  return [{ type: "faithful-judge", because }, ...strict.anomalies];
}
