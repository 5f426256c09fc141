/** What `help` prints: about all commands, and about each. */
import { INGREDIENTS } from "../campaign/chaos.ts";
import { explanationText, glossary } from "../glossary/glossary.ts";
import { invocation } from "../executable/invocation.ts";
import { scenarios } from "../scenarios/scenarios.ts";
import { flagsText } from "../history/options.ts";
import { challenges, PLAIN } from "../scenarios/standards.ts";
import { workloads } from "../workloads/all.ts";
import { print } from "../terminal/print.ts";
import { PORT, RUN_FLAGS } from "./flags.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

/** A command as `help` shows it. */
interface Page {
  /** What follows its name. */
  usage: string;
  /** What it does, in a line. */
  does: string;
  /** Flags and details. */
  details: string;
  examples: readonly string[];
}

const STATUS =
  "Exit status: 0 valid, 1 invalid, 2 unknown, 254 wrong command line, 255 the workbench failed.";

/** The flags of a run with their defaults, a line each. */
function runFlags(): string {
  const lines = Object.entries(RUN_FLAGS).map(([name, { says, fallback }]) =>
    `  --${name.padEnd(19)} ${says} (default ${fallback})`
  );
  return `Maelstrom's flags:\n${lines.join("\n")}`;
}

const list = (names: readonly string[]) =>
  names.join(" ").replaceAll(/(.{1,76})( |$)/g, "  $1\n").trimEnd();

const workloadList = () => `Workloads:\n${list(Object.keys(workloads))}`;

const PAGES: Readonly<Record<string, () => Page>> = {
  test: () => ({
    usage: "-w WORKLOAD --bin FILE [FLAGS] [-- ARGS]",
    does: "runs an executable as many nodes in real time, and judges it",
    details:
      `  --bin FILE            path of the executable; each node is one process
  -- ARGS               its arguments. Nodes run in the system's temporary folder, as under
                        Maelstrom: paths among ARGS must be absolute
  -w, --workload        default lin-kv
  --seed N              decides what clients and nemesis do (default: drawn)
  --program NAME        also judges what one of our programs promises
  --faithful            also has Maelstrom's own bugs: a node is not heard again after a
                        malformed line, and a client of seq-kv that is far behind may go
                        back in time. Without it the node is judged further, and after a
                        malformed line Maelstrom's verdict is unknown
  --judge NAME          whose verdict counts, and is the exit status: faithful, which is
                        Maelstrom's own, or strict (default both)
  --test-count N        number of runs; the first that is not valid ends them (default 1)
  --log-stderr          shows what nodes write to stderr
  --store DIR           where runs are kept (default store)
  --json                one JSON value on stdout, and nothing else

${runFlags()}

${workloadList()}`,
    examples: [
      "test -w echo --bin ./node.py --node-count 1 --time-limit 10",
      'test -w echo --bin "$(command -v python3)" --node-count 1 --time-limit 10 -- "$PWD/node.py"',
      "test -w broadcast --bin ./node --node-count 5 --rate 10 --time-limit 20 --nemesis partition",
    ],
  }),
  challenge: () => ({
    usage: "NAME [--bin FILE] [-- ARGS]",
    does: "tests a program with a challenge's own commands and limits: a card",
    details:
      `  NAME                  a challenge, or a file in challenges/, built as bin/NAME
  --bin FILE            another executable instead, in any language
  -- ARGS               its arguments
  --as NAME             a workload or a challenge, for a file whose name gives none
  --seed N --store DIR  as with test

Challenges:
${list(challenges.map(({ name }) => name))}`,
    examples: [
      "challenge broadcast-3d --bin ./node",
      "challenge kafka-5b --bin ./node -- --verbose",
    ],
  }),
  simulate: () => ({
    usage: "PROGRAM [--seed N | --seeds N] [FLAGS]",
    does: "runs a program in virtual time: the same seed is the same run",
    details:
      `  PROGRAM               one of ours, a mutant (see help mutants), or FILE.ts, any module
                        whose default export is a program
  -w, --workload        what a FILE.ts is tested with,
  --challenge NAME      or the challenge whose commands and limits it is held to
  --seed N              one run, which is kept
  --seeds N             a campaign of seeds 1 to N; with --seed M, N seeds from M on
  --faults NAME         official (what the flags say, the default), partition or chaos
  --without LIST        chaos without some of ${INGREDIENTS.join(",")}
  --machine NAME        quiet (nothing is late, the default), busy or stalled
  --run I               the I-th command of the challenge, from 0
  --faithful            also has Maelstrom's own bugs
  --workers N           processes of a campaign (default: one for each core)
  --store DIR --json    as with test. A campaign keeps the first seed that is not valid, shrunk;
                        with --json it keeps none, and names each with its replay command

${runFlags()}
They replace those of the program's or challenge's own command. With -w alone this is
${flagsText(PLAIN)}.

Programs:
${list(scenarios.map(({ name }) => name))}

${workloadList()}`,
    examples: [
      "simulate broadcast-3e --seeds 100 --faults chaos",
      "simulate ./my-node.ts -w echo --seed 1",
      "simulate ./my-node.ts --challenge broadcast-3d",
    ],
  }),
  check: () => ({
    usage: "FILE... [--report FILE] [--judge faithful|strict] [--json]",
    does: "judges recorded runs again, including those of the real Maelstrom",
    details:
      `  FILE                  a run's folder, ours or Maelstrom's own, or a recording
  --report FILE         writes the report of the run as one HTML file
  --judge NAME          whose verdict is the exit status (default both)
  --json                one JSON value on stdout`,
    examples: [
      "check store/latest",
      "check ~/maelstrom/store/broadcast/latest --report report.html",
    ],
  }),
  serve: () => ({
    usage: "[-p PORT] [--host HOST] [--store DIR]",
    does: "shows the kept runs in a browser",
    details: `  -p, --port N          default ${PORT}; 0 picks a free one
  --host HOST           default 127.0.0.1: this machine only
  --store DIR           default store`,
    examples: ["serve -p 8081"],
  }),
  demo: () => ({
    usage: "[PROGRAM...]",
    does: "simulates our programs, all if none is named: a line for each",
    details: `Programs:\n${list(scenarios.map(({ name }) => name))}`,
    examples: ["demo echo-1 broadcast-3d"],
  }),
};

/** `help`; returns the exit status. */
export async function help([topic]: readonly string[]): Promise<number> {
  const name = topic ?? "help";
  const text = name === "help"
    ? helpText()
    : name === "mutants"
    ? await (await import("./subjects.ts")).mutantsText()
    : name === "findings"
    ? findingsText()
    : HELP_PAGES.includes(name)
    ? pageText(name)
    : explanationText(name);
  if (text === undefined) {
    throw new UsageError(
      `Cannot explain "${name}": there are ${HELP_PAGES.join(", ")}${
        didYouMean(name, [...HELP_PAGES, ...Object.keys(glossary)])
      }`,
    );
  }
  print(text);
  return 0;
}

/** The names of all pages. */
export const HELP_PAGES: readonly string[] = [
  ...Object.keys(PAGES),
  "mutants",
  "findings",
];

/** What each finding means, in a line. */
function findingsText(): string {
  const lines = Object.entries(glossary).map(([type, { means }]) =>
    `  ${type}\n      ${means}`
  );
  return `Findings of the judges. ${invocation()} help NAME says what usually causes one,
and what to try.

${lines.join("\n")}`;
}

/** The first page. */
function helpText(): string {
  const lines = Object.entries(PAGES).map(([name, page]) => {
    const { usage, does } = page();
    return `  ${name} ${usage}\n      ${does}`;
  });
  return `Maelstrom without a JVM, and a simulator.

  ${invocation()} COMMAND ...

${lines.join("\n")}
  help COMMAND
      flags with their defaults, and examples; also help mutants, help findings,
      and help NAME for any finding's name

Workloads:
${list(Object.keys(workloads))}
Programs:
${list(scenarios.map(({ name }) => name))}
${STATUS}`;
}

/** The page of a command. */
export function pageText(name: string): string {
  const { usage, does, details, examples } = PAGES[name]!();
  const call = invocation();
  return `${call} ${name} ${usage}
    ${does}

${details}

Examples:
${examples.map((example) => `  ${call} ${example}`).join("\n")}

${STATUS}`;
}
