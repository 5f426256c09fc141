/** Shrinks a failing run to what matters in it. */
import { INGREDIENTS } from "./chaos.ts";
import { nodesOf, type Options } from "../history/options.ts";
import type { SeedResult } from "./seed-result.ts";
import { ingredientsOf, scenarioIn, type Simulation } from "./simulate.ts";

/** Maelstrom's defaults for the flags that are made smaller. */
const DEFAULTS = { "time-limit": 60, rate: 5 };

/** How long shrinking one failure may take, in milliseconds of real time. */
const BUDGET_MS = 30_000;

/** A run and its result. */
export interface Shrunk {
  simulation: Simulation;
  result: SeedResult;
}

/**
 * Makes a failing run smaller while it fails in one of the same ways: fewer operations, then
 * fewer faults, then fewer nodes. The seed stays the same, though what it decides may change.
 *
 * @param perform performs a run
 * @param onTry called for every attempt
 */
export async function shrink(
  { simulation, result }: Shrunk,
  perform: (simulation: Simulation) => Promise<SeedResult>,
  onTry: () => void = () => {},
): Promise<Shrunk> {
  const scenario = scenarioIn(simulation);
  const types = new Set(result.anomalies.map(({ type }) => type));
  // That Maelstrom's verdict is invalid too does not say in which way.
  if (types.size > 1) types.delete("faithful-judge");
  const giveUpAt = performance.now() + BUDGET_MS;
  let best = { simulation, result };

  /** Keeps a smaller run as the best if it fails in the same way. */
  async function attempt(smaller: Partial<Simulation>): Promise<boolean> {
    if (performance.now() > giveUpAt) return false;
    onTry();
    const candidate = { ...best.simulation, ...smaller };
    const outcome = await perform(candidate);
    if (!outcome.anomalies.some(({ type }) => types.has(type))) return false;
    best = { simulation: candidate, result: outcome };
    return true;
  }
  const options = (): Options => {
    const { run = 0, overrides = {} } = best.simulation;
    return { ...scenario.runs[run]!.flags, ...overrides };
  };
  const withFlag = (flag: string, value: number) =>
    attempt({ overrides: { ...best.simulation.overrides, [flag]: value } });

  for (const [flag, fallback] of Object.entries(DEFAULTS)) {
    const half = () => Math.floor(Number(options()[flag] ?? fallback) / 2);
    while (half() >= 1 && await withFlag(flag, half()));
  }
  for (const ingredient of INGREDIENTS) {
    const { without = [] } = best.simulation;
    if (ingredientsOf(best.simulation, scenario).includes(ingredient)) {
      await attempt({ without: [...without, ingredient] });
    }
  }
  const nodes = nodesOf(options()).length;
  for (const fewer of [1, 2, 3, 5]) {
    if (fewer < nodes && await withFlag("node-count", fewer)) break;
  }
  return best;
}
