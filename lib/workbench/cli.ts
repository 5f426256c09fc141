/**
 * The workbench's commands. `deno task workbench help` lists them.
 *
 * Exit status: 0 both verdicts valid, 1 something invalid, 2 something unknown, 254 the command
 * cannot be carried out, 255 a bug of the workbench itself or, with --faithful, a run that
 * Maelstrom would have aborted.
 */
import { stringify } from "./history/json.ts";
import { type Validity, worst } from "./checkers/verdict.ts";
import {
  IGNORED_FLAGS,
  namedScenario,
  noWords,
  parseFlags,
  UsageError,
} from "./commands/flags.ts";
import { crashOf } from "./checkers/faithful.ts";
import { exitStatus, judge, type Judged, overall } from "./checkers/judges.ts";
import { challenge } from "./commands/challenge.ts";
import { explanationText, glossary } from "./glossary/glossary.ts";
import {
  findingsText,
  HELP_PAGES,
  helpText,
  pageText,
} from "./commands/help.ts";
import { didYouMean } from "./commands/nearest.ts";
import { HOST, isLoopback, serveStore } from "./commands/serve.ts";
import { demo, simulate } from "./commands/simulate.ts";
import { STORE } from "./commands/store.ts";
import { mutantsText } from "./commands/subjects.ts";
import { runTest, type Tested } from "./commands/test.ts";
import { loadRecording } from "./recording.ts";
import { limitsOf } from "./scenarios/standards.ts";
import { workloadOf } from "./workloads/all.ts";
import { lostOutput, print } from "./terminal/print.ts";
import {
  judgedText,
  ProgressLine,
  stderrText,
  verdictWord,
} from "./terminal/text.ts";

type Command = (args: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  test,
  challenge,
  simulate,
  check,
  serve,
  demo,
  help,
};

/** Maelstrom's own names for some of them. */
const ALIASES: Readonly<Record<string, string>> = {
  analyze: "check",
  doc: "help",
  "--help": "help",
  "-h": "help",
};

/** What Maelstrom prints last, which scripts look for. */
const LAST_LINES = {
  true: "Everything looks good! ヽ(‘ー`)ノ",
  false: "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻",
  unknown: "Errors occurred during analysis, but no anomalies found. ಠ~ಠ",
};

async function help([topic]: readonly string[]): Promise<number> {
  const name = ALIASES[topic ?? ""] ?? topic ?? "help";
  const text = name === "help"
    ? helpText()
    : name === "mutants"
    ? await mutantsText()
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
  checkProgram(program, workload);
  const { seed, "test-count": count = 1 } = parsed.numbers;
  const json = parsed.switches.has("json");
  const progress = new ProgressLine();
  const all: Tested[] = [];
  // As in Maelstrom, the first run that is not valid is the last.
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
      onJudged(judged) {
        progress.end();
        if (!json) print(judgedText(judged));
      },
      ...(parsed.switches.has("log-stderr")
        ? { onStderr: (node, line) => console.error(`${node}: ${line}`) }
        : {}),
      onProgress: ({ phase, seconds, operations }) =>
        progress.show(
          `${phase}, ${seconds.toFixed(0)} s, ${operations} operations`,
        ),
    });
    all.push(tested);
    if (tested.hint !== undefined) console.error(tested.hint);
    if (tested.notKept !== undefined) console.error(tested.notKept);
    else if (!json) {
      const { report, logged } = tested;
      print([report, ...stderrText(logged, report)].join("\n"));
    }
  } while (all.length < count && overall(all.at(-1)!) === true);
  const verdict = overall(all.at(-1)!);
  if (json) {
    const values = all.map((tested) => ({
      ...forJson(tested),
      figures: tested.figures,
      limits: limitsOf(tested.recording),
      folder: tested.notKept === undefined ? tested.report : null,
      seed: tested.recording.seed,
      workload,
      flags: parsed.options,
      bin,
      args: parsed.rest,
    }));
    print(stringify(count === 1 ? values[0] : values));
  }
  const { recording } = all.at(-1)!;
  // As Maelstrom does, which aborts without a verdict.
  if (recording.faithful && crashOf(recording) !== undefined) return 255;
  if (!json) print(`\n${LAST_LINES[`${verdict}`]}`);
  return exitStatus(verdict);
}

/**
 * Refuses to hold a run to the promises of a program that is for another workload.
 *
 * @throws {UsageError} there is no such program, or it is for another workload
 */
function checkProgram(program: string | undefined, workload: string): void {
  if (program === undefined) return;
  const { workload: own } = namedScenario(program);
  if (own === workload) return;
  throw new UsageError(
    `Cannot hold ${workload} to what ${program} promises: that is for -w ${own}`,
  );
}

async function check(args: readonly string[]): Promise<number> {
  const { words, texts, switches } = parseFlags(args, {
    judge: "text",
    report: "text",
    json: "switch",
  });
  if (words.length === 0) {
    throw new UsageError(
      "Cannot check nothing: name files or folders of recorded runs",
    );
  }
  if (texts.report !== undefined && words.length > 1) {
    throw new UsageError(
      "Cannot write one report for several runs: check them one by one",
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
    const recording = await loadRecording(file);
    workloadOf(recording.workload);
    const judged = judge(recording);
    all.push(judged);
    if (!json) print(`${file}\n${judgedText(judged)}`);
    if (texts.report !== undefined) await saveReport(texts.report, judged);
  }
  const verdict = worst(...all.map(verdictOf));
  if (json) {
    const values = all.map(forJson);
    print(stringify(values.length === 1 ? values[0] : values));
  } else if (all.length > 1) {
    print(`${all.length} recordings, at worst ${verdictWord(verdict)}`);
  }
  return exitStatus(verdict);
}

/** Writes the report of a run that was stored without one, as the real Maelstrom's are. */
async function saveReport(file: string, judged: Judged): Promise<void> {
  // The drawing code takes a while to load.
  const { reportHtml } = await import("./report/report.ts");
  try {
    await Deno.writeTextFile(file, await reportHtml(judged));
    console.error(file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    console.error(`Cannot write the report ${file}: ${error.message}`);
  }
}

async function serve(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(args, {
    port: "number",
    host: "text",
    store: "text",
  }, { p: "port" });
  noWords(parsed);
  const { store = STORE, host = HOST } = parsed.texts;
  const { url, finished } = serveStore(store, parsed.numbers.port, host);
  if (!isLoopback(host)) {
    console.error(
      `Whoever reaches ${host} can read the runs, and nothing protects them`,
    );
  }
  print(`The runs of ${store}/ are at ${url} until Ctrl-C`);
  await finished;
  return 0;
}

/** What `--json` prints for one run. */
function forJson({ results, strict }: Judged) {
  return { results, strict };
}

/** Runs a command line; returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const [word = "help", ...rest] = args;
  const name = ALIASES[word] ?? word;
  const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  const asks = own.some((word) => /^(--help|-h)$/.test(word));
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined) {
      const names = Object.keys(commands);
      throw new UsageError(
        `Cannot do "${name}": there are ${names.join(", ")}${
          didYouMean(name, names)
        }`,
      );
    }
    const status =
      await (asks && name !== "help" ? help([name]) : command(rest));
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

if (import.meta.main) Deno.exit(await main(Deno.args));
