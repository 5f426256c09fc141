/** Campaigns: what they count, that failures are shrunk and can be replayed, and that every seed has a result. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  campaign,
  campaignVerdict,
  type Failure,
} from "../../lib/workbench/campaign/campaign.ts";
import type { Recording } from "../../lib/workbench/history/history.ts";
import type { Json } from "../../lib/node/world.ts";
import type { Node } from "../../lib/maelstrom.ts";
import type { SeedResult } from "../../lib/workbench/campaign/seed-result.ts";
import { readSimulate } from "../../lib/workbench/commands/simulate.ts";
import {
  replayCommand,
  simulate,
  type Simulation,
} from "../../lib/workbench/campaign/simulate.ts";
import { runInProcesses } from "../../lib/workbench/campaign/processes.ts";
import { mutants } from "../mutants/basics.ts";
import { programOf } from "../mutants/mutant.ts";
import { needs } from "../fixtures/permitted.ts";
import "../fixtures/programs.ts";

/** A campaign with a mutant in the place of a scenario's program. */
function withMutant(name: string): Omit<Simulation, "seed"> {
  const mutant = mutants.find((mutant) => mutant.name === name)!;
  return {
    name: mutant.scenario,
    faults: mutant.faults,
    overrides: mutant.flags ?? {},
    program: programOf(mutant),
  };
}

/** The run that a replay command does, of a program that is no file. */
async function replayed(
  { replay }: Failure,
  { program }: Omit<Simulation, "seed">,
) {
  const [deno, task, workbench, command, ...args] = replay.split(" ");
  assertEquals([deno, task, workbench, command], [
    ...["deno", "task", "workbench", "simulate"],
  ]);
  const { simulation, seeds, single } = await readSimulate(args);
  assert(single);
  return await simulate({ ...simulation, seed: seeds[0]!, program: program! });
}

for (
  const [name, type] of [
    ["echo-another", "echo-mismatch"],
    ["ids-counter-without-epoch", "duplicate-id"],
  ] as const
) {
  Deno.test(`a failure of the mutant ${name} is shrunk, and its replay command fails in the same way`, async () => {
    const settings = withMutant(name);
    let tries = 0;
    const result = await campaign(settings, [1, 2, 3, 4], {
      shrinkAtMost: 1,
      onShrink: () => void tries++,
    });
    assert(result.strict.false > 0);
    assertEquals(campaignVerdict(result), false);
    assertEquals(result.failures.length, result.strict.false);
    const [failure] = result.failures as [Failure];
    assert(tries > 0, "shrinking shows that it works");
    assertStringIncludes(failure.replay, "--time-limit");
    const { strict, results, recording } = await replayed(failure, settings);
    const types = (anomalies: { type: string }[]) =>
      anomalies.map(({ type }) => type).filter((t) => t !== "faithful-judge");
    assert(types(strict.anomalies).includes(type));
    assertEquals(types(strict.anomalies), types(failure.anomalies));
    assertEquals(strict["valid?"], false);
    assertEquals(
      failure.judge,
      results["valid?"] === true ? "strict" : "both",
    );
    const asked = ({ options }: Recording) =>
      Number(options["time-limit"] ?? 60) * Number(options.rate ?? 5);
    const whole = await simulate({ ...settings, seed: failure.seed });
    assert(
      asked(recording) < asked(whole.recording) / 2 ||
        failure.replay.includes("--without"),
      "fewer operations, or fewer faults",
    );
  });
}

Deno.test(
  "a campaign counts verdicts, figures and labels over its seeds, the same in processes and without",
  needs("read", "run"),
  async () => {
    const settings = {
      name: "unique-ids-2",
      faults: "chaos",
      overrides: { "time-limit": 3, rate: 20 },
    } as const;
    const heard: number[] = [];
    const alone = await campaign(settings, [5, 6, 7, 8], {
      onResult: ({ seed }) => void heard.push(seed),
    });
    assertEquals(heard, [5, 6, 7, 8]);
    assertEquals(alone.faithful, { true: 4, false: 0, unknown: 0 });
    assertEquals(alone.strict, { true: 4, false: 0, unknown: 0 });
    const { median, worst } = alone.figures["all.msgs-per-op"]!;
    assert(2 < median && median <= worst);
    const availability = alone.figures["availability"]!;
    assert(availability.worst <= availability.median, "of this, less is worse");
    assertEquals(alone.labels["kill"], 4);

    const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
    const flags = "--faults chaos --time-limit 3 --rate 20 --seed 5 --seeds 4";
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--allow-all",
          cli.href,
          "simulate",
          settings.name,
          "--json",
        ],
        ...[...flags.split(" "), "--workers", "2"],
      ],
    }).output();
    const { labels: _, ...printed } = alone;
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), printed);
    assertEquals(Object.keys(printed), [
      ...["program", "seeds", "faults", "machine"],
      ...["faithful", "strict", "figures"],
      ...["failures", "notes"],
    ]);
  },
);

Deno.test("a seed without a verdict is unknown, with its reason and replay command, and the others go on", async () => {
  const result = await campaign({
    name: "echo-1",
    faults: "official",
    overrides: { "latency-dist": "square" },
  }, [1, 2]);
  assertEquals(result.faithful, { true: 0, false: 0, unknown: 2 });
  assertEquals(result.strict, { true: 0, false: 0, unknown: 2 });
  assertEquals(campaignVerdict(result), "unknown");
  const [first] = result.failures;
  assertEquals(first!.judge, "both");
  assertEquals(first!.anomalies.map(({ type }) => type), ["no-verdict"]);
  const reason = first!.anomalies[0]!.because[0]!;
  assertStringIncludes(reason, "--seed 1 --faults official");
  assertStringIncludes(reason, 'Cannot use latency-dist "square"');
});

Deno.test("a rejection that a program leaves unhandled is a label, and breaks nothing", async () => {
  interface Echo {
    echo(request: { echo: Json }): { echo: Json };
  }
  const careless = (node: Node<Echo>) =>
    node.on("echo", ({ echo }) => {
      node.rpc("lin-kv", "echo", { echo }, { timeoutMs: 10 }); // it never answers that
      return { echo };
    });
  const { labels, results, strict } = await simulate({
    name: "echo-1",
    seed: 1,
    faults: "official",
    overrides: { "time-limit": 2 },
    program: careless as unknown as NonNullable<Simulation["program"]>,
  });
  assert(labels.has("stray-rejection"));
  assertEquals([results["valid?"], strict["valid?"]], [true, true]);
});

Deno.test(
  "a process that dies, loops without end or has a broken thread is replaced, and its seed has no verdict; after three that loop there is no other",
  needs("read", "run"),
  async () => {
    const results: SeedResult[] = [];
    await runInProcesses(
      [1, 5, 2, 3, 4, 2, 2, 4].map((seed) => ({
        name: "echo-1",
        faults: "official",
        seed,
      })),
      {
        processes: 1,
        patienceMs: 1_000,
        script: import.meta.resolve("../fixtures/stuck-worker.ts"),
      },
      (result) => results.push(result),
    );
    const verdicts = results.map(({ strict }) => strict);
    assertEquals(verdicts, [
      ...[true, "unknown", "unknown", "unknown", true],
      ...["unknown", "unknown"],
    ]);
    const reasons = results.flatMap(({ anomalies }) => anomalies)
      .map(({ because }) => because[0]!);
    assertStringIncludes(reasons[0]!, "its process ended with SIGKILL");
    assertStringIncludes(reasons[1]!, "loops without end");
    assertStringIncludes(reasons[2]!, "out of order");
    assertEquals(results.map(({ seed }) => seed), [1, 5, 2, 3, 4, 2, 2]);
  },
);

Deno.test(
  "a process of a campaign ends in silence when the one that asked it has gone",
  needs("read", "run"),
  async () => {
    const script = "../../lib/workbench/campaign/campaign-process.ts";
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", import.meta.resolve(script)],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stdout.cancel();
    const simulation = { name: "echo-1", faults: "official", seed: 1 };
    const writer = child.stdin.getWriter();
    const line = `${JSON.stringify({ simulation })}\n`;
    await writer.write(new TextEncoder().encode(line));
    assertEquals(await new Response(child.stderr).text(), "");
    assertEquals((await child.status).code, 1);
    await writer.close().catch(() => {});
  },
);

Deno.test(
  "a mutant is simulated by its name, with the faults and flags that show its bug",
  needs("read"),
  async () => {
    const { simulation, single } = await readSimulate([
      ...["broadcast-ever-slower", "--seed", "1"],
    ]);
    assertEquals(single, true);
    assertEquals(simulation.name, "broadcast-3c");
    assertEquals(simulation.overrides, {
      "nemesis-interval": 20,
      "time-limit": 30,
    });
    assertStringIncludes(
      replayCommand({ ...simulation, seed: 1 }),
      "simulate broadcast-ever-slower --seed 1",
    );
  },
);
