/** What `simulate` runs: a program of ours, a mutant of the tests, or a guest's module. */
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyProgram, Guest } from "../campaign/guests.ts";
import type { Simulation } from "../campaign/simulate.ts";
import { carriedParts } from "../executable/carried.ts";
import { shellWord } from "../history/options.ts";
import { type Scenario, scenarios } from "../scenarios/scenarios.ts";
import {
  asChallenge,
  asWorkload,
  challengeOf,
  challenges,
} from "../scenarios/standards.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

/** A mutant of `tests/mutants/`, as far as it matters here. */
interface Mutant {
  name: string;
  bug: string;
  program: unknown;
  scenario: string;
  flags?: Simulation["overrides"];
  faults: Simulation["faults"];
}

/** What to simulate, and what it is held to. */
export interface Subject
  extends Pick<Simulation, "name" | "guest" | "program" | "mutant"> {
  scenario: Scenario;
  /** What a mutant's bug needs to show itself. */
  needs?: Pick<Mutant, "flags" | "faults">;
}

/** What the command line says of it. */
export interface Said {
  workload?: string | undefined;
  challenge?: string | undefined;
}

/**
 * Finds what a name means.
 *
 * @throws {UsageError} there is no such program, or nothing says what it is held to
 */
export async function subjectNamed(name: string, said: Said): Promise<Subject> {
  const scenario = scenarios.find((scenario) => scenario.name === name);
  if (scenario !== undefined) return { name, scenario };
  const file = [name, `challenges/${name}.ts`].find((path) =>
    /\.[mc]?[jt]s$/.test(path) && isFile(path)
  );
  if (file !== undefined) return guestSubject(file, said);
  const there = statOf(name);
  if (there?.isFile || /[/\\]|\.[mc]?[jt]s$/.test(name)) {
    const why = there?.isFile
      ? `a module's name ends in .ts, .mts, .js or .mjs. Any other program runs in real time: test --bin ${
        shellWord(name)
      }`
      : there?.isDirectory
      ? "it is a folder. Name the file of a program"
      : "there is no such file";
    throw new UsageError(`Cannot simulate "${name}": ${why}`);
  }
  const mutants = await mutantsIn();
  const mutant = mutants.find((mutant) => mutant.name === name);
  if (mutant !== undefined) {
    return {
      name: mutant.scenario,
      scenario: scenarios.find(({ name }) => name === mutant.scenario)!,
      program: mutant.program as AnyProgram,
      mutant: name,
      needs: mutant,
    };
  }
  const names = scenarios.map(({ name }) => name);
  const all = [...names, ...mutants.map(({ name }) => name)];
  throw new UsageError(
    `Cannot simulate "${name}": there are ${names.join(", ")}${
      didYouMean(name, all) || "."
    } A program of your own is named by its file, as in simulate ./node.ts -w echo`,
  );
}

/**
 * The scenario of a named program.
 *
 * @throws {UsageError} there is none
 */
export function namedScenario(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map(({ name }) => name);
  throw new UsageError(
    `Cannot find a program "${name}": there are ${names.join(", ")}${
      didYouMean(name, names)
    }`,
  );
}

function guestSubject(
  path: string,
  { workload, challenge }: Said,
): Subject {
  const stem = basename(path).replace(/\.\w+$/, "");
  const challenged = challenge === undefined
    ? workload === undefined ? challengeOf(stem) : undefined
    : scenarios.find(({ name }) => name === challenge);
  if (challenge !== undefined && challenged === undefined) {
    const names = challenges.map(({ name }) => name);
    throw new UsageError(
      `Cannot find a challenge "${challenge}": there are ${names.join(", ")}${
        didYouMean(challenge, names)
      }`,
    );
  }
  if (challenge !== undefined && workload !== undefined) {
    throw new UsageError(
      "Cannot use --challenge and --workload together: a challenge has its workload",
    );
  }
  let scenario: Scenario;
  if (challenged !== undefined) scenario = asChallenge(path, challenged);
  else if (workload !== undefined) scenario = asWorkload(path, workload);
  else {
    throw new UsageError(
      `Cannot tell what "${path}" is to be tested as: add -w echo or another workload, or --challenge broadcast-3d or another`,
    );
  }
  const guest: Guest = {
    module: pathToFileURL(resolve(path)).href,
    scenario,
    words: [
      shellWord(path),
      challenged === undefined
        ? `-w ${workload}`
        : `--challenge ${challenged.name}`,
    ].join(" "),
    ...(challenged === undefined ? {} : { challenge: challenged.name }),
  };
  return { name: path, scenario, guest };
}

/** All mutants; none without the project's tests. */
async function mutantsIn(): Promise<readonly Mutant[]> {
  const parts = carriedParts();
  if (parts !== undefined) {
    return (await parts.mutants?.())?.mutants as Mutant[] ?? [];
  }
  const url = new URL("../../../tests/mutants/all.ts", import.meta.url);
  if (!isFile(url)) return [];
  return (await import(url.href)).mutants;
}

/** What `help mutants` prints. */
export async function mutantsText(): Promise<string> {
  const mutants = await mutantsIn();
  if (mutants.length === 0) {
    throw new UsageError(
      "Cannot list mutants: they are in tests/mutants/ of the project, which is not here",
    );
  }
  const lines = mutants.map(({ name, bug, scenario }) =>
    `  ${name} (${scenario})\n      ${bug}`
  );
  return `Mutants: programs with one planted bug each, for learning what a judge sees.
simulate ${mutants[0]!.name} --seed 1 runs one and writes its report.

${lines.join("\n")}`;
}

function isFile(path: string | URL): boolean {
  return statOf(path)?.isFile === true;
}

function statOf(path: string | URL): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}
