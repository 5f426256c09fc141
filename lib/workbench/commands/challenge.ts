/**
 * The `challenge` command, which `make NAME` runs: tests a program as its challenge asks, with
 * the real Maelstrom if it is installed and with the workbench otherwise, and prints a result
 * card for each of the challenge's commands.
 */
import {
  type Card,
  cardText,
  failures,
  type Outcome,
} from "../terminal/card.ts";
import { figuresIn, isTakenByMaelstrom } from "../checkers/figures.ts";
import { judge } from "../checkers/judges.ts";
import {
  type FigureName,
  type Figures,
  figureTitles,
} from "../scenarios/limits.ts";
import type { Recording } from "../history/history.ts";
import { noWords, parseRunFlags } from "./flags.ts";
import { commandLine, findMaelstrom, runMaelstrom } from "../maelstrom/real.ts";
import { loadMaelstromRun } from "../maelstrom/store.ts";
import {
  type Scenario,
  type ScenarioRun,
  scenarios,
} from "../scenarios/scenarios.ts";
import {
  asChallenge,
  asWorkload,
  challengeOf,
  challenges,
} from "../scenarios/standards.ts";
import { workloads } from "../workloads/all.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";
import { runTest } from "./test.ts";
import { print } from "../terminal/print.ts";
import { ProgressLine, stderrText } from "../terminal/text.ts";
import { basename } from "node:path";

/** A program, and what it is held to. */
interface Candidate {
  scenario: Scenario;
  /** The executable and its arguments. */
  bin: string;
  args: readonly string[];
  /** The challenge that a guest is tested as, if any. */
  challenge?: string;
  /** Whether it is ours, and held to its scenario's promises. */
  ours: boolean;
  /** The folder in which runs are kept. */
  store?: string;
  seed?: number;
}

/** What the command line says of a program. */
interface Asked {
  /** A challenge's name, or that of a file in `challenges/`. */
  name: string;
  /** The executable, if it is not `bin/NAME`. */
  bin?: string | undefined;
  args?: readonly string[];
  /** A workload or a challenge, if the name does not say it. */
  as?: string | undefined;
}

/**
 * Finds out what a program is held to: one of ours to its scenario, a guest to the challenge
 * whose name its own begins with, or to a workload that was named.
 *
 * @throws {UsageError} nothing says what it is to be tested as
 */
function candidateOf(asked: Asked): Candidate {
  const { name, args = [], as, bin = `bin/${name}` } = asked;
  const scenario = scenarios.find((scenario) => scenario.name === name);
  const ours = asked.bin === undefined && as === undefined;
  if (ours && scenario !== undefined) {
    return { scenario, bin, args, ours };
  }
  const title = asked.bin === undefined ? name : basename(bin);
  if (as !== undefined && Object.hasOwn(workloads, as)) {
    return { scenario: asWorkload(title, as), bin, args, ours: false };
  }
  const challenge = as === undefined
    ? scenario ?? challengeOf(name)
    : challenges.find(({ name }) => name === as);
  if (as !== undefined && challenge === undefined) {
    const names = [
      ...Object.keys(workloads),
      ...challenges.map(({ name }) => name),
    ];
    throw new UsageError(
      `Cannot test as "${as}": there are ${names.join(", ")}${
        didYouMean(as, names)
      }`,
    );
  }
  if (challenge === undefined) {
    const names = challenges.map(({ name }) => name);
    throw new UsageError(
      `Cannot tell what "${name}" is to be tested as: its name begins with that of no challenge (${
        names.join(", ")
      }${didYouMean(name, names)}). ` +
        `Name a workload, as in make ${name} W=echo or challenge ${name} --as echo, or name the file after its challenge, as in ${
          challenges[0]!.name
        }-mine.ts`,
    );
  }
  const guest = asChallenge(title, challenge);
  return {
    scenario: guest,
    bin,
    args,
    ours: false,
    challenge: challenge.name,
  };
}

/** Runs one command of a challenge. */
type Runner = (
  candidate: Candidate,
  run: ScenarioRun,
  print: (outcome: Outcome) => void,
) => Promise<{ outcome: Outcome; report: string }>;

const NOT_TAKEN: ReadonlySet<FigureName> = new Set(
  (Object.keys(figureTitles) as FigureName[])
    .filter((figure) => !isTakenByMaelstrom(figure)),
);

function inMaelstrom(maelstrom: string): Runner {
  return async (candidate, { flags }, print) => {
    const { scenario: { workload }, bin, args } = candidate;
    const { results, storeDir } = await runMaelstrom(
      maelstrom,
      workload,
      flags,
      { bin, args },
    );
    const outcome = {
      faithful: results["valid?"],
      ...await strictly(candidate, storeDir, figuresIn(results)),
    };
    print(outcome);
    return { outcome, report: storeDir };
  };
}

/** The strict judge's part of a card, from the files of Maelstrom's run; Maelstrom's own figures stay. */
async function strictly(
  candidate: Candidate,
  storeDir: string,
  own: Figures,
): Promise<Omit<Outcome, "faithful">> {
  let recording: Recording;
  try {
    recording = await loadMaelstromRun(storeDir);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { message: notJudged } = error;
    return { figures: own, notTaken: NOT_TAKEN, notJudged };
  }
  const { strict, figures } = judge({ ...recording, ...subject(candidate) });
  return { strict, figures: { ...figures, ...own } };
}

/** What a run is recorded as: the program if it is ours, the challenge that a guest is tested as. */
function subject(
  { scenario: { name }, ours, challenge }: Candidate,
): Pick<Recording, "program" | "challenge"> {
  return {
    ...(ours ? { program: name } : {}),
    ...(challenge === undefined ? {} : { challenge }),
  };
}

const inWorkbench: Runner = async (candidate, { flags }, print) => {
  const { scenario: { name, workload }, bin, args, store, seed } = candidate;
  const progress = new ProgressLine();
  let outcome: Outcome | undefined;
  const { report, logged, notKept, hint = [] } = await runTest({
    workload,
    options: flags,
    bin,
    args,
    ...subject(candidate),
    ...(store === undefined ? {} : { store }),
    ...(seed === undefined ? {} : { seed }),
    onProgress: ({ phase, seconds, operations }) =>
      progress.show(
        `${name}: ${phase}, ${seconds.toFixed(0)} s, ${operations} operations`,
      ),
    onJudged({ results, strict, figures }) {
      progress.end();
      const { "valid?": faithful, error } = results;
      const why = typeof error === "string" ? { why: error } : {};
      outcome = { faithful, ...why, strict, figures };
      print(outcome);
    },
  });
  const where = [report, ...stderrText(logged, report), hint].flat()
    .join("\n  ");
  return { outcome: outcome!, report: notKept ?? where };
};

/**
 * Tests a program with every command of its scenario.
 *
 * @param print called with each card as text, and then with where its run is stored
 * @returns whether all of them pass
 * @throws {Error} there is no such executable, or a run failed
 */
async function testCandidate(
  candidate: Candidate,
  print: (card: Card) => void,
  printReport: (report: string) => void,
): Promise<boolean> {
  const { name, algorithm, workload, runs } = candidate.scenario;
  const maelstrom = findMaelstrom({
    MAELSTROM: Deno.env.get("MAELSTROM"),
    PATH: Deno.env.get("PATH"),
  });
  const runner = maelstrom === undefined ? inWorkbench : inMaelstrom(maelstrom);
  let passed = true;
  for (const run of runs) {
    const label = run.label === "" ? "" : ` (${run.label})`;
    const { outcome, report } = await runner(
      candidate,
      run,
      (outcome) =>
        print({
          title: `${name}${label}: ${algorithm}`,
          flags: commandLine(workload, run.flags).join(" "),
          ranBy: maelstrom === undefined ? "workbench" : "Maelstrom",
          limits: run,
          outcome,
        }),
    );
    printReport(report);
    passed &&= failures(outcome, run).length === 0;
  }
  return passed;
}

/**
 * Runs the command.
 *
 * @returns the exit status: 1 when a judge's verdict is not `valid` or a limit, official or ours, is missed
 * @throws {UsageError} the command line names something that does not exist
 */
export async function challenge(args: readonly string[]): Promise<number> {
  const parsed = parseRunFlags(args, {
    bin: "text",
    as: "text",
    workload: "text",
    store: "text",
    seed: "number",
  }, { w: "workload" });
  const { words: [name, ...others], texts, options, rest } = parsed;
  if (name === undefined) {
    const names = challenges.map(({ name }) => name).join(", ");
    throw new UsageError(
      `Cannot test for no challenge: name one of ${names}, as in challenge echo-1 --bin ./node`,
    );
  }
  noWords({ ...parsed, words: others });
  const [flag] = Object.keys(options);
  if (flag !== undefined) {
    throw new UsageError(
      `Cannot use --${flag} here: a challenge's own command decides it. Use test, as in test -w echo --bin ./node --${flag} ...`,
    );
  }
  const { bin, workload, as = workload, store } = texts;
  const { seed } = parsed.numbers;
  const candidate = {
    ...candidateOf({ name, bin, as, args: rest }),
    ...(store === undefined ? {} : { store }),
    ...(seed === undefined ? {} : { seed }),
  };
  const colours = Deno.stdout.isTerminal() && !Deno.noColor;
  const passed = await testCandidate(
    candidate,
    (card) => print(cardText(card, colours)),
    (report) => print(`  report  ${report}\n`),
  );
  return passed ? 0 : 1;
}
