/** The `simulate` command: one seed, which is kept to be looked at, or a campaign of many. */
import { stringify } from "../json.ts";
import { campaign, campaignVerdict } from "../campaign/campaign.ts";
import { type Ingredient, INGREDIENTS } from "../campaign/chaos.ts";
import { flagsText } from "../history.ts";
import { namedScenario, parseFlags, UsageError } from "./flags.ts";
import { exitStatus, judge, overall } from "../checkers/judges.ts";
import { passed, runSeed } from "../campaign/seed-result.ts";
import { type Validity, worst } from "../checkers/verdict.ts";
import { scenarios } from "../scenarios.ts";
import {
  type FaultProfile,
  record,
  replayCommand,
  type Simulation,
} from "../campaign/simulate.ts";
import type { MachineName } from "../world/machine.ts";
import { openRunFolder } from "./store.ts";
import { keep } from "./test.ts";
import {
  campaignText,
  judgedText,
  ProgressLine,
  verdictWord,
} from "../terminal/text.ts";

/** What is asked for on the command line. */
export interface SimulateCommand {
  simulation: Omit<Simulation, "seed">;
  seeds: number[];
  /** How many threads. */
  workers: number;
  json: boolean;
  /** Whether it is one seed that was named: it is then kept in the store. */
  single: boolean;
  /** The folder in which it is kept. */
  store?: string;
}

/** Does what the command line says; gives the exit status. */
export async function simulate(args: readonly string[]): Promise<number> {
  const command = readSimulate(args);
  if (command.single && !command.json) return await simulateOne(command);
  const { simulation, seeds, workers, json } = command;
  const progress = new ProgressLine();
  const began = performance.now();
  let done = 0, failed = 0, tries = 0;
  const show = (text: string) => {
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    progress.show(
      `${simulation.name}: ${done} of ${seeds.length} seeds, ${failed} not valid, ${seconds} s${text}`,
    );
  };
  const result = await campaign(simulation, seeds, {
    workers,
    onResult(result) {
      done++;
      if (!passed(result)) failed++;
      show("");
    },
    onShrink: (seed) => show(`, makes seed ${seed} smaller, try ${++tries}`),
  });
  progress.end();
  const { labels: _, ...printed } = result;
  console.log(json ? stringify(printed) : campaignText(result));
  return exitStatus(campaignVerdict(result));
}

/**
 * Reads the command line of `simulate`.
 *
 * @throws {UsageError} it asks for what there is not
 */
export function readSimulate(args: readonly string[]): SimulateCommand {
  const { words, options, numbers, texts, switches } = parseFlags(args, {
    seed: "number",
    seeds: "number",
    faults: "text",
    without: "text",
    machine: "text",
    run: "number",
    workers: "number",
    store: "text",
    workload: "text",
    faithful: "switch",
    json: "switch",
  }, { w: "workload" });
  const [name, ...others] = words;
  if (name === undefined || others.length > 0) {
    throw new UsageError(
      "Cannot simulate: name one program, as in simulate broadcast-3e",
    );
  }
  const { runs } = namedScenario(name);
  const { seed = 1, seeds = 1, run = 0 } = numbers;
  if (runs[run] === undefined) {
    throw new UsageError(
      `Cannot simulate run ${run}: ${name} has ${runs.length}, from 0`,
    );
  }
  const { workload, store } = texts;
  return {
    simulation: {
      name,
      faults: (texts.faults ?? "official") as FaultProfile,
      run,
      machine: (texts.machine ?? "quiet") as MachineName,
      overrides: {
        ...options,
        ...(workload === undefined ? {} : { workload }),
      },
      without: ingredientsIn(texts.without),
      faithful: switches.has("faithful"),
    },
    seeds: Array.from({ length: seeds }, (_, i) => seed + i),
    workers: numbers.workers ?? navigator.hardwareConcurrency,
    json: switches.has("json"),
    single: numbers.seed !== undefined && numbers.seeds === undefined,
    ...(store === undefined ? {} : { store }),
  };
}

function ingredientsIn(text = ""): Ingredient[] {
  return text.split(",").filter((name) => name !== "").map((name) => {
    const known = INGREDIENTS.find((ingredient) => ingredient === name);
    if (known !== undefined) return known;
    throw new UsageError(
      `Cannot leave out "${name}": chaos has ${INGREDIENTS.join(", ")}`,
    );
  });
}

async function simulateOne(
  { simulation, seeds, store }: SimulateCommand,
): Promise<number> {
  const whole = { ...simulation, seed: seeds[0]! };
  const recording = await record(whole);
  const judged = judge(recording);
  const command = replayCommand(whole);
  console.log(command);
  console.log(`  (${flagsText(recording.options)})`);
  console.log(judgedText(judged));
  const folder = openRunFolder(recording.workload, store);
  const notKept = await keep(folder, judged, { command });
  if (notKept === null) console.log(folder.path);
  else console.error(notKept);
  return exitStatus(overall(judged));
}

/** Simulates programs of ours, each once, with what its challenge asks: a line for each. */
export async function demo(args: readonly string[]): Promise<number> {
  const { words } = parseFlags(args, {});
  const chosen = words.length === 0 ? scenarios : words.map(namedScenario);
  const verdicts: Validity[] = [];
  for (const { name, algorithm } of chosen) {
    const { faithful, strict } = await runSeed({
      name,
      seed: 1,
      faults: "official",
    });
    const verdict = worst(faithful, strict);
    verdicts.push(verdict);
    console.log(`${name.padEnd(24)} ${verdictWord(verdict)}  ${algorithm}`);
  }
  return exitStatus(worst(...verdicts));
}
