import type { Program } from "../../lib/maelstrom.ts";
import type { Options } from "../../lib/workbench/history/options.ts";
import type { Faults } from "../../lib/workbench/world/faults.ts";
import type { FaultProfile } from "../../lib/workbench/campaign/simulate.ts";

/** A node with one planted bug, and who must find it. */
export interface Mutant {
  name: string;
  /** What is wrong with it, in a sentence. */
  bug: string;
  program: unknown;
  /** The scenario whose workload, flags and promises it is judged by. */
  scenario: string;
  /** Flags instead of the scenario's. */
  flags?: Options;
  faults: FaultProfile;
  /** Faults instead of those of the profile. */
  script?: Faults;
  /** The anomalies any of which names the bug. */
  caughtAs: string[];
  /** Maelstrom's own verdict on a run in which the strict judge finds the bug. */
  faithful: "passes" | "caught";
}

/** A mutant's program as the simulator takes it. */
export function programOf({ program }: Mutant): Program<Record<never, never>> {
  return program as Program<Record<never, never>>;
}

/** Makes mutants of one kind: what they have in common is said once, what differs last. */
export function mutantsWith(common: Omit<Mutant, "name" | "bug" | "program">) {
  return (
    name: string,
    bug: string,
    program: unknown,
    rest: Partial<Mutant> = {},
  ): Mutant => ({ name, bug, program, ...common, ...rest });
}
