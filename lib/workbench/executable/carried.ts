/**
 * What `bin/workbench` carries inside it. A workbench that runs from its sources carries
 * nothing: programs, threads and packages are then found in their places.
 */
import type { Program } from "../../maelstrom.ts";

/** The parts of an executable that the sources find by path. */
export interface Carried {
  /** The executable's own script, which threads run too. */
  script: string;
  /** Our programs by name. */
  programs: Readonly<
    Record<string, () => Promise<{ default: unknown }>>
  >;
  /** The tests' mutants; absent if it was built without the tests. */
  mutants?: () => Promise<{ mutants: readonly unknown[] }>;
  /** The plotting library; absent if it was not available when the executable was built. */
  plots?: () => Promise<[typeof import("vega"), typeof import("vega-lite")]>;
}

let carried: Carried | undefined;

/** Says what this executable carries; called before anything else. */
export function carry(parts: Carried): void {
  carried = parts;
}

/** What this executable carries; undefined when run from the sources. */
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
