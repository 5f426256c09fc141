/**
 * The source of `bin/workbench`: the workbench with everything it needs in one module, which
 * works without the project's files, a network or a cache.
 */
import { CAMPAIGN_PROCESS } from "../campaign/processes.ts";
import { scenarios } from "../scenarios/scenarios.ts";

/** The module's text, for a folder beside `lib/`; parts that the project lacks are left out. */
export function workbenchEntry(withPlots: boolean): string {
  const programs = scenarios.map(({ name }) => name)
    .filter((name) => isThere(`challenges/${name}.ts`))
    .map((name) => `    "${name}": () => ${load(`challenges/${name}.ts`)},`);
  const mutants = isThere("tests/mutants/all.ts")
    ? `  mutants: () => ${load("tests/mutants/all.ts")},\n`
    : "";
  const plots = withPlots
    ? `  plots: () => Promise.all([import("vega"), import("vega-lite")]),\n`
    : "";
  return `import { carry } from "../lib/workbench/executable/carried.ts";

carry({
  script: import.meta.url,
  programs: {
${programs.join("\n")}
  },
${mutants}${plots}});

// A thread's name says its kind.
const { name } = globalThis;
if (name === "campaign") {
  await ${load("lib/workbench/campaign/campaign-worker.ts")};
} else if (name === "guest") {
  await ${load("lib/workbench/commands/guest-worker.ts")};
} else if (Deno.args[0] === "${CAMPAIGN_PROCESS}") {
  await ${load("lib/workbench/campaign/campaign-process.ts")};
} else {
  const { main } = await ${load("lib/workbench/cli.ts")};
  const { spareStderr } = await ${load("lib/workbench/terminal/print.ts")};
  spareStderr();
  Deno.exit(await main(Deno.args));
}
`;
}

/** Code that loads a module of the project. */
function load(path: string): string {
  return `import(${JSON.stringify(`../${path}`)})`;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
