/**
 * The command behind `make NAME`: tests `bin/NAME` as its challenge asks, in the real
 * Maelstrom where there is one and in the workbench otherwise, and prints a result card
 * for each of the challenge's commands.
 *
 *     deno run -A lib/workbench/commands/challenge.ts NAME
 *
 * Exit status: 0 when every run passes, 1 when a judge's verdict is not `valid` or a limit,
 * official or ours, is missed.
 */
import {
  type Card,
  cardText,
  failures,
  type Outcome,
} from "../terminal/card.ts";
import { figuresIn, isTakenByMaelstrom } from "../checkers/figures.ts";
import { figureTitles } from "../limits.ts";
import { commandLine, findMaelstrom, runMaelstrom } from "./real-maelstrom.ts";
import type { FigureName } from "../limits.ts";
import { type Scenario, scenarioOf, type ScenarioRun } from "../scenarios.ts";
import { runTest } from "./test.ts";
import { ProgressLine } from "../terminal/text.ts";

/** Runs one command of a challenge. */
type Runner = (scenario: Scenario, run: ScenarioRun) => Promise<Outcome>;

const NOT_TAKEN: ReadonlySet<FigureName> = new Set(
  (Object.keys(figureTitles) as FigureName[])
    .filter((figure) => !isTakenByMaelstrom(figure)),
);

function inMaelstrom(maelstrom: string): Runner {
  return async ({ name, workload }, { flags }) => {
    const bin = `bin/${name}`;
    const { results, storeDir } = await runMaelstrom(
      maelstrom,
      workload,
      flags,
      bin,
    );
    return {
      faithful: results["valid?"],
      figures: figuresIn(results),
      notTaken: NOT_TAKEN,
      report: storeDir,
    };
  };
}

const inWorkbench: Runner = async ({ name, workload }, { flags }) => {
  const progress = new ProgressLine();
  const { results, strict, figures, report } = await runTest({
    workload,
    options: flags,
    bin: `bin/${name}`,
    program: name,
    onProgress: ({ phase, seconds, operations }) =>
      progress.show(
        `${name}: ${phase}, ${seconds.toFixed(0)} s, ${operations} operations`,
      ),
  });
  progress.end();
  return { faithful: results["valid?"], strict, figures, report };
};

/**
 * Tests a program with every command of its challenge.
 *
 * @returns whether all of them pass
 * @throws {Error} there is no such challenge, or a test could not be run
 */
export async function testChallenge(
  name: string,
  print: (card: Card) => void,
): Promise<boolean> {
  const scenario = scenarioOf(name);
  const maelstrom = findMaelstrom({
    MAELSTROM: Deno.env.get("MAELSTROM"),
    PATH: Deno.env.get("PATH"),
  });
  const runner = maelstrom === undefined ? inWorkbench : inMaelstrom(maelstrom);
  let passed = true;
  for (const run of scenario.runs) {
    const outcome = await runner(scenario, run);
    const label = run.label === "" ? "" : ` (${run.label})`;
    print({
      title: `${name}${label}: ${scenario.algorithm}`,
      flags: commandLine(scenario.workload, run.flags).join(" "),
      ranBy: maelstrom === undefined ? "workbench" : "Maelstrom",
      limits: run,
      outcome,
    });
    passed &&= failures(outcome, run).length === 0;
  }
  return passed;
}

if (import.meta.main) {
  const colours = Deno.stdout.isTerminal() && !Deno.noColor;
  try {
    const passed = await testChallenge(
      Deno.args[0] ?? "",
      (card) => console.log(cardText(card, colours)),
    );
    Deno.exit(passed ? 0 : 1);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
