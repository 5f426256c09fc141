import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { scenarioOf } from "../../lib/workbench/scenarios/scenarios.ts";
import { needs } from "../fixtures/permitted.ts";
import { type Done, Project } from "../fixtures/project.ts";

const processes = needs("read", "write", "env", "run");

/** Results as Maelstrom writes them, with these figures. */
const results = (verdict: string, availability = 1) =>
  `{
  :availability {:valid? true, :ok-fraction ${availability}},
  :net {:all {:msgs-per-op 2.04}, :servers {:msgs-per-op 0.0}},
  :workload {:valid? ${verdict}}, :valid? ${verdict}}`;

/** Runs `make echo-1` with a stand-in for Maelstrom that leaves these results. */
async function makeEcho(
  project: Project,
  edn: string | undefined,
  status: number,
): Promise<Done> {
  const leaving = edn === undefined ? "" : `run=store/echo/run-$$
mkdir -p $run
cat > $run/results.edn <<'END'
${edn}
END
ln -sfn echo/run-$$ store/latest
`;
  const MAELSTROM = await project.write(
    "stand-in/maelstrom",
    `#!/bin/sh\necho "$@" > arguments\n${leaving}exit ${status}\n`,
  );
  return await project.make(["echo-1"], { MAELSTROM });
}

Deno.test(
  "make NAME builds a program, tests it in the Maelstrom it finds, and passes with a card",
  processes,
  async () => {
    await using project = await Project.copy();
    const { code, said } = await makeEcho(project, results("true"), 0);
    assertEquals(code, 0, said);
    for (
      const part of [
        "bin/echo-1: a script that starts deno",
        "echo-1: ",
        "-w echo --node-count 1 --time-limit 10",
        "Maelstrom's verdict  valid",
        "strict verdict       none",
        "it has no jepsen.log",
        "<= 0 ✓",
        ">= 1 ✓",
        "PASSED",
      ]
    ) assertStringIncludes(said, part);
    assertMatch(said, /report {2}\S*store\/echo\/run-/);
    assertEquals(
      Deno.readTextFileSync(join(project.root, "arguments")).trim(),
      `test -w echo --node-count 1 --time-limit 10 --bin ${project.root}/bin/echo-1`,
    );
  },
);

Deno.test(
  "make NAME fails on every verdict but valid, on a missed limit, and without results",
  processes,
  async () => {
    await using project = await Project.copy();
    const cases: [string | undefined, number, string][] = [
      [results("false"), 1, "FAILED: Maelstrom's verdict is invalid"],
      [results(":unknown"), 2, "FAILED: Maelstrom's verdict is unknown"],
      [results("true", 0.98), 0, "FAILED: availability is 0.98"],
      ["{:valid? true", 0, "it is not one complete EDN map"],
      ["{:net {}}", 0, "it has no verdict"],
      [undefined, 0, "Cannot read Maelstrom's results"],
      [undefined, 254, "it does not know one of the flags"],
      [undefined, 255, "Maelstrom broke off with status 255"],
    ];
    for (const [edn, status, why] of cases) {
      const { code, said } = await makeEcho(project, edn, status);
      assertNotEquals(code, 0, said);
      assertStringIncludes(said, why);
      assert(!said.includes("PASSED"), said);
    }
  },
);

Deno.test(
  "make NAME runs every command of its challenge, and one that misses a limit fails it",
  processes,
  async () => {
    await using project = await Project.copy();
    const program = Deno.readTextFileSync(
      join(project.root, "challenges/echo-1.ts"),
    );
    await project.write("challenges/broadcast-3d.ts", program);
    const MAELSTROM = await project.write(
      "stand-in/maelstrom",
      `#!/bin/sh
mkdir -p store
echo "$@" >> arguments
case "$*" in (*partition*) messages=77;; (*) messages=1;; esac
mkdir store/$messages
cat > store/$messages/results.edn <<END
{:availability {:ok-fraction 1.0}, :net {:servers {:msgs-per-op $messages}},
 :workload {:stable-latencies {0 0, 0.5 384, 1 559}}, :valid? true}
END
ln -sfn $messages store/latest
`,
    );
    const { code, said } = await project.make(["broadcast-3d"], { MAELSTROM });
    assertNotEquals(code, 0);
    const runs = scenarioOf("broadcast-3d").runs;
    const lines = Deno.readTextFileSync(join(project.root, "arguments"));
    assertEquals(lines.trim().split("\n").length, runs.length);
    assertEquals([...said.matchAll(/PASSED/g)].length, 1, said);
    assertStringIncludes(said, "broadcast-3d (with partitions): ");
    assertMatch(said, /FAILED: servers\.msgs-per-op is 77, our limit is/);
  },
);

Deno.test(
  "make NAME has the strict judge look at what Maelstrom has kept, with the program's promises",
  processes,
  async () => {
    await using project = await Project.copy();
    const MAELSTROM = await project.write(
      "stand-in/maelstrom",
      `#!/bin/sh
mkdir -p store/run
cd store/run
cat > results.edn <<'END'
${results("true")}
END
printf 'Command line:\nlein run %s\n' "$*" > jepsen.log
cat > history.edn <<'END'
{:index 0, :time 1000000, :type :invoke, :process 0, :f :echo, :value "a"}
{:index 1, :time 2000000, :type :fail, :process 0, :f :echo, :value "a", :error [:temporarily-unavailable "no"]}
{:index 2, :time 3000000, :type :invoke, :process 0, :f :echo, :value "a"}
{:index 3, :time 4000000, :type :ok, :process 0, :f :echo, :value {:echo "a", :type "echo_ok", :in_reply_to 2}}
END
ln -sfn run ../latest
`,
    );
    const { code, said } = await project.make(["echo-1"], { MAELSTROM });
    assertNotEquals(code, 0);
    assertStringIncludes(said, "Maelstrom's verdict  valid");
    assertStringIncludes(said, "strict verdict       invalid");
    assertStringIncludes(said, "unavailable: echo of process 0");
    assertStringIncludes(said, "FAILED: the strict judge's verdict is invalid");
  },
);

Deno.test(
  "make NAME says that MAELSTROM names nothing",
  processes,
  async () => {
    await using project = await Project.copy();
    const env = { MAELSTROM: "nowhere" };
    const { code, said } = await project.make(["echo-1"], env);
    assertNotEquals(code, 0);
    assertStringIncludes(said, "Cannot use MAELSTROM=nowhere");
  },
);

Deno.test(
  "make says what to type instead of what is no target, even where there is a file of that name",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write("challenges/another-9.ts", "");
    const absent = (name: string) => `there is no challenges/${name}.ts. `;
    for (
      const [target, instead] of [
        ["ehco-1", absent("ehco-1") + "There are: another-9 echo-1."],
        ["bin/ehco-1", absent("ehco-1") + "There are: another-9 echo-1."],
        ["echo", absent("echo") + "Did you mean echo-1?"],
        ["tests", absent("tests") + "Did you mean test?"],
        ["lib", absent("lib") + "There are: another-9 echo-1."],
        ["challenges", absent("challenges") + "There are:"],
        ["challenges/", absent("challenges") + "There are:"],
        ["challenges/echo-1.ts", "type make echo-1"],
        ["./challenges/echo-1", "type make echo-1"],
        ["echo-1.ts", "type make echo-1"],
      ] as const
    ) {
      const { code, said } = await project.make([target]);
      assertEquals(code, 2);
      const name = target.replace(/^\.\//, "");
      assertStringIncludes(said, `Cannot make ${name}: ${instead}`);
    }
  },
);

Deno.test(
  "make refuses files whose names it cannot use: that of another target, and one with a blank",
  processes,
  async () => {
    await using project = await Project.copy();
    for (
      const [name, said] of [["test", "test"], [
        "my echo",
        "challenges/my echo.ts",
      ]]
    ) {
      const file = await project.write(`challenges/${name}.ts`, "");
      const done = await project.make(["help"]);
      assertEquals(done.code, 2);
      assertStringIncludes(done.said, `Cannot use ${said} in challenges/`);
      await Deno.remove(file);
    }
  },
);

Deno.test(
  "make refuses a variable in small letters, which would be ignored",
  processes,
  async () => {
    await using project = await Project.copy();
    const { code, said } = await project.make(["echo-1", "bin=./node"]);
    assertEquals(code, 2);
    assertStringIncludes(said, "Cannot use bin=: variables have capital");
    for (const name of ["w", "args", "seeds", "shard", "join", "runs"]) {
      const refused = await project.make(["help", `${name}=1`]);
      assertStringIncludes(refused.said, `Cannot use ${name}=: variables`);
    }
    const env = { bin: "of something else" };
    assertEquals((await project.make(["help"], env)).code, 0);
  },
);

/** A stand-in for Maelstrom that writes down how it is called and is always content. */
function contentMaelstrom(project: Project): Promise<string> {
  return project.write(
    "stand-in/maelstrom",
    `#!/bin/sh
mkdir -p store
run=store/run-$$
mkdir $run
echo "$@" >> arguments
echo '{:net {:servers {:msgs-per-op 31.0}}, :workload {:stable-latencies {0.5 1, 1 1}}, :valid? true}' > $run/results.edn
ln -sfn $(basename $run) store/latest
`,
  );
}

const argumentsIn = (project: Project) =>
  Deno.readTextFileSync(join(project.root, "arguments")).trim().split("\n");

Deno.test(
  "make NAME tests a file whose name begins with a challenge's with that one's commands and official limits alone",
  processes,
  async () => {
    await using project = await Project.copy();
    const program = join(project.root, "challenges/echo-1.ts");
    await project.write(
      "challenges/broadcast-3d-mine.ts",
      Deno.readTextFileSync(program),
    );
    const MAELSTROM = await contentMaelstrom(project);
    const { code, said } = await project.make(["broadcast-3d-mine"], {
      MAELSTROM,
    });
    assertNotEquals(code, 0);
    const lines = argumentsIn(project);
    assertEquals(lines.length, scenarioOf("broadcast-3d").runs.length);
    assertStringIncludes(
      lines[0]!,
      "-w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100",
    );
    assertStringIncludes(said, "broadcast-3d-mine: tested as broadcast-3d");
    assertMatch(said, /the official\s+limit is < 30/);
    assert(!said.includes("our limit"), said);
  },
);

Deno.test(
  "make NAME W=WORKLOAD tests any file, and without W says what it lacks",
  processes,
  async () => {
    await using project = await Project.copy();
    const program = join(project.root, "challenges/echo-1.ts");
    await project.write(
      "challenges/my-echo.ts",
      Deno.readTextFileSync(program),
    );
    const MAELSTROM = await contentMaelstrom(project);
    const lost = await project.make(["my-echo"], { MAELSTROM });
    assertNotEquals(lost.code, 0);
    assertStringIncludes(
      lost.said,
      'Cannot tell what "my-echo" is to be tested as',
    );
    assertStringIncludes(lost.said, "make my-echo W=echo");
    const { code, said } = await project.make(["my-echo", "W=echo"], {
      MAELSTROM,
    });
    assertEquals(code, 0, said);
    assertStringIncludes(said, "my-echo: workload echo");
    assertMatch(argumentsIn(project)[0]!, /^test -w echo .*bin\/my-echo$/);
    await project.make(["my-echo", "W=echo-1"], { MAELSTROM });
    assertMatch(
      argumentsIn(project).at(-1)!,
      /^test -w echo --node-count 1 --time-limit 10 --bin .*bin\/my-echo$/,
    );
    const typo = await project.make(["my-echo", "W=ehco"], { MAELSTROM });
    assertStringIncludes(typo.said, 'Cannot test as "ehco"');
    assertStringIncludes(typo.said, "did you mean echo?");
  },
);

Deno.test(
  "make NAME BIN=FILE ARGS=... tests that executable as the challenge asks, and builds nothing",
  processes,
  async () => {
    await using project = await Project.copy();
    const node = await project.write("it's my node", "#!/bin/sh\n");
    const MAELSTROM = await contentMaelstrom(project);
    const { code, said } = await project.make(
      ["echo-1", "BIN=it's my node", "ARGS=--slow 5"],
      { MAELSTROM },
    );
    assertEquals(code, 0, said);
    assertStringIncludes(said, "it's my node: tested as echo-1");
    assertEquals(argumentsIn(project), [
      `test -w echo --node-count 1 --time-limit 10 --bin ${node} -- --slow 5`,
    ]);
    assert(!said.includes("bin/echo-1:"), said);
  },
);

Deno.test(
  "make help lists every target with what it does, and every program",
  processes,
  async () => {
    await using project = await Project.copy();
    const { code, said } = await project.make(["help"]);
    assertEquals(code, 0);
    const makefile = Deno.readTextFileSync(join(project.root, "Makefile"));
    const targets = /^TARGETS := (.*)$/m.exec(makefile)![1]!;
    for (const target of ["NAME", ...targets.split(" ")]) {
      assertMatch(said, new RegExp(`^ {2}make ${target} +\\S`, "m"), target);
    }
    assertStringIncludes(said, "echo-1");
    assertEquals((await project.make([])).said, said, "help is what make does");
  },
);

Deno.test(
  "make build builds all programs, and a second time none but those that changed",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write("challenges/another-9.ts", "export {};\n");
    const built = (said: string) =>
      [...said.matchAll(/^bin\/(\S+): /gm)].map(([, name]) => name);
    assertEquals(built((await project.make(["build"])).said), [
      "another-9",
      "echo-1",
    ]);
    assertEquals(built((await project.make(["build"])).said), []);
    const later = new Date(Date.now() + 5000);
    await Deno.utime(join(project.root, "lib/maelstrom.ts"), later, later);
    assertEquals((await project.make(["-q", "bin/echo-1"])).code, 1);
  },
);

Deno.test("make clean removes what was built", processes, async () => {
  await using project = await Project.copy();
  assertEquals((await project.make(["bin/echo-1"])).code, 0);
  assertEquals((await project.make(["clean"])).code, 0);
  const left = [...Deno.readDirSync(project.root)].map(({ name }) => name);
  assert(!left.includes("bin"), left.join(" "));
});

/** A path on which there are make and a shell, but neither Deno nor npm. */
async function barePath(project: Project): Promise<string> {
  const tools = ["sh", "make", "cat", "mkdir", "chmod", "echo", "env"];
  await Deno.mkdir(join(project.root, "tools"));
  for (const tool of tools) {
    const { said } = await project.run("sh", ["-c", `command -v ${tool}`]);
    const path = said.trim();
    if (!path.startsWith("/")) continue; // built into the shell
    await Deno.symlink(path, join(project.root, "tools", tool));
  }
  return join(project.root, "tools");
}

Deno.test(
  "make without Deno and npm says in one line how to get Deno, whatever is to be made",
  processes,
  async () => {
    await using project = await Project.copy();
    const PATH = await barePath(project);
    const targets = "echo-1 workbench test check hunt strangers serve soak " +
      "bench results pictures";
    for (const args of [...targets.split(" "), "echo-1 BIN=x"]) {
      const { code, said } = await project.make(args.split(" "), { PATH });
      assertEquals(code, 2);
      const [first, ...rest] = said.trim().split("\n");
      assertMatch(first!, /^Cannot find Deno 2\.9 or later, nor npm .*https:/);
      assertEquals(rest.filter((line) => !line.startsWith("make: ")), []);
    }
  },
);

for (
  const [version, why] of [
    [
      "1.46.3",
      "The Deno on the path is 1.46.3 and this needs 2.9 or a later 2",
    ],
    ["2.0.0", "The Deno on the path is 2.0.0 and this needs"],
    ["2.8.3", "The Deno on the path is 2.8.3 and this needs"],
    ["", "There is no Deno on the path"],
  ] as const
) {
  Deno.test(
    `make installs the pinned Deno with npm where the path has ${
      version === "" ? "none" : `Deno ${version}`
    }, and says why`,
    processes,
    async () => {
      await using project = await Project.copy();
      const PATH = await barePath(project);
      await project.write(
        "tools/npm",
        `#!/bin/sh
echo "npm $*"
mkdir -p .deno/node_modules/.bin
printf '#!/bin/sh\\necho "the installed deno does: $*"\\n' > .deno/node_modules/.bin/deno
chmod +x .deno/node_modules/.bin/deno\n`,
      );
      if (version !== "") {
        const line = `deno ${version} (stable, release, x86_64)`;
        await project.write("tools/deno", `#!/bin/sh\necho "${line}"\n`);
      }
      const { code, said } = await project.make(["test"], { PATH });
      assertEquals(code, 0, said);
      assertStringIncludes(said, why);
      assertMatch(said, /^npm install --prefix \.deno .*deno@\d+\.\d+\.\d+$/m);
      assertStringIncludes(said, "the installed deno does: task --quiet test");
      const again = await project.make(["test"], { PATH });
      assert(!again.said.includes("npm"), "it is installed once");
    },
  );
}

/** A script that says what Deno of this version was asked to do. */
function fakeDeno(version: string): string {
  return `#!/bin/sh
[ "$1" = --version ] && echo "deno ${version} (stable, release, x86_64)" || echo "deno ${version} does: $*"\n`;
}

Deno.test(
  "make takes the Deno on the path from 2.9 on, and only the pinned one says how lines are formatted",
  processes,
  async () => {
    await using project = await Project.copy();
    const PATH = await barePath(project);
    const Makefile = await Deno.readTextFile(`${project.root}/Makefile`);
    const pinned = /DENO_VERSION := (.*)/.exec(Makefile)![1]!;
    for (const version of ["2.9.0", pinned, "2.10.1"]) {
      await project.write("tools/deno", fakeDeno(version));
      const { said } = await project.make(["test", "check"], { PATH });
      assertStringIncludes(said, `deno ${version} does: task`);
      const isPinned = version === pinned;
      assertEquals(said.includes(`deno ${version} does: fmt`), isPinned);
      assertEquals(said.includes("Not checked: the format"), !isPinned);
    }
  },
);

Deno.test(
  "make takes a Deno from a folder with a blank in its name",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write("my tools/deno", fakeDeno("2.9.6"));
    const PATH = `${project.root}/my tools:${await barePath(project)}`;
    const { code, said } = await project.make(["test"], { PATH });
    assertEquals(code, 0, said);
    assertStringIncludes(said, "does: task");
  },
);

Deno.test("make says so when npm cannot install Deno", processes, async () => {
  await using project = await Project.copy();
  const PATH = await barePath(project);
  await project.write("tools/npm", "#!/bin/sh\nexit 1\n");
  const { code, said } = await project.make(["check"], { PATH });
  assertEquals(code, 2);
  assertStringIncludes(said, "Cannot install Deno with npm: get Deno from");
});
