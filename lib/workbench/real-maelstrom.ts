/**
 * Runs the real Maelstrom, where there is one, and reads its results. It needs Java, and
 * Graphviz and gnuplot for its plots; all of that is the user's.
 */
import { delimiter, join, resolve } from "node:path";
import type { Results } from "./checkers/verdict.ts";
import { parseResults } from "./edn.ts";
import type { Options } from "./history.ts";

/** What Maelstrom made of a test. */
export interface MaelstromRun {
  /** Its results, with its own keys. */
  results: Results;
  /** Its folder in `store/`, with its report. */
  storeDir: string;
}

/**
 * Where the real Maelstrom is: the file or folder that the environment's `MAELSTROM`
 * names, `maelstrom/maelstrom` of an unpacked release in the working directory, or
 * `maelstrom` on the path. `MAELSTROM=none` says not to look.
 *
 * @returns undefined when there is none
 * @throws {Error} `MAELSTROM` names something that is not there
 */
export function findMaelstrom(): string | undefined {
  const named = Deno.env.get("MAELSTROM");
  if (named === "none") return undefined;
  if (named !== undefined && named !== "") {
    const found = [named, join(named, "maelstrom")].find(isProgram);
    if (found !== undefined) return resolve(found);
    throw new Error(
      `Cannot use MAELSTROM=${named}: there is no program there. Name Maelstrom's start script, or unset it`,
    );
  }
  const onPath = (Deno.env.get("PATH") ?? "").split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, "maelstrom"));
  const found = [join("maelstrom", "maelstrom"), ...onPath].find(isProgram);
  return found === undefined ? undefined : resolve(found);
}

/** The words of Maelstrom's command line: `-w echo --node-count 1 ...`, without `--bin`. */
export function commandLine(workload: string, flags: Options): string[] {
  const words = Object.entries(flags).flatMap(([flag, value]) => {
    if (value === undefined || value === null || value === false) return [];
    return value === true ? [`--${flag}`] : [`--${flag}`, String(value)];
  });
  return ["-w", workload, ...words];
}

/**
 * Has Maelstrom test a program. What it prints goes to stderr: it is long, and Maelstrom
 * keeps it in its store.
 *
 * @param maelstrom its start script, see {@link findMaelstrom}
 * @param bin the program
 * @throws {Error} it did not come to a verdict, or its results cannot be read
 */
export async function runMaelstrom(
  maelstrom: string,
  workload: string,
  flags: Options,
  bin: string,
): Promise<MaelstromRun> {
  const latest = join("store", "latest");
  const file = join(latest, "results.edn");
  const before = identity(file);
  const { code } = await new Deno.Command(maelstrom, {
    args: [
      "test",
      ...commandLine(workload, flags),
      "--bin",
      resolve(bin),
    ],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  // 0 valid, 1 invalid, 2 unknown: with all of them it leaves results.
  if (code > 2) {
    throw new Error(
      `Cannot judge ${bin}: Maelstrom broke off with status ${code}. ${
        code === 254
          ? "It does not know one of the flags"
          : "Its last lines above say why; a node that exits or does not answer init has this effect"
      }`,
    );
  }
  const after = identity(file);
  if (after === undefined || after === before) {
    throw new Error(
      `Cannot read Maelstrom's results: it left no ${file}, status ${code}`,
    );
  }
  return {
    results: readResults(file),
    storeDir: Deno.realPathSync(latest),
  };
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

/** Tells a file from the one that was there before, which Maelstrom's links hide. */
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
