/** The executable that is tested: where it is, and what may be wrong with it. */
import { tmpdir } from "node:os";
import { delimiter, extname, isAbsolute, join, resolve } from "node:path";
import type { Incident } from "../history/history.ts";
import { shellWord } from "../history/options.ts";

/** Names of files that no system runs by themselves. */
const COMPILED = /\.(c|cc|cpp|rs|go|java|class|jar|hs|ml|zig)$/;

const STARTED = "Name what it is compiled to, or a script that starts it";

/**
 * The real path of an executable, since nodes run in another folder.
 *
 * @throws {Error} there is none, or it cannot be executed; the message says what to do
 */
export async function executablePath(bin: string): Promise<string> {
  let path: string;
  try {
    path = await Deno.realPath(bin);
  } catch {
    const [word = "", ...args] = bin.split(" ");
    const isFile = await isThere(word);
    const file = isFile ? word : `"$(command -v ${word})"`;
    const otherwise = args.length > 0 && (isFile || await isOnPath(word))
      ? `Its arguments go after --, as in --bin ${file} -- ${
        args.join(" ")
      }; with make, into ARGS="${args.join(" ")}"`
      : bin.includes("/")
      ? "Build it first, for instance with make bin/NAME"
      : `The path is not searched: name a file, as ${
        shellWord(`./${bin}`)
      } or "$(command -v ${shellWord(bin)})"`;
    throw new Error(
      `Cannot run "${bin}": there is no such file. ${otherwise}`,
    );
  }
  const { mode, isFile } = await Deno.stat(path);
  if (!isFile) {
    throw new Error(
      `Cannot run "${bin}": it is not a file. Name the executable itself`,
    );
  }
  if (mode !== null && (mode & 0o111) === 0) {
    const otherwise = COMPILED.test(path) ? STARTED : `Try chmod +x ${bin}`;
    throw new Error(`Cannot run "${bin}": it is not executable. ${otherwise}`);
  }
  await checkInterpreter(bin, path);
  return path;
}

/**
 * The folder in which nodes run: the system's, for temporary files.
 *
 * @throws {Error} it is not there
 */
export async function nodesFolder(): Promise<string> {
  const folder = tmpdir();
  const info = await Deno.stat(folder).catch(() => null);
  if (info?.isDirectory) return folder;
  throw new Error(
    `Cannot run nodes in "${folder}": there is no such folder. Set TMPDIR to one that is there`,
  );
}

const isThere = (path: string) =>
  Deno.stat(path).then(({ isFile }) => isFile, () => false);

/** Whether a shell would find a program of this name. */
async function isOnPath(name: string): Promise<boolean> {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter);
  const found = folders.map((folder) => isThere(join(folder, name)));
  return !name.includes("/") && (await Promise.all(found)).includes(true);
}

/** If the program in a script's first line does not exist, the system blames the script itself. */
async function checkInterpreter(bin: string, path: string): Promise<void> {
  // A file that may be executed but not read is no script.
  const text = await beginningOf(path).catch(() => "");
  if (text.startsWith("\ufeff#!")) {
    throw new Error(
      `Cannot run "${bin}": it begins with a byte order mark, so the system does not see its #!. Save it without`,
    );
  }
  const [first, interpreter] = /^#![ \t]*([^ \t\r\n]+).*/.exec(text) ?? [];
  if (first === undefined || interpreter === undefined) return;
  if (text[first.length] === "\r") {
    throw new Error(
      `Cannot run "${bin}": its lines end in CR LF, and the system takes the CR for a part of "${first}". Save it with LF`,
    );
  }
  const { isFile } = await Deno.stat(interpreter)
    .catch(() => ({ isFile: false }));
  if (isFile) return;
  throw new Error(
    `Cannot run "${bin}": its first line names ${interpreter}, which is not there. Install it, or name another`,
  );
}

/** The first bytes of a file, as text. */
async function beginningOf(path: string): Promise<string> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(256);
  const length = await file.read(bytes) ?? 0;
  return new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(bytes.subarray(0, length));
}

/** An executable and its arguments, as they were named. */
interface Named {
  bin: string;
  args?: readonly string[];
}

/** What may be wrong with a command, if a node ended or never began. */
export async function hintOn(
  { bin, args = [] }: Named,
  crash: Incident,
): Promise<string | undefined> {
  return await misplaced(args) ?? await unmarked(bin) ?? idle(bin, crash);
}

/** Which argument names a file relative to this folder, in which no node runs. */
async function misplaced(
  args: readonly string[],
): Promise<string | undefined> {
  for (const name of args) {
    if (isAbsolute(name) || !await isThere(name)) continue;
    if (await isThere(join(tmpdir(), name))) continue;
    return `${name} is a file here, but nodes run in ${tmpdir()}, as Maelstrom's do: write ${
      resolve(name)
    }`;
  }
  return undefined;
}

/** Whether an executable did nothing at all: it has then not been told to run. */
function idle(bin: string, { time, text }: Incident): string | undefined {
  return time < 0 && text.includes("exit status 0); it wrote nothing to stderr")
    ? `${bin} ended at once, without an error, so it does not begin to read its input. A program in TypeScript ends with if (import.meta.main) await run(PROGRAM)`
    : undefined;
}

/** Whether an executable is source, an archive, or a text that does not say what runs it: a shell tries to. */
async function unmarked(bin: string): Promise<string | undefined> {
  const text = await beginningOf(bin).catch(() => "#!");
  if (COMPILED.test(bin) && !text.startsWith("#!")) {
    return `No system runs ${bin} by itself. ${STARTED}`;
  }
  return /^#!|[\0\uFFFD]/.test(text)
    ? undefined
    : `${bin} has no first line that says what runs it, so /bin/sh did: begin it with #!, as in #!/usr/bin/env ${
      RUNNERS[extname(bin)] ?? "python3"
    }`;
}

/** What runs a script, by the ending of its name. */
const RUNNERS: Readonly<Record<string, string>> = {
  ".js": "node",
  ".mjs": "node",
  ".ts": "-S deno run",
  ".rb": "ruby",
  ".sh": "bash",
  ".pl": "perl",
  ".lua": "lua",
  ".php": "php",
  ".exs": "elixir",
  ".clj": "bb",
};
