/**
 * What a run is held to. Each of our programs has a scenario. A guest, that is, a program that is
 * not ours, is held to a challenge's official commands and limits, or to a workload's rules, but
 * never to what our programs promise beyond those.
 */
import type { Recording } from "../history/history.ts";
import type { Options } from "../history/options.ts";
import { type Scenario, type ScenarioRun, scenarios } from "./scenarios.ts";

/** The flags for a guest of which only the workload is known: enough to find something within seconds. */
export const PLAIN: Options = {
  "node-count": 3,
  concurrency: "2n", // the least that lin-kv needs
  rate: 20,
  "time-limit": 10,
};

/** The main scenarios in order, which are those of challenges and of other workloads, without variants. */
export const challenges: readonly Scenario[] = scenarios
  .filter(({ variantOf }) => variantOf === undefined);

/** The challenge whose name a program's begins with: `broadcast-3d` for `broadcast-3d-mine`. */
export function challengeOf(name: string): Scenario | undefined {
  return challenges
    .filter((challenge) =>
      name.startsWith(challenge.name) &&
      !/^[a-z0-9]/i.test(name.slice(challenge.name.length))
    )
    .toSorted((a, b) => b.name.length - a.name.length)[0];
}

/** The scenario of a guest that is tested as a challenge. */
export function asChallenge(name: string, challenge: Scenario): Scenario {
  return {
    name,
    algorithm: `tested as ${challenge.name}`,
    guarantee: "",
    workload: challenge.workload,
    runs: challenge.runs.map((run) => ({ ...run, ours: [] })),
    promises: {},
  };
}

/** The scenario of a guest of which only the workload is known. */
export function asWorkload(name: string, workload: string): Scenario {
  return {
    name,
    algorithm: `workload ${workload}`,
    guarantee: "",
    workload,
    runs: [{ label: "", flags: PLAIN, official: [], ours: [] }],
    promises: {},
  };
}

/** A run's name for people: its label, or its program, or its workload. */
export function titleOf(
  { label, program, workload }: {
    label?: string | null;
    program?: string | null;
    workload: string;
  },
): string {
  return label ?? program ?? workload;
}

/** The scenario's command that a run was made with, if it was one; a guest's has none of our own limits. */
export function commandOfRun(
  { program, challenge, options }: Pick<
    Recording,
    "program" | "challenge" | "options"
  >,
): ScenarioRun | undefined {
  const found = scenarios.find(({ name }) => name === (program ?? challenge))
    ?.runs.find(({ flags }) => sorted(flags) === sorted(options));
  if (found === undefined || program !== undefined) return found;
  return { ...found, ours: [] };
}

/** The limits that a run is held to: none under faults other than the command's own. */
export function limitsOf(
  recording: Recording,
): Pick<ScenarioRun, "official" | "ours"> {
  const own = (recording.faults ?? "official") === "official";
  const { official, ours } = own ? commandOfRun(recording) ?? NONE : NONE;
  return { official, ours };
}

const NONE = { official: [], ours: [] };

function sorted(flags: Options): string {
  return JSON.stringify(
    Object.entries(flags).sort(([a], [b]) => a < b ? -1 : 1),
  );
}
