/**
 * Simulated runs: a program's own module in virtual time, one seed deciding everything.
 * The same seed and settings give the same recording to the byte.
 */
import {
  chaos,
  type Ingredient,
  INGREDIENTS,
  PARTITION_INGREDIENTS,
} from "./chaos.ts";
import { VirtualClock } from "./clock.ts";
import { modules } from "./cluster/modules.ts";
import type { Options, Recording } from "./history.ts";
import { judge, type Judged } from "./judges.ts";
import type { Program } from "../maelstrom.ts";
import { seeded } from "./random.ts";
import { performRun } from "./run.ts";
import { type Scenario, scenarioOf } from "./scenarios.ts";
import { workloads } from "./workloads/all.ts";

/** Which faults a simulated run meets. */
export type FaultProfile = "official" | "partition" | "chaos";

/** The profiles there are. */
export const FAULT_PROFILES: readonly FaultProfile[] = [
  "official",
  "partition",
  "chaos",
];

/** One simulated run, completely: two runs of the same settings are the same run. */
export interface Simulation {
  /** A scenario's name. */
  name: string;
  seed: number;
  faults: FaultProfile;
  /** Flags instead of the scenario's own. */
  overrides?: Options;
  /** Which of the scenario's commands; 0 if not given. */
  run?: number;
  /** Chaos without these. */
  without?: readonly Ingredient[];
  /** Also what is wrong with Maelstrom itself: seq-kv wraps around, a broken line mutes its node. */
  faithful?: boolean;
  /** Another program in the place of the scenario's own: a mutant. */
  program?: Program<Record<never, never>>;
}

/** A simulated run, judged, with the names of things that happened in it. */
export interface Simulated extends Judged {
  labels: ReadonlySet<string>;
}

/** Does and judges one simulated run. */
export async function simulate(simulation: Simulation): Promise<Simulated> {
  const labels = new Set<string>();
  const recording = await record(simulation, (label) => labels.add(label));
  return { ...judge(recording), labels };
}

/** Does one simulated run, without judging it. */
export async function record(
  simulation: Simulation,
  onEvent: (label: string) => void = () => {},
): Promise<Recording> {
  const { name, seed, overrides = {} } = simulation;
  const scenario = scenarioOf(name);
  const program = simulation.program ?? await load(name);
  const clock = new VirtualClock();
  const random = seeded(seed);
  const flags = scenario.runs[simulation.run ?? 0]!.flags;
  const options = { ...flags, ...overrides };
  const ingredients = ingredientsOf(simulation, scenario);
  // A killed node does not answer, whatever it promises.
  if (ingredients.includes("kill")) delete options.availability;
  const recording = await clock.run(performRun({
    workload: workloads[options.workload as string ?? scenario.workload]!,
    options,
    openHost: modules(program, clock, random.fork("nodes")),
    clock,
    random,
    faithful: simulation.faithful ?? false,
    onEvent,
    // Official faults are what the flags say.
    ...(simulation.faults === "official" ? {} : { faults: chaos(ingredients) }),
  }));
  const { faults } = simulation;
  return { ...recording, label: name, program: name, seed, faults };
}

/** The ingredients a scenario's chaos is made of: kills only where they are survived by promise. */
export function ingredientsOf(
  { faults, without = [] }: Pick<Simulation, "faults" | "without">,
  { promises }: Scenario,
): Ingredient[] {
  if (faults === "official") return [];
  const all = faults === "partition" ? PARTITION_INGREDIENTS : INGREDIENTS;
  return all.filter((ingredient) =>
    !without.includes(ingredient) &&
    (ingredient !== "kill" || promises.survivesRestart === true)
  );
}

/** The default export of a challenge's file. */
async function load(name: string): Promise<Program<Record<never, never>>> {
  const module = await import(
    import.meta.resolve(`../../challenges/${name}.ts`)
  );
  return module.default;
}

/** The command that does a simulated run again. */
export function replayCommand(simulation: Simulation): string {
  const { name, seed, faults, overrides = {}, run = 0, without = [] } =
    simulation;
  const words = [`deno task workbench simulate ${name} --seed ${seed}`];
  words.push(`--faults ${faults}`);
  if (simulation.faithful) words.push("--faithful");
  if (run !== 0) words.push(`--run ${run}`);
  if (without.length > 0) words.push(`--without ${without.join(",")}`);
  for (const [flag, value] of Object.entries(overrides)) {
    words.push(`--${flag} ${value}`);
  }
  return words.join(" ");
}
