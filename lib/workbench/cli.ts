/**
 * The workbench's commands. `deno task workbench help` lists them.
 *
 * Exit status: 0 both verdicts valid, 1 something invalid, 2 something unknown, 254 the command
 * cannot be carried out, 255 a bug of the workbench itself or, with --faithful, a run that
 * Maelstrom would have aborted.
 */
import { didYouMean } from "./commands/nearest.ts";
import { lostOutput, spareStderr } from "./terminal/print.ts";

type Command = (args: readonly string[]) => Promise<number>;

/** Each loads only what it needs. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  test: async () => (await import("./commands/test.ts")).test,
  challenge: async () => (await import("./commands/challenge.ts")).challenge,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  check: async () => (await import("./commands/check.ts")).check,
  serve: async () => (await import("./commands/serve.ts")).serve,
  demo: async () => (await import("./commands/simulate.ts")).demo,
  help: async () => (await import("./commands/help.ts")).help,
};

/** Maelstrom's own names for some of them. */
const ALIASES: Readonly<Record<string, string>> = {
  analyze: "check",
  doc: "help",
  "--help": "help",
  "-h": "help",
};

function nameOf(word: string): string {
  return Object.hasOwn(ALIASES, word) ? ALIASES[word]! : word;
}

/** Runs a command line; returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const [word = "help", ...rest] = args;
  const name = nameOf(word);
  const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  const asks = own.some((word) => /^(--help|-h)$/.test(word));
  try {
    if (!Object.hasOwn(commands, name)) {
      const names = Object.keys(commands);
      const hint = name.startsWith("-")
        ? ". The command comes before its flags"
        : didYouMean(name, names);
      throw new Error(
        `Cannot do "${name}": there are ${names.join(", ")}${hint}`,
      );
    }
    const topics = name === "help" ? rest.map(nameOf) : [name];
    const status = name === "help" || asks
      ? await (await commands.help!())(topics)
      : await (await commands[name]!())(rest);
    return status === 0 && lostOutput() ? 254 : status;
  } catch (error) {
    // Expected errors are for people; all others are bugs, which need their stack.
    if (!isForPeople(error)) {
      console.error(error);
      return 255;
    }
    console.error(error.message);
    // A simulation that never ends is not a wrong command: its verdict is unknown.
    return error.message.startsWith("Cannot finish ") ? 2 : 254;
  }
}

/** Whether an error explains in a sentence why a command cannot be carried out. */
function isForPeople(error: unknown): error is Error {
  // The runtime's own errors of these kinds may begin alike: "Cannot read properties of undefined".
  const bugs = [TypeError, ReferenceError, SyntaxError];
  return error instanceof Error && error.message.startsWith("Cannot ") &&
    !bugs.some((kind) => error instanceof kind);
}

if (import.meta.main) {
  spareStderr();
  Deno.exit(await main(Deno.args));
}
