import type { AnyNode, Stranger } from "../strangers/stranger.ts";
import type { Mutant } from "./mutant.ts";

/** A stranger with a bug. */
export interface Impostor
  extends
    Omit<Stranger, "choice">,
    Pick<Mutant, "bug" | "caughtAs" | "faithful"> {}

/** Impostors of one workload and run. */
export const impostor = (
  workload: string,
  options: Stranger["options"],
) =>
(
  name: string,
  bug: string,
  program: (node: AnyNode) => void,
  caughtAs: string | string[],
  faithful: Mutant["faithful"],
  more: Stranger["options"] = {},
): Impostor => ({
  name,
  bug,
  program,
  workload,
  options: { ...options, ...more },
  caughtAs: [caughtAs].flat(),
  faithful,
});
