/** The workbench's command line: exit statuses, errors that say what to do, and JSON alone on stdout. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { existsSync } from "node:fs";
import { flagsText } from "../../lib/workbench/history/options.ts";
import { HELP_PAGES, pageText } from "../../lib/workbench/commands/help.ts";
import {
  parseRunFlags,
  RUN_FLAGS,
} from "../../lib/workbench/commands/flags.ts";
import { readSimulate } from "../../lib/workbench/commands/simulate.ts";
import { checkOptions } from "../../lib/workbench/run/run.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";
import type { Judged } from "../../lib/workbench/checkers/judges.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs, permitted } from "../fixtures/permitted.ts";
import { workbench } from "../fixtures/workbench.ts";

const path = (name: string) => new URL(name, import.meta.url).pathname;

for (
  const [args, code, text] of [
    [["tets"], 254, 'Cannot do "tets": there are test, challenge, simulate'],
    [["tets"], 254, "did you mean test?"],
    [["__proto__"], 254, "there are test"],
    [["--bin", "x", "test"], 254, "The command comes before its flags"],
    [["help", "simulte"], 254, "did you mean simulate?"],
    [["test", "--bin", "x", "--node-conut", "5"], 254, "mean --node-count?"],
    [["test", "-w", "brodcast", "--bin", "x"], 254, "did you mean broadcast?"],
    [["test", "-w", "echo", "--bin", "/"], 254, "it is not a file"],
    [
      ["test", "--bin", "x", "--consistency-models", "foo"],
      254,
      "not one of read-uncommitted",
    ],
    [
      ["test", "--bin", "x", "--consistency-models", "read-atomic,prefix"],
      254,
      "a comma with blanks on both sides",
    ],
    [["challenge"], 254, "name one of echo-1"],
    [["challenge", "my-node", "--bin", "x"], 254, "to be tested as"],
    [["challenge", "echo-1", "--bin", "x", "--rate", "5"], 254, "Use test"],
    [["serve", "--host", "host.invalid"], 254, "Cannot listen on host.invalid"],
    [["serve", "here"], 254, "named with --store DIR"],
    [["check", "x", "--rate", "5"], 254, "no --rate. There are --judge"],
    [["demo", "--rate", "5"], 254, "no --rate: this command has no flags"],
    [
      ["challenge", "brodcast-3d", "--bin", "x"],
      254,
      "did you mean broadcast-3d?",
    ],
    [["demo", "ehco-1"], 254, "did you mean echo-1?"],
    [["test", "--bin", "x", "--rat", "5"], 254, "did you mean --rate?"],
    [["simulate", "echo-1", "--bin", "x"], 254, "no --bin. There are --node"],
    [["test", "./node", "-w", "echo"], 254, "as in --bin ./node"],
    [["simulate", "./tests", "-w", "echo"], 254, "it is a folder. Name the"],
    [["test", "more", "--bin", "x"], 254, "own arguments go after --"],
    [["simulate", "echo-1", "--seeds", "1e9"], 254, "1000000 at most"],
    [["simulate", "echo-1", "--seed", "1e16"], 254, "4503599627370496 at most"],
    [["simulate", "lin-kv-raft", "--concurrency", "1n"], 254, "Try --concurr"],
    [["serve", "--port", "65536"], 254, "65535 at most"],
    [["test", "--bin", "x", "--zzzzzzzz"], 254, "no --zzzzzzzz. There are"],
    [["test", "--bin", "x", "--store", ""], 254, 'use --store ""'],
    [["test", "--bin", "x", "--nodes", ","], 254, "Cannot run without nodes"],
    [
      ["test", "-w", "echo", "--bin", "x", "--program", "broadcast-3d"],
      254,
      "that is for -w broadcast",
    ],
    [["test", "-w", "echo"], 254, "--bin FILE"],
    [["challenge"], 254, "name one of echo-1, unique-ids-2, "],
    [["test", "--bin", "x", "--rate", "fast"], 254, "it must be a number"],
    [["test", "--bin", "x", "--rate", "-1"], 254, "at least 0"],
    [["test", "--bin", "x", "--rate", "0x10"], 254, "it must be a number"],
    [["test", "--bin", "x", "--node-count", "10001"], 254, "10000 at most"],
    [["test", "--bin", "x", "--latency", "60001"], 254, "60000 at most"],
    [["test", "--bin", "x", "--concurrency", "9999999n"], 254, "10000 at most"],
    [["test", "--bin", "x", "--concurrency", "n2"], 254, "suffix n"],
    [["test", "--bin", "x", "--concurrency", "0"], 254, "greater than 0"],
    [["test", "--bin", "x", "--time-limit", "0"], 254, "greater than 0"],
    [["test", "--bin", "x", "--nemesis", "kil"], 254, "partition, kill, pause"],
    [
      ["test", "-w", "echo", "--bin", "/no/such/node"],
      254,
      "there is no such file",
    ],
    [["test", "-w", "echo", "--bin", "sh"], 254, "$(command -v sh)"],
    [
      ["test", "-w", "echo", "--bin", "sh -c exit"],
      254,
      '--bin "$(command -v sh)" -- -c exit',
    ],
    [["test", "-w", "echo", "--bin", "no node"], 254, "as './no node'"],
    [
      ["test", "-w", "echo", "--bin", "/bin/sh -e x"],
      254,
      'as in --bin /bin/sh -- -e x; with make, into ARGS="-e x"',
    ],
    [["test", "-w", "ehco", "--bin", "x"], 254, "it must be broadcast, echo"],
    [["test", "--bin", "x", "--nodes", "a,b,a"], 254, 'two nodes "a"'],
    [["test", "--bin", "x", "--nodes", "c1"], 254, 'a node "c1"'],
    [["test", "--bin", "x", "--nodes", "../a"], 254, "a file of that name"],
    [["test", "--bin", "x", "--nodes-file", "/no/such/file"], 254, "No such"],
    [["test", "-w", "lin-kv", "--bin", "/bin/true"], 254, "--concurrency 2n"],
    [["test", "-w", "echo", "--bin", path("cli_test.ts")], 254, "chmod +x"],
    [["simulate", "echo-1", "--key-count", "10001"], 254, "10000 at most"],
    [
      ["simulate", "g-set", "--nemesis", "kill", "--nemesis-interval", "1e-9"],
      254,
      "or more",
    ],
    [["simulate"], 254, "name one program"],
    [["simulate", "echo-2"], 254, "there are echo-1"],
    [["test", "--bin", "x", "--program", "echo-2"], 254, "echo-1"],
    [["simulate", "echo-1", "--without", "rain"], 254, "chaos has loss"],
    [["simulate", "echo-1", "--machine", "loud"], 254, "quiet, busy, stalled"],
    [["simulate", "echo-1", "--run", "7"], 254, "has 1, from 0"],
    [["check"], 254, "name files or folders"],
    [["check", "/no/such/file"], 254, "/no/such/file: there is no such file"],
    [["check", path("cli_test.ts")], 254, "name a run's folder"],
    [["check", path("../fixtures/other-workload.json")], 254, "are broadcast"],
  ] as const
) {
  Deno.test(
    `workbench ${
      args.join(" ").replaceAll(path("."), "")
    } exits with ${code} and says what to do`,
    needs("run", "read", "write"),
    async () => {
      const { code: status, stderr, stdout } = await workbench(...args);
      assertEquals(status, code, stderr);
      assertStringIncludes(stderr, text);
      assertStringIncludes(stderr, "Cannot ");
      assertEquals(stdout, "");
    },
  );
}

Deno.test(
  "simulate --json prints one JSON value of verdicts, figures and failures",
  needs("run", "read", "write"),
  async () => {
    const { code, stdout } = await workbench(
      ...["simulate", "echo-1", "--seeds", "3", "--time-limit", "2", "--json"],
    );
    const printed = JSON.parse(stdout);
    assertEquals(code, 0);
    assertEquals(printed.program, "echo-1");
    assertEquals(printed.seeds, 3);
    assertEquals(printed.faults, "official");
    assertEquals(printed.faithful, { true: 3, false: 0, unknown: 0 });
    assertEquals(printed.strict, { true: 3, false: 0, unknown: 0 });
    assertEquals(printed.figures["availability"], { median: 1, worst: 1 });
    assertEquals(printed.failures, []);
  },
);

Deno.test(
  "simulate --json prints of one run what test prints, and keeps it",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { code, stdout } = await workbench(
      ...["simulate", "echo-twice", "--seed", "7", "--time-limit", "2"],
      ...["--json", "--store", store],
    );
    assertEquals(code, 1);
    const { results, strict, folder, ...printed } = JSON.parse(stdout);
    assertEquals([results["valid?"], strict["valid?"]], [true, false]);
    assertEquals([printed.seed, printed.program], [7, "echo-twice"]);
    assertEquals(printed.figures["availability"], 1);
    assertEquals(printed.flags["time-limit"], 2);
    assertMatch(printed.replay, /simulate echo-twice .*--seed 7/);
    assert(existsSync(`${folder}/report.html`));
  }),
);

Deno.test(
  "check --json prints Maelstrom's keys and the strict judge's anomalies, an array for several files",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const node = path("../fixtures/echo-node.sh");
    const flags = ["--node-count", "1", "--time-limit", "1", "--rate", "10"];
    const tested = await workbench(
      ...["test", "-w", "echo", "--bin", node, "--store", store, "--json"],
      ...flags,
    );
    assertEquals(tested.code, 0, tested.stderr);
    const { results, strict } = JSON.parse(tested.stdout);
    assertEquals(results["valid?"], true);
    assertEquals([strict["valid?"], strict.anomalies], [true, []]);
    assert(Array.isArray(strict.notes), "a busy machine leaves one");
    for (const part of ["stats", "availability", "net", "workload"]) {
      assert(results[part]["valid?"] === true, part);
    }
    const again = await workbench("check", `${store}/latest`, "--json");
    assertEquals(JSON.parse(again.stdout), { results, strict });
    const two = await workbench(
      ...["check", `${store}/latest`, `${store}/echo/latest`, "--json"],
    );
    assertEquals(JSON.parse(two.stdout), Array(2).fill({ results, strict }));
  }),
);

Deno.test(
  "check judges several files in their order, and exits with the worst verdict of the judge that is asked for",
  needs("run", "read"),
  async () => {
    const golden = (name: string) => path(`../golden/${name}.json.gz`);
    const [valid, invalid, unknown] = ["echo-ok", "echo-fail", "bc-rate0"]
      .map(golden) as [string, string, string];
    const all = await workbench("check", valid, invalid, unknown, "--json");
    assertEquals(
      JSON.parse(all.stdout).map((judged: Judged) => judged.results["valid?"]),
      [true, false, "unknown"],
    );
    assertEquals(all.code, 1);
    const text = await workbench("check", invalid, valid);
    assert(text.stdout.indexOf(invalid) < text.stdout.indexOf(valid));
    assertStringIncludes(text.stdout, "2 recordings, at worst INVALID");
    for (const [judge, code] of [["faithful", 2], ["strict", 0]] as const) {
      const asked = await workbench("check", valid, unknown, "--judge", judge);
      assertEquals(asked.code, code, judge);
    }
  },
);

Deno.test(
  "check says which operation of a history its workload has not",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const op = { index: 0, time: 0, process: 0, f: "write", value: 5 };
    const history = [{ ...op, type: "invoke" }, { ...op, type: "ok" }];
    const file = `${folder}/other.json`;
    await Deno.writeTextFile(
      file,
      JSON.stringify({ workload: "lin-kv", history }),
    );
    const { code, stderr } = await workbench("check", file);
    assertEquals(code, 254, stderr);
    assertMatch(
      stderr,
      /^Cannot load recording .*: operation 0 of its history \(invoke write\) has the value 5, where lin-kv has \[any value, any value\]$/m,
    );
  }),
);

Deno.test(
  "check --report writes the report of a run that has none",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const golden = path("../golden/echo-fail.json.gz");
    const report = `${folder}/report.html`;
    const { code, stdout } = await workbench(
      ...["check", golden, "--report", report],
    );
    assertEquals(code, 1);
    assertStringIncludes(stdout, "strict verdict:      INVALID");
    assertStringIncludes(await Deno.readTextFile(report), "What is wrong");
    const nowhere = await workbench(
      ...["check", golden, "--report", `${folder}/no/such/folder.html`],
    );
    assertEquals(nowhere.code, 1);
    assertStringIncludes(nowhere.stderr, "Cannot write the report");
    const valid = path("../golden/echo-ok.json.gz");
    const lost = await workbench("check", valid, "--report", folder);
    assertEquals(lost.code, 254, "no report, though the run is valid");
  }),
);

Deno.test(
  "every flag of Maelstrom's is taken, those that mean nothing here too, and several tests are one array",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const file = `${store}/nodes.txt`;
    await Deno.writeTextFile(file, "a\nb\n");
    const flags = "--username me --password secret --ssh-private-key key " +
      "--no-ssh --strict-host-key-checking --leave-db-running --logging-json " +
      "--log-net-send --log-net-recv --log-stderr --availability 0.5 " +
      "--latency 1 --latency-dist uniform --concurrency 4 --topology line " +
      "--nemesis partition --nemesis-interval 1 --key-count 3 " +
      "--max-txn-length 2 --max-writes-per-key 4 --consistency-models prefix " +
      "-w echo --time-limit 1 --rate 20 --test-count 2 -n d --node e";
    const { code, stdout, stderr } = await workbench(
      ...[
        "test",
        "--bin",
        path("../fixtures/echo-node.sh"),
        "--store",
        store,
      ],
      ...["--nodes-file", file, "--nodes", "g, f", ...flags.split(" ")],
      "--json",
    );
    assertEquals(code, 0, stderr);
    const values = JSON.parse(stdout);
    assertEquals(values.length, 2);
    for (const { results, strict } of values) {
      assertEquals([results["valid?"], strict["valid?"]], [true, true]);
    }
    const { options } = JSON.parse(
      await Deno.readTextFile(`${store}/latest/results.json`),
    );
    assertEquals(options.nodes, "a,b,g,f,d,e");
    assertEquals(options.concurrency, "4");
    assertEquals(options.availability, 0.5);
    assert(stderr.includes("f: started as f"), "--log-stderr shows it");
  }),
);

Deno.test("the count of nodes wins over their names, as in Maelstrom", () => {
  const { options } = parseRunFlags(
    [
      "--nodes",
      "a,b",
      "--node-count",
      "3",
      "--consistency-models",
      "prefix , read-atomic",
    ],
    {},
  );
  assertEquals(options, {
    "node-count": 3,
    "consistency-models": "prefix , read-atomic",
  });
  assertEquals(
    flagsText(options),
    "--node-count 3 --consistency-models 'prefix , read-atomic'",
  );
});

for (
  const [args, text] of [
    [["--help"], "COMMAND ..."],
    [["doc"], "COMMAND ..."],
    [[], "COMMAND ..."],
    [["test", "-h"], "test -w WORKLOAD --bin FILE"],
    [["help", "simulate"], "--faults NAME"],
    [["analyze", "--help"], "check FILE..."],
    [["help", "challenge"], "broadcast-3d"],
  ] as const
) {
  Deno.test(
    `workbench ${args.join(" ")} explains itself`,
    needs("run", "read", "write"),
    async () => {
      const { code, stdout } = await workbench(...args);
      assertEquals(code, 0);
      assertStringIncludes(stdout, text);
      assertStringIncludes(stdout, "Exit status");
    },
  );
}

Deno.test(
  "every command of the workbench in a README or a help page can be run",
  needs("read"),
  async () => {
    const readmes = ["", "lib/", "lib/workbench/", "challenges/", "tests/"]
      .map((folder) => path(`../../${folder}README.md`));
    const pages = ["test", "simulate"].map(pageText);
    const text = [...readmes.map((file) => Deno.readTextFileSync(file)), pages]
      .flat().join("\n");
    const commands = [
      ...text.matchAll(
        /^ *(?:deno task|bin\/)[ ]?workbench (test|simulate) ([^#>\n]+)/gm,
      ),
    ].filter(([line]) => !/[A-Z]{3}/.test(line));
    assert(commands.length > 10, `${commands.length}`);
    for (const [line, command, words] of commands) {
      const args = words!.trim().split(/ +/);
      if (command === "test") {
        const { options, texts } = parseRunFlags(args, {
          ...{ workload: "text", bin: "text", json: "switch" },
          ...{ program: "text", "log-stderr": "switch" },
        }, { w: "workload" });
        checkOptions(workloadOf(texts.workload!), options);
      } else if (!args[0]!.endsWith(".ts")) {
        const { simulation } = await readSimulate(args);
        assert(simulation.name !== "", line);
      }
    }
  },
);

Deno.test("help on simulate says what a module is run with, of which only the workload is known", async () => {
  const file = path("../../challenges/echo-1.ts");
  const { simulation: { guest } } = await readSimulate([file, "-w", "echo"]);
  const [run] = guest!.scenario.runs;
  assertStringIncludes(pageText("simulate"), flagsText(run!.flags));
});

Deno.test("every command has a page of help, and every flag a default", () => {
  for (const name of HELP_PAGES) {
    if (!/^(mutants|findings)$/.test(name)) {
      assertStringIncludes(pageText(name), "Examples:");
    }
  }
  const page = pageText("test");
  for (const flag of Object.keys(RUN_FLAGS)) {
    assertMatch(page, new RegExp(`^ {2}--${flag} .*default`, "m"));
  }
});

for (
  const args of [
    ["help", "findings"],
    ["simulate", "echo-1", "--seeds", "1", "--time-limit", "1"],
  ]
) {
  Deno.test(
    `workbench ${
      args[0]
    } says that stdout takes no more, and does not end well`,
    needs("run", "read", "write"),
    async () => {
      const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
      // As on a full disk, which not every machine has.
      const fails = `console.log = () => { throw new Error("no space left") };
        const { main } = await import(${JSON.stringify(cli.href)});
        Deno.exit(await main(${JSON.stringify(args)}));`;
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--quiet", fails],
      }).output();
      assertEquals(
        [new TextDecoder().decode(stderr), code],
        ["Cannot write to stdout: no space left\n", 254],
      );
    },
  );
}

Deno.test(
  "a reader of the JSON that leaves early changes no exit status, as one of text does not",
  needs("run", "read"),
  async () => {
    const cli = path("../../lib/workbench/cli.ts");
    const file = path("../golden/echo-ok.json.gz");
    for (const more of [[], ["--json"]]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", cli, "check", file, ...more],
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      await child.stdout.cancel();
      const said = await new Response(child.stderr).text();
      assertEquals([(await child.status).code, said], [0, ""]);
    }
  },
);

Deno.test(
  "a stderr that takes nothing more changes no exit status",
  {
    ignore: !permitted("run", "read") || !existsSync("/dev/full"),
  },
  async () => {
    const cli = path("../../lib/workbench/cli.ts");
    const { code, stdout } = await new Deno.Command("sh", {
      args: [
        ...["-c", 'exec "$@" 2>/dev/full', "sh"],
        ...[Deno.execPath(), "run", "--quiet", "--allow-all", cli, "tets"],
      ],
    }).output();
    assertEquals([code, stdout.length], [254, 0]);
  },
);
