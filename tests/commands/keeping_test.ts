/** What a command leaves behind: its verdict first, then its store, whatever happens in between. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { RunFolder } from "../../lib/workbench/commands/store.ts";
import { collectGarbage } from "../../lib/workbench/executable/garbage.ts";
import { parse, stringify } from "../../lib/workbench/history/json.ts";
import {
  compactTexts,
  indentedTexts,
} from "../../lib/workbench/history/json-texts.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";
import { workbench } from "../fixtures/workbench.ts";

const path = (name: string) => new URL(name, import.meta.url).pathname;

/** Runs `test` with the echo node in plain shell for a second. */
const testEcho = (...more: string[]) =>
  workbench(
    ...["test", "-w", "echo", "--bin", path("../fixtures/echo-node.sh")],
    ...["--node-count", "1", "--time-limit", "1", "--rate", "20", ...more],
  );

Deno.test(
  "test --json says what was run, with what, where it is kept and what came out",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { code, stdout } = await testEcho(
      ...["--store", store, "--seed", "7", "--json", "--", "none", "a b"],
    );
    assertEquals(code, 0);
    const printed = JSON.parse(stdout);
    assertEquals(printed.flags, {
      "node-count": 1,
      "time-limit": 1,
      rate: 20,
    });
    assertEquals(printed.figures.availability, 1);
    assertEquals(printed.limits, { official: [], ours: [] });
    const { seed, workload, args } = printed;
    assertEquals({ seed, workload, args }, {
      seed: 7,
      workload: "echo",
      args: ["none", "a b"],
    });
    assert(printed.bin.endsWith("echo-node.sh"));
    const kept = JSON.parse(
      await Deno.readTextFile(`${printed.folder}/results.json`),
    );
    assertEquals([kept.bin, kept.args], [printed.bin, printed.args]);
    assertEquals(kept.label, "echo-node.sh");
    assertMatch(kept.command, /--seed 7 -- none 'a b'$/);
  }),
);

Deno.test(
  "test ends with Maelstrom's own last line, and its links are relative",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const good = await testEcho("--store", store);
    assertEquals(good.code, 0);
    assertEquals(
      good.stdout.trimEnd().split("\n").at(-1),
      "Everything looks good! ヽ(‘ー`)ノ",
    );
    const link = await Deno.readLink(`${store}/latest`);
    assertMatch(link, /^echo\/\d{8}T/);
    assertMatch(await Deno.readLink(`${store}/echo/latest`), /^\d{8}T/);
    const bad = await testEcho("--store", store, "--", "garbage");
    assertEquals(bad.code, 1, bad.stdout);
    assertEquals(
      bad.stdout.trimEnd().split("\n").at(-1),
      "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻",
    );
  }),
);

Deno.test(
  "with --judge faithful Maelstrom's own verdict is the exit status and the last line",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    for (
      const [judge, code, last] of [
        ["faithful", 0, "Everything looks good!"],
        ["strict", 1, "Analysis invalid!"],
      ] as const
    ) {
      const flags = ["--store", store, "--judge", judge];
      const tested = await testEcho(...flags, "--", "twice");
      assertEquals(tested.code, code, tested.stdout);
      assertStringIncludes(tested.stdout, "Maelstrom's verdict: valid");
      assertStringIncludes(tested.stdout, "strict verdict:      INVALID");
      assertStringIncludes(tested.stdout, last);
    }
  }),
);

Deno.test(
  "with --faithful a run that Maelstrom aborts has its exit status and no last line",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const plain = await testEcho("--store", store, "--", "leave");
    assertEquals(plain.code, 1);
    const flags = ["--store", store, "--faithful"];
    const faithful = await testEcho(...flags, "--", "leave");
    assertEquals(faithful.code, 255, faithful.stdout);
    assert(!faithful.stdout.includes("Analysis invalid!"));
    const { command } = JSON.parse(
      await Deno.readTextFile(`${store}/latest/results.json`),
    );
    assertStringIncludes(command, "--faithful");
  }),
);

Deno.test(
  "a campaign keeps the report of its first failing seed",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const { code, stdout } = await workbench(
      ...["simulate", "echo-another", "--seeds", "2", "--time-limit", "3"],
      ...["--store", store],
    );
    assertEquals(code, 1, stdout);
    const folder = stdout.trimEnd().split("\n").at(-1)!;
    assert((await Deno.stat(`${folder}/report.html`)).isFile);
    const kept = JSON.parse(
      await Deno.readTextFile(`${folder}/results.json`),
    );
    assertEquals(kept.label, "echo-another");
    assertMatch(kept.command, /simulate echo-another --seed 1 /);
    assertStringIncludes(stdout, kept.command);
  }),
);

for (const [nodes, shrunk] of [["1", ""], ["2", ", shrunk"]] as const) {
  Deno.test(
    `a campaign says of a run of ${nodes} whether it was shrunk`,
    needs("run", "read", "write"),
    inFolder(async (store) => {
      const { stdout } = await workbench(
        ...["simulate", "echo-twice", "--seeds", "1", "--time-limit", "1"],
        ...["--rate", "1", "--node-count", nodes, "--store", store],
      );
      assertStringIncludes(stdout, `\nthe report of seed 1${shrunk}:\n`);
    }),
  );
}

Deno.test(
  "Ctrl-C ends a campaign with what it has found",
  needs("run", "read", "write"),
  async () => {
    const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", cli.href, "simulate", "echo-1"],
        ...["--seeds", "100000", "--workers", "1"],
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let said = "";
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      said += text;
      if (/[1-9]\d* of 100000 seeds/.test(said)) break;
    }
    child.kill("SIGINT");
    const out = await new Response(child.stdout).text();
    assertEquals((await child.status).code, 130);
    const [, seeds] = /^echo-1, (\d+) seeds/.exec(out) ?? [];
    assert(Number(seeds) > 0 && Number(seeds) < 100_000, out);
    assertStringIncludes(out, `${seeds} valid, 0 invalid, 0 unknown`);
  },
);

Deno.test(
  "a store that cannot be written costs a sentence, not the verdict",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const store = `${folder}/in-the-way`;
    await Deno.writeTextFile(store, "a file");
    const { code, stdout, stderr } = await testEcho("--store", store);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "strict verdict:      valid");
    assertStringIncludes(stdout, "Everything looks good!");
    assertMatch(stderr, /^Cannot keep the run in .*in-the-way.* --store$/m);
    assertEquals(await Deno.readTextFile(store), "a file");
    const simulated = await workbench(
      ...["simulate", "echo-1", "--seed", "1", "--store", store],
    );
    assertEquals(simulated.code, 0);
    assertStringIncludes(simulated.stderr, "Cannot keep the run in");
  }),
);

Deno.test(
  "runs that begin and end in the same moment are all kept, and the links lead to one of them",
  needs("read", "write"),
  inFolder(async (store) => {
    const judged = judge({
      workload: "echo",
      options: {},
      history: [],
      journal: [],
    });
    const folders = Array.from(
      { length: 8 },
      () => new RunFolder("echo", store),
    );
    await Promise.all(
      folders.map((folder) => folder.save(judged, { command: "test" })),
    );
    const paths = folders.map(({ path }) => path);
    assertEquals(new Set(paths).size, folders.length);
    for (const path of paths) assert(existsSync(`${path}/report.html`));
    for (const link of ["latest", "current", "echo/latest"]) {
      assert(paths.includes(await Deno.realPath(`${store}/${link}`)), link);
    }
  }),
);

Deno.test(
  "a folder in the place of a link is left alone and named, and the run is kept",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    await Deno.mkdir(`${store}/echo/latest`, { recursive: true });
    const { code, stderr } = await testEcho("--store", store);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^Cannot keep a link to .*latest is a folder/m);
    const names = [...Deno.readDirSync(`${store}/echo`)]
      .map(({ name }) => name).toSorted();
    assertEquals(names.length, 2, `${names}`);
    assert(existsSync(`${store}/echo/${names[0]}/report.html`));
  }),
);

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(
    `${signal} ends the workbench and its nodes`,
    needs("run", "read", "write"),
    async () => {
      const node = fileURLToPath(
        new URL("../fixtures/echo-node.sh", import.meta.url),
      );
      const mark = `mark-${crypto.randomUUID()}`;
      const store = await Deno.makeTempDir();
      const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "--allow-all", cli.href, "test", "-w", "echo"],
          ...["--bin", node, "--node-count", "2", "--store", store],
          ...["--time-limit", "60", "--", "none", mark],
        ],
        stdout: "null",
        stderr: "null",
      }).spawn();
      const running = async () => {
        const { stdout } = await new Deno.Command("ps", {
          args: ["-eo", "args"],
        })
          .output();
        return new TextDecoder().decode(stdout).split("\n")
          .filter((line) => line.includes(mark) && !line.includes("cli.ts"))
          .length;
      };
      const kept = () => {
        const echo = `${store}/echo`;
        return existsSync(echo) ? [...Deno.readDirSync(echo)] : [];
      };
      // both nodes run, and the run has begun to keep what it sees
      const begun = async () => await running() >= 2 && kept().length > 0;
      try {
        for (let i = 0; !await begun() && i < 300; i++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        assert(await begun()); // a shell forks for whatever it does
        child.kill(signal);
        assertEquals((await child.status).code, status);
        assertEquals(await running(), 0);
        assertEquals(kept(), [], "nothing is kept of it");
      } finally {
        await Deno.remove(store, { recursive: true });
      }
    },
  );
}

for (
  const [what, ...args] of [
    [
      "a run",
      ...["test", "-w", "echo", "--bin", path("../fixtures/echo-node.sh")],
      ...["--node-count", "1"],
    ],
    ["a simulated run", "simulate", "echo-1", "--seed", "1"],
    [
      "a guest's run",
      ...["simulate", path("../fixtures/guests/plain.ts"), "-w", "echo"],
    ],
  ] as const
) {
  Deno.test(
    `Ctrl-C while ${what} is stored leaves nothing of it, not even a link`,
    needs("run", "read", "write"),
    inFolder(async (store) => {
      const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "--allow-all", cli.href, ...args],
          ...["--time-limit", "1", "--store", store],
        ],
        stdout: "piped",
        stderr: "piped",
        signal: AbortSignal.timeout(60_000), // it may not end otherwise
      }).spawn();
      const begun = () =>
        existsSync(`${store}/echo`) &&
        [...Deno.readDirSync(`${store}/echo`)]
          .some(({ name }) => existsSync(`${store}/echo/${name}/results.edn`));
      while (!begun()) await new Promise((resolve) => setTimeout(resolve, 1));
      child.kill("SIGINT");
      const { code, stderr, stdout } = await child.output();
      const said = new TextDecoder().decode(stderr);
      assertEquals(code, 130, new TextDecoder().decode(stdout));
      assertEquals(
        said.trim().split("\n").at(-1),
        "Interrupted: nothing is kept of this run",
      );
      assertEquals([...Deno.readDirSync(`${store}/echo`)], []);
      assertEquals([...Deno.readDirSync(store)].map(({ name }) => name), [
        "echo",
      ]);
    }),
  );
}

Deno.test(
  "a folder is removed though a file comes into it meanwhile",
  needs("read", "write"),
  inFolder((store) => {
    const folder = new RunFolder("echo", store);
    folder.logStderr("n0", "begun");
    const { removeSync } = Deno;
    let removals = 0;
    Deno.removeSync = (...what) => {
      if (removals++ === 0) throw new Error("Directory not empty");
      removeSync(...what);
    };
    try {
      folder.discard();
    } finally {
      Deno.removeSync = removeSync;
    }
    assertEquals([...Deno.readDirSync(`${store}/echo`)], []);
  }),
);

Deno.test(
  "a store that cannot be a folder is named, and no room is asked for",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const store = `${folder}/file`;
    await Deno.writeTextFile(store, "");
    const { stderr } = await workbench(
      ...["simulate", "echo-1", "--seed", "1", "--store", store],
    );
    assertMatch(stderr, /^Cannot keep .*directory.*\. Name another folder/im);
  }),
);

Deno.test(
  "a disk that does not take all of a run has nothing of it, and the command says why",
  needs("run", "read", "write"),
  inFolder(async (store) => {
    const cli = new URL("../../lib/workbench/cli.ts", import.meta.url);
    const { code, stderr } = await new Deno.Command("sh", {
      // No file may be longer than 40 blocks, which a report is.
      args: [
        ...["-c", 'trap "" XFSZ; ulimit -f 40; exec "$0" "$@"'],
        ...[Deno.execPath(), "run", "--quiet", "--allow-all", cli.href],
        ...["simulate", "echo-1", "--seed", "1", "--store", store],
      ],
    }).output();
    const said = new TextDecoder().decode(stderr);
    assertEquals(code, 0, said);
    assertMatch(
      said,
      /^Cannot keep the run in .*report\.html.*Make room there/m,
    );
    assertEquals([...Deno.readDirSync(`${store}/echo`)], []);
  }),
);

Deno.test("results are written part by part, since all together may be longer than a text can be", () => {
  const long = "x".repeat(1_000);
  const results = { none: undefined, workload: { errors: [] as unknown[][] } };
  const summary = { results, empty: {}, ids: [2n ** 70n, null] };
  for (let i = 0; i < 100; i++) results.workload.errors.push([long, { long }]);
  const texts = [...indentedTexts(summary)];
  assertEquals(parse(texts.join("")), parse(stringify(summary)));
  const printed = [...compactTexts([summary])];
  assertEquals(printed.join(""), stringify([summary]));
  for (const pieces of [texts, printed]) {
    assert(Math.max(...pieces.map(({ length }) => length)) < 1_100);
  }
});

Deno.test("the garbage of one part of a run is gone before the next begins", async () => {
  const played = new WeakRef({ messages: "of the run" });
  await new Promise((resolve) => setTimeout(resolve)); // until then a new WeakRef holds on to it
  collectGarbage();
  assertEquals(played.deref(), undefined);
});

Deno.test(
  "what a simulated node logs is in the run's folder, as a process's is, and a flood is cut",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const file = `${folder}/node.ts`;
    await Deno.writeTextFile(
      file,
      `export default (node) => {
        if (node.id === "n1") node.on("echo", ({ echo }) => ({ echo }));
        else node.on("echo", () => { node.log("asked"); throw new Error("odd"); });
        if (node.id === "n0") Promise.reject(new Error("lost"));
        for (let i = 0; node.id === "n2" && i < 30; i++) node.log("x".repeat(60_000));
      };`,
    );
    const flags = ["-w", "echo", "--time-limit", "1", "--store", folder];
    const logs = async (nodes: string) => {
      const { stdout } = await workbench(
        ...["simulate", file, "--node-count", nodes, ...flags],
      );
      return /^(.*) wrote to stderr: (.*)$/m.exec(stdout)!.slice(1);
    };
    const [who, path] = await logs("2");
    assertEquals(who, "n0, some-node");
    assertMatch(
      await Deno.readTextFile(`${path}some-node.log`),
      /^a promise was rejected: Error: lost\n +at .*node\.ts:4:\d+\)\n/,
    );
    const [asked, threw, place] = (await Deno.readTextFile(`${path}n0.log`))
      .split("\n");
    assertEquals(asked, "asked");
    assertMatch(threw!, /threw Error: odd$/);
    assertMatch(place!, /node\.ts:3:\d+$/);
    const [all, flooded] = await logs("3");
    assertEquals(all, "n0, n2, some-node");
    const flood = await Deno.readTextFile(`${flooded}n2.log`);
    assert(flood.length < 2 ** 20 + 100, `${flood.length}`);
    assertMatch(flood, /\n\(\d+ more lines are not kept\)\n$/);
  }),
);

Deno.test(
  "without a folder for temporary files, no run begins: it would be no fault of the node's",
  needs("run", "read", "env"),
  async () => {
    const cli = new URL("../../lib/workbench/cli.ts", import.meta.url).href;
    const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", cli, "test", "-w", "echo"],
        ...["--bin", path("../fixtures/echo-node.sh"), "--node-count", "1"],
      ],
      env: { TMPDIR: path("no-such-folder") },
    }).output();
    assertEquals([code, stdout.length], [254, 0]);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^Cannot run nodes in ".*no-such-folder": .* Set TMPDIR .*\n$/,
    );
  },
);
