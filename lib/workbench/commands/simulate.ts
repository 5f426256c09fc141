/** The `simulate` command: one seed, which is stored with a report, or a campaign of many. */
import {
  campaign,
  type CampaignResults,
  campaignVerdict,
} from "../campaign/campaign.ts";
import { type Ingredient, INGREDIENTS } from "../campaign/chaos.ts";
import type { Mark } from "../campaign/mark.ts";
import { flagsText } from "../history/options.ts";
import { parseFlags, parseRunFlags } from "./flags.ts";
import { exitStatus, judge, type Judged, overall } from "../checkers/judges.ts";
import { runSeed } from "../campaign/run-seed.ts";
import { passed } from "../campaign/seed-result.ts";
import { type Validity, worst } from "../checkers/verdict.ts";
import { isMet, type Limit, limitText } from "../scenarios/limits.ts";
import { scenarios } from "../scenarios/scenarios.ts";
import { limitsOf } from "../scenarios/standards.ts";
import type { MachineName } from "../world/machine.ts";
import { checkOptions } from "../run/run.ts";
import { workloadOf } from "../workloads/all.ts";
import {
  type FaultProfile,
  recordAny,
  replayCommand,
  type Simulation,
} from "../campaign/simulate.ts";
import { collectGarbage } from "../executable/garbage.ts";
import { onInterrupt } from "./signals.ts";
import { RunFolder } from "./store.ts";
import { namedScenario, subjectNamed } from "./subjects.ts";
import { UsageError } from "./usage-error.ts";
import { keep, runValue } from "./test.ts";
import { print, printJson } from "../terminal/print.ts";
import {
  campaignText,
  judgedText,
  ProgressLine,
  stderrText,
  verdictWord,
} from "../terminal/text.ts";
import { watched } from "./watched.ts";

/** A parsed command line. */
export interface SimulateCommand {
  simulation: Omit<Simulation, "seed">;
  seeds: number[];
  /** How many processes. */
  workers: number;
  json: boolean;
  /** Whether it is one run, which is stored, and no campaign. */
  single: boolean;
  /** The folder in which it is kept. */
  store?: string;
}

/** Runs the command; returns the exit status. */
export async function simulate(args: readonly string[]): Promise<number> {
  const command = await readSimulate(args);
  const { guest } = command.simulation;
  if (command.single) {
    return guest === undefined
      ? await simulateOne(command)
      : await watched(command);
  }
  return await simulateMany(command);
}

/** A campaign; Ctrl-C ends it early, with its results so far. */
async function simulateMany(command: SimulateCommand): Promise<number> {
  const { simulation, seeds, workers, json } = command;
  const { guest } = simulation;
  const progress = new ProgressLine();
  const began = performance.now();
  let done = 0, failed = 0, tries = 0;
  const show = (text: string) => {
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    progress.show(
      `${simulation.name}: ${done} of ${seeds.length} seeds, ${failed} not valid, ${seconds} s${text}`,
    );
  };
  const stop = new AbortController();
  let interrupted = 0;
  const heedNoMore = onInterrupt((status) => {
    if (stop.signal.aborted) Deno.exit(status); // the second time
    progress.end();
    console.error("Interrupted: ends with the seeds that are running");
    interrupted = status;
    stop.abort();
  });
  let result: CampaignResults;
  try {
    result = await campaign(simulation, seeds, {
      workers: simulation.program === undefined ? workers : 0,
      signal: stop.signal,
      onResult(result) {
        done++;
        if (!passed(result)) failed++;
        show("");
      },
      onShrink: (seed) => show(`, shrinks seed ${seed}, try ${++tries}`),
    });
  } finally {
    heedNoMore();
    progress.end();
  }
  const { labels: _, failures, ...counts } = result;
  const printed = failures.map(({ smallest: _, ...failure }) => failure);
  if (json) printJson({ ...counts, failures: printed });
  else print(campaignText(result));
  const ended = failures.find(({ anomalies }) =>
    !anomalies.some(({ type }) => type === "no-verdict")
  );
  if (!json && ended !== undefined) {
    const { smallest, seed, replay } = ended;
    const shrunk = replay !== replayCommand({ ...simulation, seed });
    print(`the report of seed ${seed}${shrunk ? ", shrunk" : ""}:`);
    if (guest === undefined) await keepRun(smallest, command);
    else {
      await watched({ ...command, simulation: smallest, seeds: [seed] });
    }
  }
  if (stop.signal.aborted && done < seeds.length) {
    console.error(`Interrupted after ${done} of ${seeds.length} seeds`);
    return interrupted;
  }
  if (done < seeds.length) {
    console.error(
      `Given up after ${done} of ${seeds.length} seeds: three runs did not end by themselves`,
    );
  }
  return exitStatus(campaignVerdict(result));
}

/**
 * Reads the command line of `simulate`.
 *
 * @throws {UsageError} it names something that does not exist
 */
export async function readSimulate(
  args: readonly string[],
): Promise<SimulateCommand> {
  const { words, options, numbers, texts, switches } = parseRunFlags(args, {
    seed: "number",
    seeds: "number",
    faults: "text",
    machine: "text",
    without: "text",
    run: "number",
    workers: "number",
    store: "text",
    workload: "text",
    challenge: "text",
    faithful: "switch",
    json: "switch",
  }, { w: "workload" });
  const [word, ...others] = words;
  if (word === undefined || others.length > 0) {
    throw new UsageError(
      "Cannot simulate: name one program, as in simulate broadcast-3e or simulate ./node.ts -w echo",
    );
  }
  const { workload, challenge, store } = texts;
  const subject = await subjectNamed(word, { workload, challenge });
  const { scenario, needs, ...named } = subject;
  const { seed = 1, seeds = 1, run = 0 } = numbers;
  if (scenario.runs[run] === undefined) {
    throw new UsageError(
      `Cannot simulate run ${run}: ${word} has ${scenario.runs.length}, from 0`,
    );
  }
  if (challenge !== undefined && named.guest === undefined) {
    throw new UsageError(
      `Cannot hold ${word} to --challenge ${challenge}: it is ours, and held to its own`,
    );
  }
  const asked = workload === undefined || named.guest !== undefined
    ? {}
    : { workload };
  const overrides = { ...needs?.flags, ...options, ...asked };
  checkOptions(workloadOf(workload ?? scenario.workload), {
    ...scenario.runs[run].flags,
    ...overrides,
  });
  return {
    simulation: {
      ...named,
      faults: (texts.faults ?? needs?.faults ?? "official") as FaultProfile,
      machine: (texts.machine ?? "quiet") as MachineName,
      run,
      overrides,
      without: ingredientsIn(texts.without),
      faithful: switches.has("faithful"),
    },
    seeds: Array.from({ length: seeds }, (_, i) => seed + i),
    workers: numbers.workers ?? navigator.hardwareConcurrency,
    json: switches.has("json"),
    single: numbers.seeds === undefined &&
      (numbers.seed !== undefined || named.guest !== undefined),
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

/** The thread in which a run is performed, if it has one of its own. */
interface InThread {
  /** Records what a guest's nodes are doing. */
  mark: Mark;
  /** Ends the process. */
  exit(status: number): void;
}

/** Runs one seed, and stores it; returns the exit status. */
export function simulateOne(
  command: SimulateCommand,
  thread?: InThread,
): Promise<number> {
  const { simulation, seeds } = command;
  return keepRun({ ...simulation, seed: seeds[0]! }, command, thread);
}

async function keepRun(
  simulation: Simulation,
  { store, json }: Pick<SimulateCommand, "store" | "json">,
  { mark, exit }: Partial<InThread> = {},
): Promise<number> {
  const logs = new NodeLines();
  const recording = await recordAny(simulation, {
    onLog: (node, line) => logs.add(node, line),
    ...(mark === undefined ? {} : { mark }),
  });
  collectGarbage();
  const judged = judge(recording);
  const command = replayCommand(simulation);
  if (!json) {
    print(command);
    print(`  (${flagsText(recording.options)})`);
    print(judgedText(judged));
  }
  const folder = new RunFolder(recording.workload, store);
  logs.writeTo(folder);
  const notKept = await keep(folder, judged, { command }, exit);
  const { path, logged } = folder;
  if (notKept !== null) console.error(notKept);
  if (json) {
    const { name, mutant = name, faults, machine } = simulation;
    printJson({
      ...runValue(judged, notKept === null ? path : null),
      ...{ flags: recording.options, program: mutant, faults, machine },
      replay: command,
    });
  } else if (notKept === null) {
    print([path, ...stderrText(logged, path)].join("\n"));
  }
  const verdict = overall(judged);
  // Our own programs are held to their limits by `make` and the tests.
  const missed = simulation.guest === undefined ? [] : missedLimits(judged);
  for (const { figure, ...limit } of json ? [] : missed) {
    print(
      `the official limit of ${figure}, ${
        limitText({ figure, ...limit })
      }, is missed`,
    );
  }
  return missed.length > 0 ? 1 : exitStatus(verdict);
}

/** How many characters of what a node logs are kept. */
const KEPT_LOG = 2 ** 20;

/** What nodes log while a run is simulated: if it is interrupted, there is nothing to remove. */
class NodeLines {
  readonly #logs = new Map<string, { text: string; left: number }>();

  add(node: string, line: string): void {
    const log = this.#logs.get(node) ?? { text: "", left: 0 };
    this.#logs.set(node, log);
    const text = `${log.text}${line}\n`;
    if (log.left === 0 && text.length <= KEPT_LOG) log.text = text;
    else log.left++;
  }

  /** Puts all into a run's folder; the last line of a log says if more were left out. */
  writeTo(folder: RunFolder): void {
    for (const [node, { text, left }] of this.#logs) {
      const rest = left === 0 ? [] : [`(${left} more lines are not kept)`];
      for (const line of [...text.split("\n").slice(0, -1), ...rest]) {
        folder.logStderr(node, line);
      }
    }
  }
}

/** The official limits that a run misses. */
function missedLimits({ recording, figures }: Judged): Limit[] {
  return limitsOf(recording).official
    .filter((limit) => !isMet(limit, figures[limit.figure]));
}

/** Simulates our programs, each once, as its challenge asks: prints a line for each. */
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
    print(`${name.padEnd(24)} ${verdictWord(verdict)}  ${algorithm}`);
  }
  return exitStatus(worst(...verdicts));
}
