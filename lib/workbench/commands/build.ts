/**
 * Builds `bin/NAME` from `challenges/NAME.ts`: a native executable if Deno's runtime for those
 * is available, else one JavaScript file that starts itself with Deno. Maelstrom runs both
 * alike, and stack traces of both name lines of the sources.
 *
 *     deno run -A lib/workbench/commands/build.ts NAME...
 *
 * The name `workbench` builds `bin/workbench`, the workbench itself, in the same way.
 *
 * Paths are relative to the working directory, the root of the project. Types and imports are
 * checked first, so a later failure is either a missing runtime, which leads to the fallback,
 * or an error, which does not.
 */
import { dirname } from "node:path";
import {
  isSilent,
  localDenort,
  rememberedFailure,
  rememberFailure,
} from "./denort.ts";
import { workbenchEntry } from "./workbench-entry.ts";

/** What a build made: a native executable, or a bundle and why. */
export type Built = { kind: "native" } | { kind: "bundle"; why: string };

/** Linux cuts longer first lines, at 256 bytes. */
const LONGEST_SHEBANG = 255;

/** How long a program that has nothing to do may take to end, in milliseconds: the machine may be busy. */
const IDLE_MS = 30_000;

/** Starts a script without prompts, without a configuration found beside it, and without looking for updates. */
const START = "deno run --quiet --no-prompt --no-config --ext=js";
const ENV = "#!/usr/bin/env -S DENO_NO_UPDATE_CHECK=1";

/** What differs between builds. */
interface Target {
  entry: string;
  output: string;
  /** The executable's permissions; nodes need none. */
  permissions: readonly string[];
  /** Whether stack traces should name the sources. */
  sourceMap: boolean;
  /** Arguments with which it does nothing and exits with 0; a node does at the end of its input. */
  idle: readonly string[];
  /** Why a native executable is of no use, if so. */
  whyNot?(path: string): Promise<string | undefined>;
}

/**
 * Builds one program.
 *
 * @param name a file of `challenges/`, without `.ts`
 * @throws {Error} the program has errors, or what was built does not start; a missing native
 * runtime is not an error
 */
export async function build(name: string): Promise<Built> {
  const entry = `challenges/${name}.ts`;
  const output = `bin/${name}`;
  await check(entry, output);
  return await make({
    entry,
    output,
    permissions: [],
    sourceMap: true,
    idle: [],
  });
}

/**
 * Builds the workbench, with the plotting library if that is available.
 *
 * @throws {Error} it has errors, or does not start
 */
async function buildWorkbench(): Promise<Built & { plots: boolean }> {
  const output = "bin/workbench";
  const entry = `${unfinished(output)}.ts`;
  Deno.mkdirSync("bin", { recursive: true });
  try {
    let plots = true;
    for (;;) {
      Deno.writeTextFileSync(entry, workbenchEntry(plots));
      try {
        await check(entry, output);
        break;
      } catch (error) {
        if (!plots) throw error;
        plots = false; // the package may be missing
      }
    }
    const built = await make({
      entry,
      output,
      permissions: ["--allow-all"],
      sourceMap: false, // three times its size, to be read at every start
      idle: ["help"],
      whyNot: async (path) =>
        await loadsGuests(path)
          ? undefined
          : "it could not load programs in TypeScript",
    });
    return { ...built, plots };
  } finally {
    remove(entry);
  }
}

/** Whether the workbench that was built can simulate a module from outside. */
async function loadsGuests(workbench: string): Promise<boolean> {
  const guest = `${workbench}.guest.ts`;
  Deno.writeTextFileSync(
    guest,
    `export default (node: any): void => node.on("echo", (it: any) => ({ echo: it.echo }));\n`,
  );
  try {
    const { success } = await new Deno.Command(`./${workbench}`, {
      args: ["simulate", guest, "-w", "echo", "--seeds", "1", "--json"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } finally {
    remove(guest);
  }
}

/** Checks types and imports. */
async function check(entry: string, output: string): Promise<void> {
  const { success, log } = await deno(["check", "--quiet", entry]);
  if (success) return;
  throw new Error(`Cannot build ${output}: ${entry} has errors\n${log}`);
}

/** Where something is built: another build of it may run at this moment. */
const unfinished = (output: string) => `${output}.${Deno.pid}.tmp`;

/** Makes an executable, which is in its place when it has been tried out. */
async function make(target: Target): Promise<Built> {
  const { output, idle, whyNot } = target;
  const partial = unfinished(output);
  Deno.mkdirSync("bin", { recursive: true });
  try {
    const why = await compile(target, partial) ?? await whyNot?.(partial);
    if (why !== undefined) await bundle(target, partial);
    await tryOut(partial, output, idle);
    Deno.renameSync(partial, output);
    return why === undefined ? { kind: "native" } : { kind: "bundle", why };
  } finally {
    remove(partial);
  }
}

/** Makes a native executable, or returns why there is no runtime for it. */
async function compile(
  { entry, permissions }: Target,
  partial: string,
): Promise<string | undefined> {
  const denort = localDenort(Deno.env.get("DENORT_BIN"));
  const remembered = denort === undefined ? rememberedFailure() : undefined;
  if (remembered !== undefined) return remembered;
  let silent = false;
  const { success, log } = await deno(
    ["compile", "--no-check", ...permissions, "--output", partial, entry],
    denort === undefined ? {} : { DENORT_BIN: denort },
    async (log, kill) => {
      const url = /Download (\S*denort\S*)\s/.exec(log)?.[1];
      if (url === undefined) return false;
      silent = await isSilent(url);
      if (silent) kill();
      return true;
    },
  );
  if (success) return undefined;
  const lacking = denort === undefined &&
    (silent || log.includes("Setting up base binary"));
  if (!lacking) {
    throw new Error(`Cannot compile ${entry}:\n${log}`);
  }
  const why = silent ? "its server does not answer" : causeIn(log);
  rememberFailure(why);
  return why;
}

/** Makes one JavaScript file that starts itself with Deno. */
async function bundle(
  { entry, permissions, sourceMap }: Target,
  partial: string,
): Promise<void> {
  const bundled = await deno([
    "bundle",
    "--quiet",
    ...(sourceMap ? ["--sourcemap=inline"] : []),
    "--output",
    partial,
    entry,
  ]);
  if (!bundled.success) {
    throw new Error(`Cannot bundle ${entry}:\n${bundled.log}`);
  }
  const javascript = Deno.readTextFileSync(partial);
  const line = shebang(dirname(Deno.execPath()), permissions);
  Deno.writeTextFileSync(partial, `${line}\n${oneLineDown(javascript)}`);
  Deno.chmodSync(partial, 0o755);
}

/** Moves a script's source map down by one line. */
function oneLineDown(javascript: string): string {
  return javascript.replace(
    /(\/\/# sourceMappingURL=data:application\/json;base64,)(\S+)/,
    (_, before, base64) => {
      const map = JSON.parse(
        new TextDecoder().decode(Uint8Array.fromBase64(base64)),
      );
      map.mappings = `;${map.mappings}`;
      const bytes = new TextEncoder().encode(JSON.stringify(map));
      return before + bytes.toBase64();
    },
  );
}

/**
 * The first line of a bundle. Deno's directory is put on the path, since it may be missing from
 * the path of whoever starts the program if `make` has installed Deno; if it does not fit into
 * the line, Deno must be on the path.
 *
 * @param directory the directory of the Deno that builds
 * @param permissions what the script may do
 */
export function shebang(
  directory: string,
  permissions: readonly string[] = [],
): string {
  const start = [START, ...permissions].join(" ");
  const withPath = `${ENV} "PATH=${directory}:\${PATH}" ${start}`;
  const fits = new TextEncoder().encode(withPath).length <= LONGEST_SHEBANG &&
    !/["$\\]/.test(directory);
  return fits ? withPath : `${ENV} ${start}`;
}

/**
 * Starts the program once, to do nothing: this finds a wrong runtime, and a place where nothing
 * can be executed.
 */
async function tryOut(
  partial: string,
  output: string,
  args: readonly string[],
): Promise<void> {
  const signal = AbortSignal.timeout(IDLE_MS);
  let problem: string;
  try {
    const { success, code, stdout, stderr } = await new Deno.Command(
      `./${partial}`,
      {
        args: [...args],
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        signal,
      },
    ).output();
    if (success && (stdout.length === 0 || args.length > 0)) return;
    const said = (text(stderr) + text(stdout)).trim();
    problem = signal.aborted
      ? `it goes on running after the end of its input, for ${
        IDLE_MS / 1_000
      } s`
      : `at the end of its input it leaves with status ${code} and says "${said}"`;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  throw new Error(`Cannot use ${output} as it was built: ${problem}`);
}

/** Deno's innermost cause: the last of its list. */
function causeIn(log: string): string {
  const causes = [...log.matchAll(/^ {4}(?:\d+: )?(\S.*)$/gm)];
  return causes.at(-1)?.[1] ?? "Deno does not say why";
}

/**
 * Runs this Deno with these arguments and collects its output.
 *
 * @param watch called with the output so far, until it returns true; may end the process
 */
async function deno(
  args: string[],
  env: Record<string, string> = {},
  watch?: (log: string, kill: () => void) => Promise<boolean>,
): Promise<{ success: boolean; log: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  let watching = watch !== undefined;
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    log += chunk;
    if (watching) watching = !await watch!(log, () => child.kill());
  }
  const { success } = await child.status;
  return { success, log: log.replace(/\n*Stack backtrace:[^]*$/, "\n").trim() };
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What the user is told of a build: one line, since there are many programs. */
function announcement(name: string, built: Built): string {
  return built.kind === "native"
    ? `bin/${name}: a native executable`
    : `bin/${name}: a script that starts deno, not a native executable: deno's runtime for those, denort, cannot be had (${built.why}). Where it is copied to, Deno must be on the path`;
}

if (import.meta.main) {
  try {
    for (const name of Deno.args) {
      if (name !== "workbench") {
        console.error(announcement(name, await build(name)));
        continue;
      }
      const built = await buildWorkbench();
      console.error(announcement(name, built));
      if (!built.plots) {
        console.error(
          "Its reports are without plots: the npm package vega cannot be had",
        );
      }
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
