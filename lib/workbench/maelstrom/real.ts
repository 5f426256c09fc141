/**
 * Runs the real Maelstrom, if it is installed, and reads its results. Maelstrom needs Java, and
 * Graphviz and gnuplot for its plots; the user must install them.
 */
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Results } from "../checkers/verdict.ts";
import { parseResults } from "./edn.ts";
import type { Options } from "../history/options.ts";

/** What Maelstrom made of a run. */
export interface MaelstromRun {
  /** Its results, with its own keys. */
  results: Results;
  /** Its folder in `store/`, with its report. */
  storeDir: string;
}

/** The environment variables that say where Maelstrom is. */
export interface Environment {
  /** Maelstrom's start script, or its folder; `"none"` says not to look. */
  MAELSTROM?: string | undefined;
  PATH?: string | undefined;
}

/**
 * Finds the real Maelstrom: what `MAELSTROM` names, `maelstrom/maelstrom` of a release unpacked
 * into the project, or `maelstrom` on the path.
 *
 * @param root the project's folder
 * @returns its start script, or undefined if there is none
 * @throws {Error} `MAELSTROM` names something that does not exist
 */
export function findMaelstrom(
  { MAELSTROM: named = "", PATH = "" }: Environment,
  root = ".",
): string | undefined {
  if (named === "none") return undefined;
  if (named !== "") {
    const path = resolve(root, named);
    const found = [path, join(path, "maelstrom")].find(isProgram);
    if (found !== undefined) return found;
    throw new Error(
      `Cannot use MAELSTROM=${named}: there is no program there. Name Maelstrom's start script, or unset it`,
    );
  }
  const onPath = PATH.split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => resolve(directory, "maelstrom"));
  return [resolve(root, "maelstrom/maelstrom"), ...onPath]
    .find((path) => isProgram(path) && !isThisProgram(path));
}

/** Whether this is the workbench's own executable, which may have the same name. */
function isThisProgram(path: string): boolean {
  const own = Deno.build.standalone
    ? Deno.execPath()
    : fileURLToPath(Deno.mainModule);
  return Deno.realPathSync(path) === own;
}

/** The words of a command line for Maelstrom: `-w echo --node-count 1 ...`, without `--bin`. */
export function commandLine(workload: string, flags: Options): string[] {
  const words = Object.entries(flags).flatMap(([flag, value]) => {
    if (value === undefined || value === null || value === false) return [];
    return value === true ? [`--${flag}`] : [`--${flag}`, String(value)];
  });
  return ["-w", workload, ...words];
}

/**
 * Has Maelstrom test a program. Its output is passed on: it is long, but shows the progress.
 *
 * @param maelstrom its start script, see {@link findMaelstrom}
 * @param program its executable, relative to the root, and its arguments
 * @param root the project's folder, where Maelstrom makes its `store`
 * @throws {Error} it reached no verdict, or its results cannot be read
 */
export async function runMaelstrom(
  maelstrom: string,
  workload: string,
  flags: Options,
  { bin, args }: { bin: string; args: readonly string[] },
  root = ".",
): Promise<MaelstromRun> {
  const latest = join(root, "store", "latest");
  const file = join(latest, "results.edn");
  const before = identity(file);
  const words = commandLine(workload, flags);
  const { code } = await new Deno.Command(maelstrom, {
    args: [
      ...["test", ...words, "--bin", resolve(root, bin)],
      ...(args.length === 0 ? [] : ["--", ...args]),
    ],
    cwd: root,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  // 0 valid, 1 invalid, 2 unknown: with all of these it writes results.
  if (code > 2) {
    const why = code === 254
      ? "it does not know one of the flags"
      : "see its last lines; a node that exits or never answers init has this effect";
    throw new Error(
      `Cannot judge ${bin}: Maelstrom broke off with status ${code}: ${why}`,
    );
  }
  const after = identity(file);
  if (after === undefined || after === before) {
    throw new Error(
      `Cannot read Maelstrom's results: it ended with status ${code} and left no ${file}`,
    );
  }
  return { results: readResults(file), storeDir: Deno.realPathSync(latest) };
}

/**
 * Reads a `results.edn`.
 *
 * @throws {Error} it cannot be read, or has no verdict
 */
export function readResults(file: string): Results {
  try {
    const results = parseResults(Deno.readTextFileSync(file));
    const verdict = results["valid?"];
    if (typeof verdict === "boolean" || verdict === "unknown") {
      return { ...results, "valid?": verdict };
    }
    throw new Error("it has no verdict, no :valid? of true, false or :unknown");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot read ${file}: ${why}`);
  }
}

/** Tells a file from an earlier one at the same path, which may be a link. */
function identity(file: string): string | undefined {
  try {
    const { mtime, size } = Deno.statSync(file);
    return `${Deno.realPathSync(file)} ${mtime?.getTime()} ${size}`;
  } catch {
    return undefined;
  }
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
