/** Where runs are kept: `store/<workload>/<time>/`, with links to the latest. */
import { stringify } from "../history/json.ts";
import { indentedTexts } from "../history/json-texts.ts";
import { areTooLong } from "../history/lists.ts";
import { dirname, join, relative } from "node:path";
import { collectGarbage } from "../executable/garbage.ts";
import type { Judged } from "../checkers/judges.ts";
import { asWritten, maelstromFiles, SHORTENED } from "../maelstrom/files.ts";
import {
  RECORDING_FILE,
  RESULTS_FILE,
  saveRecording,
  writeTexts,
} from "../recording.ts";

/** The folder of all runs, if no other is given. */
export const STORE = "store";

/** The folder of its nodes' logs. */
const LOGS = "node-logs";

/** How many of a node's last lines on stderr are in the report. */
const LINES_REPORTED = 30;

/** The origin of a run. */
export interface Origin {
  /** The command that repeats it. */
  command: string;
  /** The executable that was tested, as it was named, and its arguments. */
  bin?: string;
  args?: readonly string[];
}

/**
 * A folder for one run that begins now, made when there is something to put into it. If the store
 * cannot be written, only {@link RunFolder.save} throws.
 */
export class RunFolder {
  readonly #began = Date.now();
  readonly #logs = new NodeLogs(() => join(this.path, LOGS));
  #claimed: string | undefined;

  constructor(
    private readonly workload: string,
    private readonly store: string = STORE,
  ) {}

  get path(): string {
    return this.#claimed ??= claim(
      join(this.store, this.workload),
      this.#began,
    );
  }

  /** The nodes that have logs. */
  get logged(): readonly string[] {
    return [...this.#logs.lastLines.keys()];
  }

  /** Appends a line to a node's log. */
  logStderr(node: string, line: string): void {
    this.#logs.add(node, line);
  }

  /**
   * Writes results, history, recording and report, and points the `latest` links here. Where the
   * disk does not take all of it, nothing is left.
   *
   * @throws {Error} the store cannot be written; the message says why
   */
  async save(judged: Judged, origin: Origin): Promise<void> {
    try {
      this.#logs.close();
      await this.#write(judged, origin);
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.discard();
      throw new Error(
        `Cannot keep the run in ${this.path}: ${error.message}. ${
          isFull(error) ? "Make room there, or name" : "Name"
        } another folder with --store`,
        { cause: error },
      );
    }
    for (const name of [join(this.workload, "latest"), "latest", "current"]) {
      link(join(this.store, name), this.path);
    }
  }

  async #write(judged: Judged, origin: Origin): Promise<void> {
    const { history } = judged.recording;
    const path = (name: string) => join(this.path, name);
    const files = [RESULTS_FILE, "history.jsonl", RECORDING_FILE];
    await Deno.mkdir(path(LOGS), { recursive: true });
    await writeTexts(
      path("history.jsonl"),
      asWritten(history).ops().map((op) => stringify(op) + "\n"),
    );
    await saveRecording(path(RECORDING_FILE), judged.recording);
    for (const [name, texts] of maelstromFiles(judged, origin.command)) {
      await writeTexts(path(name), texts);
      files.push(name);
    }
    collectGarbage();
    // The drawing code takes a while to load; commands without a report need not wait for it.
    const { writeReport } = await import("../report/report.ts");
    await writeReport(this.path, judged, {
      stderr: this.#logs.lastLines,
      files: [...files, ...this.#logs.names.map((name) => join(LOGS, name))],
      command: origin.command,
    });
    // The last of all.
    await writeTexts(
      path(RESULTS_FILE),
      indentedTexts(summaryOf(judged, origin)),
    );
  }

  /** Removes the folder at once: the run is not wanted. */
  discard(): void {
    this.#logs.end();
    if (this.#claimed !== undefined) remove(this.#claimed);
  }
}

/** What `results.json` says of a run. */
function summaryOf(
  { recording, results, strict, figures }: Judged,
  { command, bin, args = [] }: Origin,
) {
  const { history, workload, options } = recording;
  return {
    label: recording.label ?? null,
    program: recording.program ?? null,
    challenge: recording.challenge ?? null,
    workload,
    options,
    bin: bin ?? null,
    args,
    command,
    seed: recording.seed ?? null,
    faults: recording.faults ?? null,
    machine: recording.machine ?? null,
    results,
    strict,
    figures,
    ...(areTooLong(history) ? { shortened: SHORTENED } : {}),
  };
}

/**
 * Makes a run's folder, named after the time at which it began; another run that began in the
 * same millisecond has the next one's name. What is wrong with the store shows when files are
 * written.
 */
function claim(runs: string, began: number): string {
  const named = (ms: number) =>
    join(runs, new Date(ms).toISOString().replaceAll(/[-:]/g, ""));
  for (let ms = began;; ms++) {
    try {
      Deno.mkdirSync(runs, { recursive: true });
      Deno.mkdirSync(named(ms));
      return named(ms);
    } catch (error) {
      const isTaken = error instanceof Deno.errors.AlreadyExists &&
        isFolder(named(ms));
      if (!isTaken) return named(ms);
    }
  }
}

/** Whether there is a folder of this name. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** What nodes write to stderr, a file for each of them. */
class NodeLogs {
  /** The last lines of each. */
  readonly lastLines = new Map<string, string[]>();
  readonly #files = new Map<string, Deno.FsFile>();
  readonly #encoder = new TextEncoder();
  #failure: unknown;

  constructor(private readonly folder: () => string) {}

  /** The names of the files. */
  get names(): string[] {
    return [...this.lastLines.keys()].map((node) => `${node}.log`);
  }

  add(node: string, line: string): void {
    const last = this.lastLines.get(node) ?? [];
    this.lastLines.set(node, [...last, line].slice(-LINES_REPORTED));
    if (this.#failure !== undefined) return;
    try {
      this.#fileOf(node).writeSync(this.#encoder.encode(line + "\n"));
    } catch (error) {
      this.#failure = error; // the run goes on: its verdict is worth more than its logs
    }
  }

  /** Closes the files. */
  end(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  /** Closes the files; throws their first error, if any. */
  close(): void {
    this.end();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fileOf(node: string): Deno.FsFile {
    const open = this.#files.get(node);
    if (open !== undefined) return open;
    const folder = this.folder();
    Deno.mkdirSync(folder, { recursive: true });
    const path = join(folder, `${node}.log`);
    const file = Deno.openSync(path, { create: true, append: true });
    this.#files.set(node, file);
    return file;
  }
}

/** Whether an error comes from the disk rather than from a bug. */
export function isOfTheDisk(error: unknown): error is Error {
  // Deno gives no code to some, as where a file or a quota is full.
  return error instanceof Error &&
    ("code" in error || error instanceof Deno.errors.NotCapable ||
      /\(os error \d+\)/.test(error.message));
}

/** Whether there is no room left: a full disk or quota, or a file that may not be longer. */
function isFull({ message }: Error): boolean {
  return /\(os error (27|28|69|122)\)/.test(message); // 69: a quota on a Mac
}

/**
 * Points a link to a folder, whatever it pointed to before; relative, so that the store can be
 * moved. Another workbench may do the same at this moment: the last one wins. Ctrl-C comes
 * before or after it.
 *
 * @throws {Error} there can be no such link; the message says why
 */
function link(from: string, to: string): void {
  const temporary = `${from}.${crypto.randomUUID()}.tmp`;
  try {
    Deno.symlinkSync(relative(dirname(from), to), temporary);
    Deno.renameSync(temporary, from);
  } catch (error) {
    if (!isOfTheDisk(error)) throw error;
    remove(temporary);
    const why = isFolder(from)
      ? `${from} is a folder. Remove it, or name`
      : `${error.message}. ${
        isFull(error) ? "Make room there, or name" : "Name"
      }`;
    throw new Error(
      `Cannot keep a link to ${to}, which is kept: ${why} another store with --store`,
      { cause: error },
    );
  }
}

/** How often a folder is removed at most: a file that is written at this moment may come into it meanwhile. */
const REMOVALS = 10;

/** Removes a file or folder, if it is there. */
function remove(path: string): void {
  for (let i = 0; i < REMOVALS; i++) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch (error) {
      // It may not even have been made.
      if (error instanceof Deno.errors.NotFound) return;
    }
  }
}
