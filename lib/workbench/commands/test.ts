/** The `test` command's work: one run of any executable in real time, judged and kept. */
import { tmpdir } from "node:os";
import { RealClock } from "../world/clock.ts";
import { processes } from "../world/processes.ts";
import type { OpenHost } from "../world/host.ts";
import { flagsText } from "../history.ts";
import type { Options, Recording } from "../history.ts";
import { judge, type Judged } from "../checkers/judges.ts";
import { seeded } from "../world/random.ts";
import { checkOptions, performRun, type Progress } from "../run/run.ts";
import { openRunFolder } from "./store.ts";
import { workloadOf } from "../workloads/all.ts";

/** What is run. */
export interface TestSettings {
  workload: string;
  /** Maelstrom's flags, without dashes. */
  options: Options;
  /** The executable. */
  bin: string;
  /** Its arguments. */
  args?: string[];
  /** The name of one of our programs, whose promises are then judged. */
  program?: string;
  /** Decides what clients do and what the nemesis does; drawn if not given. */
  seed?: number;
  /** Maelstrom's own faults too: a broken line mutes its node, seq-kv wraps around. */
  faithful?: boolean;
  /** The folder in which runs are kept. */
  store?: string;
  /** Gets every line that a node writes to stderr. */
  onStderr?(node: string, line: string): void;
  onProgress?(progress: Progress): void;
}

/** A run that has been judged and kept. */
export interface Tested extends Judged {
  /** The folder of the run. */
  report: string;
}

/**
 * Does one run in real time. A node that fails makes the run invalid; only what is
 * wrong with the command itself is thrown.
 *
 * @throws {Error} there is no such workload or executable, or it cannot be run with these options
 */
export async function runTest(settings: TestSettings): Promise<Tested> {
  const workload = workloadOf(settings.workload);
  const bin = await executable(settings.bin);
  checkOptions(workload, settings.options);
  const folder = await openRunFolder(workload.name, settings.store);
  const seed = settings.seed ?? Math.floor(Math.random() * 2 ** 31);
  const openHost = processes({
    bin,
    args: settings.args ?? [],
    cwd: tmpdir(),
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
      openHost: endedFirst(openHost),
      clock,
      random: seeded(seed),
      faithful: settings.faithful ?? false,
      ...(settings.onProgress ? { onProgress: settings.onProgress } : {}),
    });
  } finally {
    clock.stop();
  }
  recording.seed = seed;
  if (settings.program !== undefined) recording.program = settings.program;
  const judged = judge(recording);
  await folder.save(judged, commandOf(settings, seed));
  return { ...judged, report: folder.path };
}

/** The command that does a run again, as far as real time allows. */
function commandOf(settings: TestSettings, seed: number): string {
  const { workload, bin, options, program, args = [] } = settings;
  return [
    `deno task workbench test -w ${workload} --bin ${bin}`,
    flagsText(options),
    program === undefined ? "" : `--program ${program}`,
    `--seed ${seed}`,
    args.length === 0 ? "" : `-- ${args.join(" ")}`,
  ].filter((part) => part !== "").join(" ");
}

/** The real path of an executable, since nodes run elsewhere. */
async function executable(bin: string): Promise<string> {
  let path: string;
  try {
    path = await Deno.realPath(bin);
  } catch {
    throw new Error(
      `Cannot run "${bin}": there is no such file. Build it first, for instance with make bin/NAME`,
    );
  }
  const { mode, isFile } = await Deno.stat(path);
  if (!isFile || (mode !== null && (mode & 0o111) === 0)) {
    throw new Error(
      `Cannot run "${bin}": it is not an executable file. Try chmod +x ${bin}`,
    );
  }
  return path;
}

/** Ends the nodes before this process, whatever ends that: Ctrl-C, or a bug of the workbench. */
function endedFirst(openHost: OpenHost): OpenHost {
  return (nodes, events) => {
    const host = openHost(nodes, events);
    const exit = async (status: number) => {
      await host.stop();
      Deno.exit(status);
    };
    const interrupt = () => exit(130);
    const fail = (event: ErrorEvent | PromiseRejectionEvent) => {
      event.preventDefault();
      console.error(event instanceof ErrorEvent ? event.error : event.reason);
      exit(255);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const errors = ["error", "unhandledrejection"] as const;
    for (const name of signals) Deno.addSignalListener(name, interrupt);
    for (const name of errors) globalThis.addEventListener(name, fail);
    return {
      ...host,
      async stop() {
        await host.stop();
        for (const name of signals) Deno.removeSignalListener(name, interrupt);
        for (const name of errors) globalThis.removeEventListener(name, fail);
      },
    };
  };
}
