/** Programs of others in the simulator: run, held to a challenge, and their impurities named. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import { GuestError, loadGuest } from "../../lib/workbench/campaign/guests.ts";
import { runSeed } from "../../lib/workbench/campaign/run-seed.ts";
import {
  replayCommand,
  simulate,
} from "../../lib/workbench/campaign/simulate.ts";
import { readSimulate } from "../../lib/workbench/commands/simulate.ts";
import { watched } from "../../lib/workbench/commands/watched.ts";
import { limitsOf } from "../../lib/workbench/scenarios/standards.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";
import { workbench } from "../fixtures/workbench.ts";

const guest = (name: string) =>
  new URL(`../fixtures/guests/${name}.ts`, import.meta.url).pathname;

/** Simulates a guest as the command line says. */
async function simulateGuest(name: string, ...args: string[]) {
  const { simulation, seeds } = await readSimulate([
    ...[guest(name), ...args, "--time-limit", "3"],
  ]);
  const whole = { ...simulation, seed: seeds[0]! };
  return { ...await simulate(whole), replay: replayCommand(whole) };
}

const names = (found: readonly { type: string }[]) =>
  found.map(({ type }) => type);

/** A process of tests holds more than the run that is watched. */
const ANY_MEMORY = Infinity;

Deno.test(
  "any module can be simulated with a workload, and its replay command names both",
  needs("read"),
  async () => {
    const { strict, results, replay } = await simulateGuest(
      "plain",
      ...["-w", "echo", "--seed", "4"],
    );
    assertEquals([results["valid?"], strict], [
      true,
      { "valid?": true, anomalies: [], notes: [] },
    ]);
    assertMatch(replay, /guests\/plain\.ts -w echo --seed 4 .*--time-limit 3$/);
  },
);

Deno.test(
  "a module is held to a challenge's command and official limits, not to our promises",
  needs("read"),
  async () => {
    const { simulation } = await readSimulate([
      guest("plain"),
      ...["--challenge", "broadcast-3d"],
    ]);
    assertEquals(simulation.guest!.scenario.promises, {});
    const recording = {
      workload: "broadcast",
      options: simulation.guest!.scenario.runs[0]!.flags,
      challenge: "broadcast-3d",
      history: [],
      journal: [],
    };
    const { official, ours } = limitsOf(recording);
    assertEquals(official.map(({ below }) => below), [30, 400, 600]);
    assertEquals(ours, []);
  },
);

Deno.test(
  "what a program uses of the machine is named, with the place and what to use instead",
  needs("read"),
  async () => {
    const { strict } = await simulateGuest("impure", "-w", "echo");
    const [found, ...others] = strict.anomalies;
    assertEquals([found?.type, others], ["impure-program", []]);
    for (
      const [line, name, instead] of [
        [8, "Date.now", "node.now()"],
        [12, "Math.random", "node.random()"],
        [14, "setTimeout", "node.after(ms, task)"],
        [15, "performance.now", "node.now()"],
        [17, "Date()", "node.now()"],
        [17, "Temporal.Now", "node.now()"],
        [18, "FinalizationRegistry", "a step of the program"],
        [19, "WeakRef.deref", "the object itself"],
      ] as const
    ) {
      const sentence = found!.because.find((text) => text.includes(name));
      assertMatch(
        sentence!,
        new RegExp(`guests/impure\\.ts:${line}:\\d+ uses`),
      );
      assertStringIncludes(sentence!, `use ${instead}`);
    }
    assertEquals(found!.because.length, 8);
    const { random } = Math, { now } = Date;
    assertEquals(
      (await simulateGuest("plain", "-w", "echo")).strict["valid?"],
      true,
    );
    assert(Math.random === random && Date.now === now, "all is as it was");
  },
);

Deno.test(
  "what a package uses of the machine counts only where it makes runs differ",
  needs("read", "write"),
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/node_modules`);
    await Deno.writeTextFile(
      `${folder}/node_modules/clock.js`,
      "export const now = () => Date.now(); now(); let turns = 0; export const turn = () => turns++ + now();",
    );
    const file = `${folder}/node.ts`;
    const simulated = async (answer: string) => {
      await Deno.writeTextFile(
        file,
        `import { now, turn } from "./node_modules/clock.js"; export default (node) => node.on("generate", () => (${answer}));`,
      );
      const url = new URL(`file://${file}`).href;
      const { simulation } = await readSimulate([file, "-w", "unique-ids"]);
      const guest = { ...simulation.guest!, module: `${url}?${answer.length}` };
      const overrides = { ...simulation.overrides, "time-limit": 1 };
      return await simulate({ ...simulation, guest, overrides, seed: 1 });
    };
    const harmless = await simulated(
      "now(), { id: `${node.id} ${node.random()}` }",
    );
    assertEquals(harmless.strict.anomalies, []);
    const differing = await simulated("{ id: turn() + node.random() }");
    assertMatch(
      differing.strict.anomalies[0]!.because[0]!,
      /uses Date\.now, which belongs to the machine/,
    );
  }),
);

Deno.test(
  "timers under a name of the program's own are named by their import",
  needs("read"),
  async () => {
    const { strict } = await simulateGuest("waiting", "-w", "echo");
    const impure = strict.anomalies.find(({ type }) =>
      type === "impure-program"
    );
    assertEquals(impure!.because.length, 2);
    assertMatch(
      impure!.because[0]!,
      /waiting\.ts:2 uses node:timers\/promises, .* use node\.after/,
    );
    assertMatch(impure!.because[1]!, /waiting\.ts:11:\d+ uses AbortSignal/);
  },
);

Deno.test(
  "a guest that ends its process is named, and whatever a handler throws is an error reply",
  needs("read"),
  async () => {
    const { strict, recording } = await simulateGuest(
      ...["leaving", "-w", "echo", "--rate", "100", "--seed", "1"] as const,
    );
    const impure = strict.anomalies.find(({ type }) =>
      type === "impure-program"
    );
    assertMatch(impure!.because[0]!, /leaving\.ts:10:\d+ uses Deno\.exit/);
    const errors = recording.history.flatMap(({ error }) => error ?? []);
    assert(errors.includes("an object without a text"), `${errors}`);
  },
);

Deno.test(
  "what a guest throws where nothing catches it is named, and ends no run",
  needs("read"),
  async () => {
    const { strict, results } = await simulateGuest(
      ...["throwing", "-w", "echo", "--node-count", "1"] as const,
    );
    assertEquals(results["valid?"], true);
    assertEquals(names(strict.anomalies), ["impure-program"]);
    assertMatch(
      strict.anomalies[0]!.because[0]!,
      /throwing\.ts:13:\d+ throws Error: out of a microtask, which nothing catches/,
    );
  },
);

Deno.test(
  "a message that is nested too deeply is one that nobody reads; without end, the handler's own error",
  needs("read"),
  async () => {
    const { strict, recording } = await simulateGuest(
      ...["deep", "-w", "echo", "--node-count", "1"] as const,
    );
    const { because } = strict.anomalies.find(({ type }) =>
      type === "protocol-violation"
    )!;
    assertEquals(because.length, 1);
    assertStringIncludes(because[0]!, "is nested more than 1000 levels deep");
    const errors = recording.history.flatMap(({ error }) => error ?? []);
    assertMatch(`${errors}`, /Converting circular structure/);
  },
);

Deno.test(
  "a guest that replaces what the workbench shares with it is refused by its name",
  needs("read"),
  async () => {
    const { map } = Array.prototype;
    const error = await assertRejects(
      () => simulateGuest("replacing", "-w", "echo"),
      GuestError,
      "it changes Array.prototype.map, Object.prototype.everywhere, which",
    );
    assertStringIncludes(error.message, "guests/replacing.ts");
    assertEquals([Array.prototype.map, "everywhere" in {}], [map, false]);
  },
);

Deno.test(
  "a guest that freezes what the workbench shares with it is refused by its name",
  needs("read"),
  async () => {
    const command = await readSimulate([guest("freezing"), "-w", "echo"]);
    await assertRejects(
      () => watched(command, undefined, ANY_MEMORY),
      Error,
      "it changes Array.prototype, Math, which the workbench shares with it",
    );
  },
);

Deno.test(
  "a guest whose handler waits for the machine is told so, though its runs are alike",
  needs("read"),
  async () => {
    const { strict } = await simulateGuest("turning", "-w", "echo");
    const impure = strict.anomalies.find(({ type }) =>
      type === "impure-program"
    );
    assertMatch(impure!.because[0]!, /turning\.ts waits for the machine/);
  },
);

Deno.test(
  "a guest whose runs differ without any state in its module waits for the machine",
  needs("read"),
  async () => {
    const { strict } = await simulateGuest("differing", "-w", "echo");
    assertEquals(names(strict.anomalies), ["impure-program"]);
    assertMatch(
      strict.anomalies[0]!.because[0]!,
      /differing\.ts waits for the machine, as for a file/,
    );
  },
);

Deno.test(
  "a guest that runs itself when it is imported is told how not to, whether it waits for that or not",
  needs("read"),
  async () => {
    for (const name of ["unguarded", "unawaited"]) {
      const command = await readSimulate([guest(name), "-w", "echo"]);
      await assertRejects(
        () => watched(command, undefined, ANY_MEMORY),
        Error,
        "write if (import.meta.main) await run(...)",
      );
    }
  },
);

Deno.test(
  "state that nodes share in a module is named, and where it is",
  needs("read"),
  async () => {
    const { strict } = await simulateGuest("shared", "-w", "unique-ids");
    assertEquals(names(strict.anomalies), ["impure-program"]);
    assertMatch(
      strict.anomalies[0]!.because[0]!,
      /state is held in the module \(.*shared\.ts:8: let count = 0;\)/,
    );
  },
);

Deno.test(
  "a handler that never returns is named with its message by a watchdog",
  needs("read"),
  async () => {
    const command = await readSimulate([guest("looping"), "-w", "echo"]);
    const { error } = console;
    const said: string[] = [];
    console.error = (text: string) => said.push(text);
    try {
      assertEquals(await watched(command, 1_000, ANY_MEMORY), 1);
    } finally {
      console.error = error;
    }
    assertMatch(
      said.join("\n"),
      /looping\.ts never returns: n\d in its handler of \{.*"echo".*\} from c\d+/,
    );
  },
);

Deno.test(
  "a guest that takes too much memory is broken off, with what it was doing",
  needs("read", "sys"),
  async () => {
    const command = await readSimulate([guest("growing"), "-w", "echo"]);
    const { error } = console;
    const said: string[] = [];
    console.error = (text: string) => said.push(text);
    try {
      const most = Deno.memoryUsage().rss + 3e8;
      assertEquals(await watched(command, undefined, most), 1);
    } finally {
      console.error = error;
    }
    assertMatch(
      said.join("\n"),
      /growing\.ts is broken off: .* \d\.\d GB of memory, at last for n\d in its handler of \{.*"echo"/,
    );
  },
);

Deno.test(
  "what a guest prints is not on stdout, and a module that never finishes loading is named",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const file = `${folder}/node.ts`;
    const echo = 'node.on("echo", ({ echo }) => ({ echo }));';
    await Deno.writeTextFile(
      file,
      `export default (node) => { ${echo} console.log("begins"); console.info("goes on"); };`,
    );
    const flags = ["-w", "echo", "--time-limit", "1"];
    const { stdout, stderr } = await workbench(
      ...["simulate", file, "--json"],
      ...flags,
    );
    assertEquals(JSON.parse(stdout).seed, 1);
    assertStringIncludes(stderr, "begins\ngoes on");
    await Deno.writeTextFile(
      file,
      `import { writeSync } from "node:fs";
      writeSync(1, "\\u001e{}\\n" + "x".repeat(1000));
      globalThis.onmessage = () => {};
      (async () => { for await (const _ of Deno.stdin.readable); })();
      export default (node) => { ${echo} globalThis.postMessage?.({ status: 0 }); };`,
    );
    const campaign = await workbench(
      ...["simulate", file, "--seeds", "2", "--json"],
      ...flags,
    );
    const { strict, failures } = JSON.parse(campaign.stdout);
    assertEquals(strict, { true: 0, false: 2, unknown: 0 });
    assertMatch(
      failures[0].anomalies[0].because[0],
      /node\.ts:4:\d+ uses Deno\.stdin/,
    );
    assertStringIncludes(campaign.stderr, "\u001e{}\nx");
    await Deno.writeTextFile(file, 'import "./no-such.ts";');
    const none = await workbench("simulate", file, "--seeds", "20", ...flags);
    assertEquals([none.code, none.stdout], [254, ""]);
    assertMatch(none.stderr, /^Cannot load .*no-such\.ts/m);
    await Deno.writeTextFile(file, '\n  throw new Error("no settings");');
    const thrown = await workbench("simulate", file, ...flags);
    assertMatch(thrown.stderr, /: no settings\n +at .*node\.ts:2:9\n$/);
    await Deno.writeTextFile(file, "module.exports = () => {};");
    const old = await workbench("simulate", file, ...flags);
    assertStringIncludes(old.stderr, "write import and export default\n");
    await Deno.writeTextFile(file, "await new Promise(() => {});");
    const hung = await workbench("simulate", file, ...flags, "--json");
    assertEquals([hung.code, JSON.parse(hung.stdout).folder], [1, null]);
    assertStringIncludes(
      hung.stderr,
      "its module while it is loaded (by an await at its top level?)",
    );
  }),
);

Deno.test(
  "the watchdog leaves the judges their time",
  needs("read", "write"),
  async () => {
    const store = await Deno.makeTempDir();
    const { log } = console;
    try {
      const command = await readSimulate([
        ...[guest("plain"), "-w", "echo", "--time-limit", "2"],
        ...["--store", store],
      ]);
      console.log = () => {};
      assertEquals(await watched(command, 500, ANY_MEMORY), 0);
    } finally {
      console.log = log;
      await Deno.remove(store, { recursive: true });
    }
  },
);

Deno.test(
  "an official limit that a guest misses fails its simulated run",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { code, stdout } = await workbench(
      ...["simulate", guest("slow"), "--challenge", "broadcast-3d"],
      ...["--store", store],
    );
    assertEquals(code, 1);
    assertMatch(
      stdout,
      /stable latency, median \(ms\) +\d+ +official < 400 ✗/,
    );
    assertStringIncludes(
      stdout,
      "the official limit of stable-latency.median-ms, < 400, is missed",
    );
    assertStringIncludes(stdout, "strict verdict:      valid");
  }),
);

Deno.test(
  "the error for a module without a program names its exports, that for a missing one says so",
  needs("read"),
  async () => {
    const { simulation } = await readSimulate([guest("nothing"), "-w", "echo"]);
    await assertRejects(
      () => simulate({ ...simulation, seed: 1 }),
      Error,
      "no program as its default export (it exports answer). Write export default program(protocol, (node) => { ... }); any other program, as one that reads its stdin, is run by test --bin FILE",
    );
    const result = await runSeed({ ...simulation, seed: 1 });
    assertEquals(result.strict, "unknown");
    for (
      const [code, text] of [
        ["export default 5", "that is no function, but of type number"],
        ["export default class {}", "that is a class"],
        ['import { debounce } from "jsr:@std/async"', "in lib/std/: bin/"],
        [
          'import a from "not-in-our-map"',
          "A deno.json beside it is not read here: write npm:NAME",
        ],
      ] as const
    ) {
      const module = `data:text/javascript,${code}`;
      await assertRejects(
        () => loadGuest({ ...simulation.guest!, module }),
        Error,
        text,
      );
    }
    const missing = {
      ...simulation.guest!,
      module: 'data:text/javascript,import a from "file:///no/such/file.ts"',
    };
    const { message } = await assertRejects(() => loadGuest(missing), Error);
    assertStringIncludes(message, "/no/such/file.ts");
    assertEquals(stripVTControlCharacters(message), message);
    for (
      const [args, text] of [
        [["./no-such.ts", "-w", "echo"], "there is no such file"],
        [["./README.md", "-w", "echo"], "name ends in .ts"],
        [["Makefile"], "test --bin Makefile"],
        [[guest("plain")], "add -w echo"],
        [[guest("plain"), "--challenge", "echo"], "did you mean echo-1?"],
        [["echo-1", "--challenge", "echo-1"], "held to its own"],
        [["brodcast-deaf"], "did you mean broadcast-deaf?"],
      ] as const
    ) {
      await assertRejects(() => readSimulate(args), Error, text);
    }
  },
);

Deno.test(
  "the packages of a guest are not locked in the project",
  needs("read", "write"),
  async () => {
    const lock = new URL("../../deno.lock", import.meta.url);
    const before = await Deno.readTextFile(lock);
    const specifier = "npm:fast-check@^4.1";
    assert(!before.includes(`"${specifier}"`));
    await loadGuest({
      module:
        `data:text/javascript,import "${specifier}"; export default () => {}`,
    });
    assertEquals(await Deno.readTextFile(lock), before);
  },
);
