/**
 * What `bin/workbench` carries in itself. Where the workbench runs from its sources it
 * carries nothing: programs, threads and packages are then found where they lie.
 */
import type { Program } from "../../maelstrom.ts";

/** The parts of an executable that the sources find by their paths. */
export interface Carried {
  /** The executable's own script, which threads run too. */
  script: string;
  /** Our programs by name. */
  programs: Readonly<
    Record<string, () => Promise<{ default: unknown }>>
  >;
  /** The mutants of the tests; absent where there were no tests. */
  mutants?: () => Promise<{ mutants: readonly unknown[] }>;
  /** What draws plots; absent where it could not be had when the executable was built. */
  plots?: () => Promise<[typeof import("vega"), typeof import("vega-lite")]>;
}

let carried: Carried | undefined;

/** Says what this executable carries; its first act. */
export function carry(parts: Carried): void {
  carried = parts;
}

/** What this executable carries, if it is one. */
export function carriedParts(): Carried | undefined {
  return carried;
}

/** A program of ours, by its name. */
export async function programNamed(
  name: string,
): Promise<Program<Record<never, never>>> {
  const url = import.meta.resolve(`../../../challenges/${name}.ts`);
  const module = await (carried?.programs[name]?.() ?? import(url));
  return module.default;
}
