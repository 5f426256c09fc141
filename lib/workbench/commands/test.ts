/** The `test` command: one run of any executable in real time, judged and stored. */
import { basename } from "node:path";
import { RealClock } from "../world/clock.ts";
import { processes } from "../world/processes.ts";
import type { OpenHost } from "../world/host.ts";
import type { Recording } from "../history/history.ts";
import { flagsText, type Options, shellWord } from "../history/options.ts";
import { crashOf } from "../checkers/faithful.ts";
import { exitStatus, judge, type Judged, overall } from "../checkers/judges.ts";
import { invocation } from "../executable/invocation.ts";
import { seeded } from "../world/random.ts";
import { checkOptions, performRun, type Progress } from "../run/run.ts";
import { limitsOf } from "../scenarios/standards.ts";
import { print, printJson } from "../terminal/print.ts";
import {
  forJson,
  judgedText,
  ProgressLine,
  stderrText,
} from "../terminal/text.ts";
import { IGNORED_FLAGS, noWords, type Parsed, parseRunFlags } from "./flags.ts";
import { executablePath, hintOn, nodesFolder } from "./executables.ts";
import { collectGarbage } from "../executable/garbage.ts";
import { onInterrupt } from "./signals.ts";
import { type Origin, RunFolder } from "./store.ts";
import { namedScenario } from "./subjects.ts";
import { UsageError } from "./usage-error.ts";
import { workloadOf } from "../workloads/all.ts";

/** What to run. */
export interface TestSettings {
  workload: string;
  /** Maelstrom's flags, without dashes. */
  options: Options;
  /** The executable. */
  bin: string;
  /** Its arguments. */
  args?: readonly string[];
  /** The name of one of our programs, whose promises are then judged. */
  program?: string;
  /** The challenge that a guest is tested as. */
  challenge?: string;
  /** Decides what clients and nemesis do; drawn if not given. */
  seed?: number;
  /** Includes Maelstrom's own bugs: a malformed line mutes its node, seq-kv may go backwards. */
  faithful?: boolean;
  /** The folder in which runs are kept. */
  store?: string;
  /** Called with every line that a node writes to stderr. */
  onStderr?(node: string, line: string): void;
  onProgress?(progress: Progress): void;
  /** Called with the verdict, before anything is stored. */
  onJudged?(judged: Judged): void;
}

/** A run that has been judged. */
export interface Tested extends Judged {
  /** The folder in which it is stored. */
  report: string;
  /** The nodes that wrote to stderr. */
  logged: readonly string[];
  /** Why it could not be stored there, if so. */
  notKept?: string;
  /** What may be wrong with the command, if nodes ended or never began. */
  hint?: string;
}

const INTERRUPTED = "Interrupted: nothing is kept of this run";

/** What Maelstrom prints last, which scripts look for. */
const LAST_LINES = {
  true: "Everything looks good! ヽ(‘ー`)ノ",
  false: "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻",
  unknown: "Errors occurred during analysis, but no anomalies found. ಠ~ಠ",
};

/** `test`; returns the exit status. */
export async function test(args: readonly string[]): Promise<number> {
  const parsed = parseRunFlags(args, {
    workload: "text",
    bin: "text",
    seed: "number",
    program: "text",
    store: "text",
    faithful: "switch",
    judge: "text",
    json: "switch",
    "log-stderr": "switch",
    "test-count": "number",
    ...IGNORED_FLAGS,
  }, { w: "workload" });
  noWords(parsed);
  const settings = settingsOf(parsed);
  const { judge } = parsed.texts;
  const { "test-count": count = 1 } = parsed.numbers;
  const json = parsed.switches.has("json");
  const values: object[] = [];
  let last: Tested;
  let runs = 0;
  // As in Maelstrom, the first run that is not valid is the last.
  do {
    const { seed } = settings;
    last = await runTest(
      seed === undefined ? settings : { ...settings, seed: seed + runs },
    );
    runs++;
    tell(last, json);
    if (json) values.push(valueOf(last, settings));
  } while (runs < count && overall(last, judge) === true);
  if (json) printJson(count === 1 ? values[0]! : values);
  // As Maelstrom does, which aborts without a verdict.
  if (last.recording.faithful && crashOf(last.recording) !== undefined) {
    return 255;
  }
  const verdict = overall(last, judge);
  if (!json) print(`\n${LAST_LINES[`${verdict}`]}`);
  return exitStatus(verdict);
}

/**
 * What a command line asks for.
 *
 * @throws {UsageError} it names no executable, or no such program
 */
function settingsOf(parsed: Parsed): TestSettings {
  const { bin, workload = "lin-kv", program, store } = parsed.texts;
  const { seed } = parsed.numbers;
  if (bin === undefined) {
    throw new UsageError(
      "Cannot test nothing: say what to run with --bin FILE",
    );
  }
  checkProgram(program, workload);
  const progress = new ProgressLine();
  return {
    workload,
    options: parsed.options,
    bin,
    args: parsed.rest,
    faithful: parsed.switches.has("faithful"),
    ...(program === undefined ? {} : { program }),
    ...(store === undefined ? {} : { store }),
    ...(seed === undefined ? {} : { seed }),
    onJudged(judged) {
      progress.end();
      if (!parsed.switches.has("json")) print(judgedText(judged));
    },
    ...(parsed.switches.has("log-stderr")
      ? { onStderr: (node, line) => console.error(`${node}: ${line}`) }
      : {}),
    onProgress: ({ phase, seconds, operations }) =>
      progress.show(
        `${phase}, ${seconds.toFixed(0)} s, ${operations} operations`,
      ),
  };
}

/** Says what became of a run, but for its verdict. */
function tell({ hint, notKept, report, logged }: Tested, json: boolean): void {
  if (hint !== undefined) console.error(hint);
  if (notKept !== undefined) console.error(notKept);
  else if (!json) print([report, ...stderrText(logged, report)].join("\n"));
}

/** What `--json` prints of a run in real time. */
function valueOf(
  tested: Tested,
  { options, bin, args }: TestSettings,
): object {
  const folder = tested.notKept === undefined ? tested.report : null;
  return { ...runValue(tested, folder), flags: options, bin, args };
}

/**
 * What `--json` prints of any run that is kept.
 *
 * @param folder where; null if it could not be
 */
export function runValue(judged: Judged, folder: string | null): object {
  const { recording, figures } = judged;
  return {
    ...forJson(judged),
    figures,
    limits: limitsOf(recording),
    folder,
    seed: recording.seed,
    workload: recording.workload,
  };
}

/**
 * Refuses to hold a run to the promises of a program that is for another workload.
 *
 * @throws {UsageError} there is no such program, or it is for another workload
 */
function checkProgram(program: string | undefined, workload: string): void {
  if (program === undefined) return;
  const { workload: own } = namedScenario(program);
  if (own === workload) return;
  throw new UsageError(
    `Cannot hold ${workload} to what ${program} promises: that is for -w ${own}`,
  );
}

/**
 * Performs one run in real time. A node that fails makes the run invalid, and a store that
 * cannot be written changes no verdict; only errors of the command itself are thrown.
 *
 * @throws {Error} there is no such workload or executable, or it cannot be run with these options
 */
export async function runTest(settings: TestSettings): Promise<Tested> {
  const workload = workloadOf(settings.workload);
  const bin = await executablePath(settings.bin);
  const cwd = await nodesFolder();
  checkOptions(workload, settings.options);
  const folder = new RunFolder(workload.name, settings.store);
  const seed = settings.seed ?? Math.floor(Math.random() * 2 ** 31);
  const openHost = processes({
    bin,
    args: [...settings.args ?? []],
    cwd,
    onStderr(node, line) {
      folder.logStderr(node, line);
      settings.onStderr?.(node, line);
    },
  });
  const clock = new RealClock();
  let recording: Recording;
  try {
    recording = await performRun({
      workload,
      options: settings.options,
      openHost: endedFirst(openHost, () => folder.discard()),
      clock,
      random: seeded(seed),
      faithful: settings.faithful ?? false,
      ...(settings.onProgress ? { onProgress: settings.onProgress } : {}),
    });
  } catch (error) {
    folder.discard();
    throw error;
  } finally {
    clock.stop();
  }
  const { program, challenge } = settings;
  recording.seed = seed;
  if (program !== undefined) recording.program = program;
  else recording.label = basename(settings.bin);
  if (challenge !== undefined) recording.challenge = challenge;
  collectGarbage();
  const judged = judge(recording);
  settings.onJudged?.(judged);
  const notKept = await keep(folder, judged, {
    command: commandOf(settings, seed),
    bin: settings.bin,
    args: settings.args ?? [],
  });
  const { path: report, logged } = folder;
  const crash = crashOf(recording);
  const hint = crash && await hintOn(settings, crash);
  return {
    ...judged,
    report,
    logged,
    ...(notKept === null ? {} : { notKept }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/**
 * Stores a run, or says why it cannot be stored.
 *
 * @param exit ends the process when it is interrupted: then nothing is kept
 */
export async function keep(
  folder: RunFolder,
  judged: Judged,
  origin: Origin,
  exit: (status: number) => void = Deno.exit,
): Promise<string | null> {
  collectGarbage();
  const heedNoMore = onInterrupt((status) => {
    console.error(INTERRUPTED);
    folder.discard();
    exit(status);
  });
  try {
    await folder.save(judged, origin);
    return null;
  } catch (error) {
    const expected = error instanceof Error &&
      error.message.startsWith("Cannot keep ");
    if (!expected) throw error;
    return error.message;
  } finally {
    heedNoMore();
  }
}

/** The command that repeats a run, as far as real time allows. */
function commandOf(settings: TestSettings, seed: number): string {
  const { workload, bin, options, program, args = [], faithful } = settings;
  return [
    `${invocation()} test -w ${workload} --bin ${shellWord(bin)}`,
    flagsText(options),
    program === undefined ? "" : `--program ${program}`,
    faithful ? "--faithful" : "",
    `--seed ${seed}`,
    args.length === 0 ? "" : `-- ${args.map(shellWord).join(" ")}`,
  ].filter((part) => part !== "").join(" ");
}

/** Ends the nodes before this process ends, by Ctrl-C or by a bug of the workbench. */
function endedFirst(
  openHost: OpenHost,
  discard: () => void,
): OpenHost {
  return (nodes, events) => {
    const host = openHost(nodes, events);
    let isEnding = false;
    const exit = async (status: number) => {
      isEnding = true;
      await host.stop();
      discard();
      Deno.exit(status);
    };
    const heedNoMore = onInterrupt((status) => {
      console.error(INTERRUPTED);
      exit(status);
    });
    let failed = false;
    const fail = (event: ErrorEvent | PromiseRejectionEvent) => {
      event.preventDefault();
      if (failed) return; // more may go wrong until all has ended
      failed = true;
      console.error(event instanceof ErrorEvent ? event.error : event.reason);
      exit(255);
    };
    const errors = ["error", "unhandledrejection"] as const;
    for (const name of errors) globalThis.addEventListener(name, fail);
    return {
      ...host,
      async stop() {
        await host.stop();
        if (isEnding) await new Promise(() => {}); // the run goes no further
        heedNoMore();
        for (const name of errors) globalThis.removeEventListener(name, fail);
      },
    };
  };
}
