/**
 * `denort` is the runtime that `deno compile` makes native executables with. Deno downloads it
 * on first use; this says beforehand whether there is one on this machine, and whether the last
 * search for one failed.
 */
import { dirname, join } from "node:path";

/** How long a failed search is remembered, so that not every build waits for the network. */
const REMEMBERED_MS = 60 * 60 * 1000;

/** Where it is remembered: beside Deno, where no build reaches and `make clean` does. */
const MEMORY = ".deno/no-denort.json";

/**
 * The runtime on this machine: the one that `DENORT_BIN` names, or a file `denort` beside Deno
 * itself. If undefined, Deno looks into its cache and downloads.
 *
 * @param given the environment's `DENORT_BIN`
 * @throws {Error} `DENORT_BIN` names no file, or Deno itself, which would ignore the program
 * built into it
 */
export function localDenort(given = ""): string | undefined {
  const deno = Deno.realPathSync(Deno.execPath());
  if (given === "") {
    const beside = join(dirname(deno), "denort");
    return isFile(beside) ? beside : undefined;
  }
  if (!isFile(given)) {
    throw new Error(
      `Cannot use DENORT_BIN=${given}: there is no such file. Unset it, or name a denort of version ${Deno.version.deno}`,
    );
  }
  if (Deno.realPathSync(given) === deno) {
    throw new Error(
      `Cannot use DENORT_BIN=${given}: it is deno itself, which would ignore the program. Unset it, or name a denort of version ${Deno.version.deno}`,
    );
  }
  return given;
}

/**
 * Why the last search failed, if that was less than an hour ago and with this Deno.
 *
 * @param root the project's folder
 */
export function rememberedFailure(root = "."): string | undefined {
  try {
    const file = join(root, MEMORY);
    const { deno, until, why } = JSON.parse(Deno.readTextFileSync(file));
    const holds = deno === Deno.version.deno && Date.now() < until &&
      typeof why === "string";
    return holds ? why : undefined;
  } catch {
    return undefined; // never written, or cut short: then search
  }
}

/** Remembers for an hour that no runtime is available, and why. */
export function rememberFailure(why: string, root = "."): void {
  const file = join(root, MEMORY);
  const until = Date.now() + REMEMBERED_MS;
  const memory = { deno: Deno.version.deno, until, why };
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeTextFileSync(file, JSON.stringify(memory) + "\n");
}

/**
 * Whether a server is silent, as behind a firewall that drops packets: Deno itself would wait
 * for minutes. Any answer counts, even a failure, since Deno gets and reports the same.
 */
export async function isSilent(
  url: string,
  limitMs = 10_000,
): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(limitMs);
    const response = await fetch(url, { method: "HEAD", signal });
    await response.body?.cancel();
    return false;
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError";
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
