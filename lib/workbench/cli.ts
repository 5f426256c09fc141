/**
 * The workbench's commands. `deno task workbench help` lists them.
 *
 * Exit status: 0 all valid under both judges, 1 something invalid, 2 something unknown,
 * 254 the command line is wrong, 255 the workbench itself failed.
 */
import { campaign, campaignVerdict } from "./campaign.ts";
import { type Ingredient, INGREDIENTS } from "./chaos.ts";
import { type Validity, worst } from "./checkers/verdict.ts";
import { flagsText, type Parsed, parseFlags, UsageError } from "./flags.ts";
import { exitStatus, judge, type Judged, overall } from "./judges.ts";
import { loadRecording } from "./recording.ts";
import { scenarioOf, scenarios } from "./scenarios.ts";
import {
  type FaultProfile,
  record,
  replayCommand,
  type Simulation,
} from "./simulate.ts";
import { serveStore } from "./serve.ts";
import { openRunFolder, STORE } from "./store.ts";
import { runTest } from "./test-command.ts";
import { campaignText, judgedText, ProgressLine, verdictWord } from "./text.ts";

const HELP = `Maelstrom without a JVM.

  deno task workbench test -w WORKLOAD --bin FILE [Maelstrom's flags] [-- ARGS]
      runs an executable as many nodes in real time, and judges it
      ours: --seed N --program NAME --faithful --store DIR --json
  deno task workbench simulate NAME [--seed N | --seeds N] [--faults official|partition|chaos]
      runs one of our programs in virtual time: the same seed is the same run
      --run I (the scenario's I-th command) --without ${INGREDIENTS.join(",")}
      --faithful --workers N --store DIR --json, and any of Maelstrom's flags instead of the scenario's
  deno task workbench check FILE... [--judge faithful|strict] [--json]
      judges recorded runs again: folders of store/, or files as in tests/golden/
  deno task workbench serve [--port N] [--store DIR]
      shows the runs of store/ in a browser

Programs: ${scenarios.map(({ name }) => name).join(" ")}
Exit status: 0 valid, 1 invalid, 2 unknown, 254 wrong command line, 255 the workbench failed.`;

type Command = (args: string[]) => Promise<number>;

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

async function test(args: string[]): Promise<number> {
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
  }, { w: "workload" });
  noWords(parsed);
  const { bin, workload = "lin-kv", program, store } = parsed.texts;
  if (bin === undefined) {
    throw new UsageError(
      "Cannot test nothing: say what to run with --bin FILE",
    );
  }
  if (program !== undefined) scenarioOf(program);
  const { seed, "test-count": count = 1 } = parsed.numbers;
  const progress = new ProgressLine();
  for (let i = 0; i < count; i++) {
    const tested = await runTest({
      workload,
      options: parsed.options,
      bin,
      args: parsed.rest,
      faithful: parsed.switches.has("faithful"),
      ...(program === undefined ? {} : { program }),
      ...(store === undefined ? {} : { store }),
      ...(seed === undefined ? {} : { seed: seed + i }),
      ...(parsed.switches.has("log-stderr")
        ? { onStderr: (node, line) => console.error(`${node}: ${line}`) }
        : {}),
      onProgress: ({ phase, seconds, operations }) =>
        progress.show(
          `${phase}, ${seconds.toFixed(0)} s, ${operations} operations`,
        ),
    });
    progress.end();
    const json = parsed.switches.has("json");
    if (json) console.log(jsonOf(tested));
    else console.log(`${judgedText(tested)}\n${tested.report}`);
    const status = exitStatus(overall(tested));
    if (status !== 0 || i === count - 1) return status;
  }
  return 0;
}

async function simulate(args: string[]): Promise<number> {
  const parsed = parseFlags(args, {
    seed: "number",
    seeds: "number",
    faults: "text",
    without: "text",
    run: "number",
    workers: "number",
    store: "text",
    workload: "text",
    faithful: "switch",
    json: "switch",
  }, { w: "workload" });
  const [name, ...others] = parsed.words;
  if (name === undefined || others.length > 0) {
    throw new UsageError(
      "Cannot simulate: name one program, as in simulate broadcast-3e",
    );
  }
  const scenario = scenarioOf(name);
  const { seed, seeds = 1, run = 0, workers } = parsed.numbers;
  if (scenario.runs[run] === undefined) {
    throw new UsageError(
      `Cannot simulate run ${run}: ${name} has ${scenario.runs.length}, from 0`,
    );
  }
  const { workload } = parsed.texts;
  const simulation: Omit<Simulation, "seed"> = {
    name,
    faults: (parsed.texts.faults ?? "official") as FaultProfile,
    run,
    overrides: {
      ...parsed.options,
      ...(workload === undefined ? {} : { workload }),
    },
    without: ingredients(parsed.texts.without),
    faithful: parsed.switches.has("faithful"),
  };
  const json = parsed.switches.has("json");
  if (seed !== undefined && !json) {
    return await simulateOne({ ...simulation, seed }, parsed.texts.store);
  }
  const list = seed !== undefined
    ? [seed]
    : Array.from({ length: seeds }, (_, i) => i + 1);
  const progress = new ProgressLine();
  let done = 0, failed = 0;
  const began = performance.now();
  const result = await campaign(simulation, list, {
    workers: workers ?? navigator.hardwareConcurrency,
    onResult({ faithful, strict }) {
      done++;
      if (faithful !== true || strict !== true) failed++;
      const seconds = ((performance.now() - began) / 1e3).toFixed(0);
      progress.show(
        `${name}: ${done} of ${list.length} seeds, ${failed} not valid, ${seconds} s`,
      );
    },
  });
  progress.end();
  console.log(json ? JSON.stringify(result) : campaignText(result));
  return exitStatus(campaignVerdict(result));
}

/** One seed: kept in the store like a run in real time, so that it can be looked at. */
async function simulateOne(
  simulation: Simulation,
  store?: string,
): Promise<number> {
  const recording = await record(simulation);
  const judged = judge(recording);
  const folder = await openRunFolder(recording.workload, store);
  await folder.save(judged, replayCommand(simulation));
  console.log(
    `${replayCommand(simulation)}\n  (${flagsText(recording.options)})\n${
      judgedText(judged)
    }\n${folder.path}`,
  );
  return exitStatus(overall(judged));
}

async function check(args: string[]): Promise<number> {
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
  const all: string[] = [];
  const verdicts: Validity[] = [];
  for (const file of words) {
    const judged = judge(await loadRecording(file));
    verdicts.push(verdictOf(judged));
    if (switches.has("json")) all.push(jsonOf(judged));
    else console.log(`${file}\n${judgedText(judged)}`);
  }
  if (switches.has("json")) {
    console.log(all.length === 1 ? all[0] : `[${all.join(",\n")}]`);
  } else if (words.length > 1) {
    const word = verdictWord(worst(...verdicts));
    console.log(`${words.length} recordings, at worst ${word}`);
  }
  return exitStatus(worst(...verdicts));
}

async function serve(args: string[]): Promise<number> {
  const parsed = parseFlags(args, { port: "number", store: "text" });
  noWords(parsed);
  const { store = STORE } = parsed.texts;
  const { url, finished } = serveStore(store, parsed.numbers.port);
  console.log(`The runs of ${store}/ are at ${url} until Ctrl-C`);
  await finished;
  return 0;
}

/** What `--json` prints of one run. */
function jsonOf({ results, strict }: Judged): string {
  return JSON.stringify({ results, strict });
}

function noWords({ words }: Parsed): void {
  if (words.length > 0) {
    throw new UsageError(
      `Cannot use "${
        words[0]
      }": it is no flag. The node's own arguments go behind --`,
    );
  }
}

function ingredients(text = ""): Ingredient[] {
  return text.split(",").filter((name) => name !== "").map((name) => {
    const known = INGREDIENTS.find((ingredient) => ingredient === name);
    if (known !== undefined) return known;
    throw new UsageError(
      `Cannot leave out "${name}": chaos has ${INGREDIENTS.join(", ")}`,
    );
  });
}

/** Runs a command line; gives the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = args;
  const command = commands[name.replace(/^--?(h|help)$/, "help")];
  try {
    if (command === undefined) {
      const names = Object.keys(commands).join(", ");
      throw new UsageError(`Cannot do "${name}": there are ${names}`);
    }
    return await command(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(error.message);
      return 254;
    }
    console.error(error instanceof Error ? error.message : String(error));
    if (Deno.env.get("WORKBENCH_TRACE") !== undefined) console.error(error);
    return 255;
  }
}

if (import.meta.main) {
  // A simulated program's stray rejection is the program's business.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    console.error(`a promise was rejected: ${event.reason?.stack}`);
  });
  Deno.exit(await main(Deno.args));
}
