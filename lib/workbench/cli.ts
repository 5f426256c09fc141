/**
 * The workbench's commands. `deno task workbench help` lists them.
 *
 * Exit status: 0 all valid under both judges, 1 something invalid, 2 something unknown,
 * 254 the command line is wrong, 255 the workbench itself failed.
 */
import { stringify } from "./json.ts";
import { INGREDIENTS } from "./campaign/chaos.ts";
import { type Validity, worst } from "./checkers/verdict.ts";
import {
  IGNORED_FLAGS,
  namedScenario,
  noWords,
  parseFlags,
  UsageError,
} from "./commands/flags.ts";
import { exitStatus, judge, type Judged, overall } from "./checkers/judges.ts";
import { loadRecording } from "./recording.ts";
import { scenarios } from "./scenarios.ts";
import { serveStore } from "./commands/serve.ts";
import { simulate } from "./commands/simulate.ts";
import { STORE } from "./commands/store.ts";
import { runTest, type Tested } from "./commands/test.ts";
import { judgedText, ProgressLine, verdictWord } from "./terminal/text.ts";

const HELP = `Maelstrom without a JVM.

  deno task workbench test -w WORKLOAD --bin FILE [Maelstrom's flags] [-- ARGS]
      runs an executable as many nodes in real time, and judges it
      ours: --seed N --program NAME --faithful --store DIR --json
  deno task workbench simulate NAME [--seed N | --seeds N] [--faults official|partition|chaos]
      runs one of our programs in virtual time: the same seed is the same run
      --seed N --seeds M are the M seeds from N on
      --machine quiet|busy|stalled is what it runs on: one that makes nothing late, or as real ones do
      --run I (the scenario's I-th command) --without ${INGREDIENTS.join(",")}
      --faithful --workers N --store DIR --json, and any of Maelstrom's flags instead of the scenario's
  deno task workbench check FILE... [--judge faithful|strict] [--json]
      judges recorded runs again: folders of store/, or files as in tests/golden/
  deno task workbench serve [--port N] [--store DIR]
      shows the runs of store/ in a browser

Programs: ${scenarios.map(({ name }) => name).join(" ")}
Exit status: 0 valid, 1 invalid, 2 unknown, 254 wrong command line, 255 the workbench failed.`;

type Command = (args: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  test,
  simulate,
  check,
  serve,
  help() {
    console.log(HELP);
    return Promise.resolve(0);
  },
};

async function test(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(args, {
    workload: "text",
    bin: "text",
    seed: "number",
    program: "text",
    store: "text",
    faithful: "switch",
    json: "switch",
    "log-stderr": "switch",
    "test-count": "number",
    ...IGNORED_FLAGS,
  }, { w: "workload" });
  noWords(parsed);
  const { bin, workload = "lin-kv", program, store } = parsed.texts;
  if (bin === undefined) {
    throw new UsageError(
      "Cannot test nothing: say what to run with --bin FILE",
    );
  }
  if (program !== undefined) namedScenario(program);
  const { seed, "test-count": count = 1 } = parsed.numbers;
  const json = parsed.switches.has("json");
  const progress = new ProgressLine();
  const all: Tested[] = [];
  // As in Maelstrom, the first that is not valid is the last.
  do {
    const tested = await runTest({
      workload,
      options: parsed.options,
      bin,
      args: parsed.rest,
      faithful: parsed.switches.has("faithful"),
      ...(program === undefined ? {} : { program }),
      ...(store === undefined ? {} : { store }),
      ...(seed === undefined ? {} : { seed: seed + all.length }),
      ...(parsed.switches.has("log-stderr")
        ? { onStderr: (node, line) => console.error(`${node}: ${line}`) }
        : {}),
      onProgress: ({ phase, seconds, operations }) =>
        progress.show(
          `${phase}, ${seconds.toFixed(0)} s, ${operations} operations`,
        ),
    });
    progress.end();
    all.push(tested);
    if (!json) console.log(`${judgedText(tested)}\n${tested.report}`);
  } while (all.length < count && overall(all.at(-1)!) === true);
  if (json) {
    const values = all.map(forJson);
    console.log(stringify(count === 1 ? values[0] : values));
  }
  return exitStatus(overall(all.at(-1)!));
}

async function check(args: readonly string[]): Promise<number> {
  const { words, texts, switches } = parseFlags(args, {
    judge: "text",
    json: "switch",
  });
  if (words.length === 0) {
    throw new UsageError(
      "Cannot check nothing: name files or folders of recorded runs",
    );
  }
  const verdictOf = (judged: Judged): Validity =>
    texts.judge === "faithful"
      ? judged.results["valid?"]
      : texts.judge === "strict"
      ? judged.strict["valid?"]
      : overall(judged);
  const json = switches.has("json");
  const all: Judged[] = [];
  for (const file of words) {
    const judged = judge(await loadRecording(file));
    all.push(judged);
    if (!json) console.log(`${file}\n${judgedText(judged)}`);
  }
  const verdict = worst(...all.map(verdictOf));
  if (json) {
    const values = all.map(forJson);
    console.log(stringify(values.length === 1 ? values[0] : values));
  } else if (all.length > 1) {
    console.log(`${all.length} recordings, at worst ${verdictWord(verdict)}`);
  }
  return exitStatus(verdict);
}

async function serve(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(args, { port: "number", store: "text" });
  noWords(parsed);
  const { store = STORE } = parsed.texts;
  const { url, finished } = serveStore(store, parsed.numbers.port);
  console.log(`The runs of ${store}/ are at ${url} until Ctrl-C`);
  await finished;
  return 0;
}

/** What `--json` prints of one run. */
function forJson({ results, strict }: Judged) {
  return { results, strict };
}

/** Runs a command line; gives the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = args;
  const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  const asks = [name, ...own].some((word) => /^(--help|-h)$/.test(word));
  const command = asks ? commands.help : commands[name];
  try {
    if (command === undefined) {
      const names = Object.keys(commands).join(", ");
      throw new UsageError(`Cannot do "${name}": there are ${names}`);
    }
    return await command(rest);
  } catch (error) {
    // Sentences that begin so are for people; anything else is a bug, and needs its stack.
    const expected = error instanceof Error &&
      error.message.startsWith("Cannot ");
    console.error(expected ? error.message : error);
    return error instanceof UsageError ? 254 : 255;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
