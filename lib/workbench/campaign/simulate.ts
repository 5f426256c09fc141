/**
 * Simulated runs: a program's module in virtual time, with one seed deciding everything. The
 * same seed and settings give the same recording, to the byte.
 */
import {
  chaos,
  crowd,
  type Ingredient,
  INGREDIENTS,
  PARTITION_INGREDIENTS,
} from "./chaos.ts";
import { programNamed } from "../executable/carried.ts";
import { SECOND, VirtualClock } from "../world/clock.ts";
import { type MachineName, machineOf } from "../world/machine.ts";
import type { Faults } from "../world/faults.ts";
import { modules } from "../world/modules.ts";
import { stackOf } from "../../node/errors.ts";
import type { Recording } from "../history/history.ts";
import { flagsText, nodesOf, type Options } from "../history/options.ts";
import { judge, type Judged, READING_BODIES } from "../checkers/judges.ts";
import { labelsIn } from "../run/labels.ts";
import {
  type AnyProgram,
  type Guest,
  GuestError,
  insistOnBuiltins,
  type Loaded,
  loadGuest,
  type Loading,
  waitingText,
} from "./guests.ts";
import { importedImpurities, ImpurityWatch } from "./impurities.ts";
import { sharedStateText, stateOf } from "./module-state.ts";
import { invocation } from "../executable/invocation.ts";
import type { Mark } from "./mark.ts";
import { mount as ourMount } from "../../maelstrom.ts";
import { recordingLines } from "../recording.ts";
import { type Random, seeded } from "../world/random.ts";
import { rightClocks, wrongClocks } from "../world/wall-clocks.ts";
import { performRun, type Progress } from "../run/run.ts";
import { type Scenario, scenarioOf } from "../scenarios/scenarios.ts";
import { workloadOf } from "../workloads/all.ts";

/** Which faults a simulated run has. */
export type FaultProfile = "official" | "partition" | "chaos";

/** All profiles. */
export const FAULT_PROFILES: readonly FaultProfile[] = [
  "official",
  "partition",
  "chaos",
];

/** How much longer than its main phase a run may take before it is aborted, in virtual seconds. */
const MARGIN_S = 600;

/** One simulated run, completely: two runs of the same settings are the same run. */
export interface Simulation {
  /** A scenario's name. */
  name: string;
  seed: number;
  faults: FaultProfile;
  /** The machine it runs on; `quiet` if not given. */
  machine?: MachineName;
  /** Flags that replace the scenario's own. */
  overrides?: Options;
  /** The index of the scenario's command; 0 if not given. */
  run?: number;
  /** Ingredients that chaos leaves out. */
  without?: readonly Ingredient[];
  /** Includes Maelstrom's own bugs: seq-kv may go backwards, a malformed line mutes its node. */
  faithful?: boolean;
  /**
   * Faults that replace those that the seed draws for the profile: for cases that chance hardly
   * produces.
   */
  script?: Faults;
  /** A program that replaces the scenario's own: a mutant. */
  program?: AnyProgram;
  /** The mutant's name on the command line. */
  mutant?: string;
  /** A program that is not ours, with what it is held to. */
  guest?: Guest;
}

/** A simulated run, judged, with the labels of what happened in it. */
export interface Simulated extends Judged {
  labels: ReadonlySet<string>;
}

/** What is reported during a run. */
export interface Listeners {
  /** Called with every label as it happens. */
  onEvent?(label: string): void;
  /** Called about once a virtual second. */
  onProgress?(progress: Progress): void;
  /** Records what a guest's node is doing. */
  mark?: Mark;
  /** Called with what only a guest's packages use of the machine. */
  onSuspicion?(sentences: string[]): void;
  /** Called with every line that a node logs, in the run that is returned. */
  onLog?(node: string, line: string): void;
  /** Gives every node of a guest a module of its own; `anew`, one that has not been in use. */
  apart?: "again" | "anew";
  /**
   * Keeps nothing that only a report would show: only the heads of messages that touch no
   * client, where judges look at no more. Guests keep everything.
   */
  forVerdict?: boolean;
}

/**
 * Performs and judges one simulated run.
 *
 * @throws {Error} as {@link record}
 */
export async function simulate(
  simulation: Simulation,
  listeners: Listeners = {},
): Promise<Simulated> {
  const labels = new Set<string>();
  const recording = await recordAny(simulation, {
    ...listeners,
    onEvent: (label) => labels.add(label),
  });
  for (const label of labelsIn(recording)) labels.add(label);
  return { ...judge(recording), labels };
}

/**
 * Performs one simulated run; a guest's run is repeated with a module of its own for every
 * node. If that differs, nodes share state in the module.
 *
 * @throws {Error} as {@link record}
 */
export async function recordAny(
  simulation: Simulation,
  listeners: Listeners = {},
): Promise<Recording> {
  let suspicions: string[] = [];
  const recording = await record(simulation, {
    ...listeners,
    onSuspicion: (sentences) => suspicions = sentences,
  });
  const { guest } = simulation;
  if (guest === undefined) return recording;
  // A guest that uses the machine differs anyway, and one storm is enough.
  const enough = recording.impurities!.length > 0 ||
    recording.incidents?.some(({ type }) => type === "message-storm");
  if (enough) return recording;
  const { onLog: _, ...others } = listeners;
  const again = (apart: "again" | "anew") =>
    record(simulation, { ...others, apart });
  const apart = await again("again");
  if (areAlike(recording, apart)) return recording;
  const { impurities = [] } = apart;
  if (suspicions.length > 0) return { ...recording, impurities: suspicions };
  if (impurities.length > 0) return { ...recording, impurities };
  const state = await stateOf(guest);
  const differs = state.length === 0 &&
    !areAlike(await again("anew"), await again("anew"));
  const impurity = differs ? waitingText(guest) : sharedStateText(guest, state);
  return { ...recording, impurities: [impurity] };
}

/** Whether two recordings are the same to the byte. */
function areAlike(one: Recording, other: Recording): boolean {
  const others = recordingLines(other);
  return recordingLines(one).every((line) => line === others.next().value) &&
    others.next().done === true;
}

/**
 * Performs one simulated run, without judging it.
 *
 * @throws {Error} there is no such program, it cannot be run with these flags, or it never
 *   ends; the message has the command that shows it
 */
export async function record(
  simulation: Simulation,
  {
    onEvent = () => {},
    onProgress,
    onSuspicion,
    onLog,
    mark,
    apart,
    forVerdict = false,
  }: Listeners = {},
): Promise<Recording> {
  const { seed, faults, machine: kind = "quiet", faithful = false, guest } =
    simulation;
  const clock = new VirtualClock();
  const random = seeded(seed);
  const { workload, options, ingredients, script } = settingsOf(
    simulation,
    random,
  );
  const mainNs = Number(options["time-limit"] ?? 60) * SECOND;
  const machine = machineOf(kind, clock, random.fork("machine"), mainNs);
  // An unhandled rejection is the program's own: a real process logs it and continues. It does
  // not tell which node's it is.
  const onStray = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    onEvent("stray-rejection");
    const text = `a promise was rejected: ${stackOf(event.reason)}`;
    for (const line of text.split("\n")) onLog?.("some-node", line);
  };
  globalThis.addEventListener("unhandledrejection", onStray);
  const impurities = guest && new ImpurityWatch(guest.module);
  try {
    const { program, mount, waits } = await programOf(simulation, {
      apart: apart === undefined ? [] : nodesOf(options),
      anew: apart === "anew",
      isRunning: () => clock.isRunning,
      ...(mark === undefined ? {} : { mark }),
    });
    if (guest !== undefined) insistOnBuiltins(guest);
    const run = performRun({
      workload: workloadOf(workload),
      options,
      openHost: modules(
        program,
        clock,
        random.fork("nodes"),
        machine,
        mount,
        ingredients.includes("clock")
          ? wrongClocks(random.fork("wall clocks"))
          : rightClocks,
        onLog,
      ),
      clock: machine.clock,
      random,
      faithful,
      calm: faults === "chaos",
      headsAlone: forVerdict && guest === undefined &&
        !READING_BODIES.has(workload),
      onEvent,
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(script === undefined ? {} : { faults: script }),
    });
    const recording = await clock.run(run, mainNs + MARGIN_S * SECOND);
    const isWaiting = await waits?.areOfTheMachine();
    if (guest !== undefined) insistOnBuiltins(guest);
    const used = impurities?.stop();
    if (used !== undefined) onSuspicion?.(used.inPackages);
    // What else it uses says why it waits.
    if (isWaiting && used!.found.length === 0) {
      used!.found.push(waitingText(guest!));
    }
    return {
      ...recording,
      ...await originOf(simulation, used?.found ?? []),
      seed,
      faults,
      ...(kind === "quiet" ? {} : { machine: kind }),
    };
  } catch (cause) {
    if (guest !== undefined) insistOnBuiltins(guest);
    if (cause instanceof GuestError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const command = replayCommand(simulation);
    throw new Error(`Cannot finish "${command}": ${reason}`, { cause });
  } finally {
    impurities?.stop();
    mark?.clear();
    globalThis.removeEventListener("unhandledrejection", onStray);
  }
}

/** The workload, flags and faults of a run. */
function settingsOf(simulation: Simulation, random: Random) {
  const { faults, overrides } = simulation;
  const scenario = scenarioIn(simulation);
  const { workload, ...options } = {
    workload: scenario.workload,
    ...scenario.runs[simulation.run ?? 0]!.flags,
    ...overrides,
  } as Options & { workload: string };
  const ingredients = ingredientsOf(simulation, scenario);
  const sparing = scenario.promises.survivesRestart === "minority";
  // Official faults are those of the flags.
  const script = simulation.script ??
    (faults === "official" ? undefined : chaos(ingredients, { sparing }));
  // A node that was killed or paused does not answer, whatever it promises.
  if (ingredients.includes("kill") || ingredients.includes("pause")) {
    delete options.availability;
  }
  if (ingredients.includes("crowd") && !overrides?.concurrency) {
    options.concurrency = crowd(random.fork("crowd"), workload);
  }
  return { workload, options, ingredients, script };
}

/** The program of a run; a guest's with the library that it is written on. */
async function programOf(
  { name, program, guest }: Simulation,
  loading: Loading,
): Promise<Loaded> {
  if (guest !== undefined) return await loadGuest(guest, loading);
  return { program: program ?? await programNamed(name), mount: ourMount };
}

/** Whose run a recording is of. */
async function originOf(
  { name, mutant, guest }: Simulation,
  impurities: readonly string[],
): Promise<Pick<Recording, "label" | "program" | "impurities" | "challenge">> {
  if (guest === undefined) return { label: mutant ?? name, program: name };
  const { challenge } = guest;
  return {
    label: name,
    impurities: [...await importedImpurities(guest), ...impurities],
    ...(challenge === undefined ? {} : { challenge }),
  };
}

/** The scenario that a simulated program is held to. */
export function scenarioIn(
  { name, guest }: Pick<Simulation, "name" | "guest">,
): Scenario {
  return guest?.scenario ?? scenarioOf(name);
}

/** The ingredients of a scenario's chaos: kills only where it promises to survive them. */
export function ingredientsOf(
  { faults, without = [] }: Pick<Simulation, "faults" | "without">,
  { promises }: Scenario,
): Ingredient[] {
  if (faults === "official") return [];
  const all = faults === "partition" ? PARTITION_INGREDIENTS : INGREDIENTS;
  return all.filter((ingredient) =>
    !without.includes(ingredient) &&
    (ingredient !== "kill" || Boolean(promises.survivesRestart)) &&
    (ingredient !== "duplication" || promises.assumesOnce !== true)
  );
}

/** The command that repeats a simulated run. */
export function replayCommand(simulation: Simulation): string {
  const { name, seed, faults, overrides = {}, run = 0, without = [] } =
    simulation;
  const { machine = "quiet" } = simulation;
  const who = simulation.guest?.words ?? simulation.mutant ?? name;
  const words = [`${invocation()} simulate ${who} --seed ${seed}`];
  words.push(`--faults ${faults}`);
  if (machine !== "quiet") words.push(`--machine ${machine}`);
  if (simulation.faithful) words.push("--faithful");
  if (run !== 0) words.push(`--run ${run}`);
  if (without.length > 0) words.push(`--without ${without.join(",")}`);
  if (Object.keys(overrides).length > 0) words.push(flagsText(overrides));
  return words.join(" ");
}
