/** How the workbench is called, so that the commands it prints can be typed as they are. */
import { fileURLToPath } from "node:url";
import { shellWord } from "../history/options.ts";

/** The words that call this workbench: its task in the project's folder, its path elsewhere. */
export function invocation(): string {
  const own = ownPath();
  if (!own.endsWith(".ts")) return shellWord(own);
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  return isHere(root)
    ? "deno task workbench"
    : `deno run -A ${shellWord(`${root}lib/workbench/cli.ts`)}`;
}

/** This file, or the executable of which it has become a part. */
function ownPath(): string {
  return Deno.build.standalone
    ? Deno.execPath()
    : fileURLToPath(import.meta.url);
}

function isHere(root: string): boolean {
  try {
    return `${Deno.cwd()}/` === root;
  } catch {
    return true; // no permission to ask
  }
}
