/** Where runs are kept: `store/<workload>/<time>/`, with links to the latest. */
import { Float, stringify } from "../history/json.ts";
import { dirname, join, relative } from "node:path";
import { collectGarbage } from "../executable/garbage.ts";
import type { Judged } from "../checkers/judges.ts";
import { asWritten, maelstromFiles, SHORTENED } from "../maelstrom/files.ts";
import { RECORDING_FILE, saveRecording, writeTexts } from "../recording.ts";

/** The folder of all runs, if no other is given. */
export const STORE = "store";

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

/** A folder for one run, created when there is something to put into it. */
export interface RunFolder {
  path: string;
  /** The nodes that have logs. */
  readonly logged: readonly string[];
  /** Appends a line to a node's log. */
  logStderr(node: string, line: string): void;
  /**
   * Writes results, history, recording and report, and points the `latest` links here.
   *
   * @throws {Error} the store cannot be written; the message says why
   */
  save(judged: Judged, origin: Origin): Promise<void>;
  /** Removes the folder at once: the run is not wanted. */
  discard(): void;
}

/** Opens the folder of a run that begins now. If the store cannot be written, only `save` throws. */
export function openRunFolder(
  workload: string,
  store: string = STORE,
): RunFolder {
  const began = Date.now();
  let claimed: string | undefined;
  const folder = () => claimed ??= claim(join(store, workload), began);
  const logs = new NodeLogs(() => join(folder(), "node-logs"));
  return {
    get path() {
      return folder();
    },
    get logged() {
      return [...logs.lastLines.keys()];
    },
    logStderr: (node, line) => logs.add(node, line),
    async save(judged, { command, bin = null, args = [] }) {
      const { recording, results, strict, figures } = judged;
      const path = folder();
      const history = asWritten(recording.history);
      const summary = {
        label: recording.label ?? null,
        program: recording.program ?? null,
        challenge: recording.challenge ?? null,
        workload: recording.workload,
        options: recording.options,
        bin,
        args,
        command,
        seed: recording.seed ?? null,
        faults: recording.faults ?? null,
        results,
        strict,
        figures,
        ...(history.isShortened ? { shortened: SHORTENED } : {}),
      };
      try {
        logs.close();
        await Deno.mkdir(join(path, "node-logs"), { recursive: true });
        await writeTexts(join(path, "results.json"), jsonTexts(summary));
        await writeTexts(
          join(path, "history.jsonl"),
          history.ops().map((op) => stringify(op) + "\n"),
        );
        await saveRecording(join(path, RECORDING_FILE), recording);
        const files = ["results.json", "history.jsonl", RECORDING_FILE];
        for (const [name, texts] of maelstromFiles(judged, command)) {
          await writeTexts(join(path, name), texts);
          files.push(name);
        }
        collectGarbage();
        // The drawing code takes a while to load; commands without a report need not wait for it.
        const { writeReport } = await import("../report/report.ts");
        await writeReport(path, judged, {
          stderr: logs.lastLines,
          files: [...files, ...logs.names.map((name) => `node-logs/${name}`)],
          command,
        });
        link(join(store, workload, "latest"), path);
        link(join(store, "latest"), path);
        link(join(store, "current"), path);
      } catch (error) {
        if (!isOfTheDisk(error)) throw error;
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(
          `Cannot keep the run in ${path}: ${why}. Make room there, or name another folder with --store`,
          { cause: error },
        );
      }
    },
    discard() {
      logs.end();
      if (claimed === undefined) return;
      try {
        Deno.removeSync(claimed, { recursive: true });
      } catch {
        // It could not even be made.
      }
    },
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

function isFolder(path: string): boolean {
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

/** How deep results are written a part a line: below that, some hold whatever nodes have written. */
const PART_LEVELS = 5;

/** A file of JSON, in pieces, since the whole may be longer than a text can be. */
export function* jsonTexts(value: object): Generator<string> {
  yield* jsonParts(value, PART_LEVELS, "\n");
  yield "\n";
}

function* jsonParts(
  value: unknown,
  levels: number,
  lineEnd: string,
): Generator<string> {
  const parts = typeof value === "object" && value !== null &&
      !(value instanceof Float)
    ? Object.entries(value).filter(([, part]) => part !== undefined)
    : [];
  if (parts.length === 0 || levels === 0) return yield stringify(value);
  const isArray = Array.isArray(value);
  let before = isArray ? "[" : "{";
  for (const [key, part] of parts) {
    const name = isArray ? "" : `${stringify(key)}: `;
    yield `${before}${lineEnd}  ${name}`;
    yield* jsonParts(part, levels - 1, `${lineEnd}  `);
    before = ",";
  }
  yield `${lineEnd}${isArray ? "]" : "}"}`;
}

/** Whether an error comes from the disk rather than from a bug. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error &&
    ("code" in error || error instanceof Deno.errors.NotCapable);
}

/**
 * Points a link to a folder, whatever it pointed to before; relative, so that the store can be
 * moved. Another workbench may do the same at this moment: the last one wins. Ctrl-C comes
 * before or after it.
 */
function link(from: string, to: string): void {
  const temporary = `${from}.${crypto.randomUUID()}.tmp`;
  Deno.symlinkSync(relative(dirname(from), to), temporary);
  try {
    Deno.renameSync(temporary, from);
  } catch (error) {
    Deno.removeSync(temporary);
    if (!isFolder(from)) throw error;
    throw new Error(
      `Cannot keep a link to ${to}, which is kept: ${from} is a folder. Remove it, or name another store with --store`,
      { cause: error },
    );
  }
}
