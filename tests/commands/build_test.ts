import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { shebang } from "../../lib/workbench/commands/build.ts";
import {
  isSilent,
  localDenort,
  rememberedFailure,
  rememberFailure,
} from "../../lib/workbench/commands/denort.ts";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";
import { type Done, Project } from "../fixtures/project.ts";

const processes = needs("read", "write", "env", "run");
const files = needs("read", "write", "env", "sys");

/** A program that answers nothing and says its name if its main line is run. */
const saying = (name: string, imports = "") =>
  `${imports}export const name = "${name}";
if (import.meta.main) console.error("main line of ${name}");\n`;

function build(
  project: Project,
  name: string,
  env?: Record<string, string>,
): Promise<Done> {
  return project.run(Deno.execPath(), [
    "run",
    "--allow-all",
    "lib/workbench/commands/build.ts",
    name,
  ], env);
}

function exists(project: Project, path: string): boolean {
  try {
    return Deno.statSync(join(project.root, path)).isFile;
  } catch {
    return false;
  }
}

Deno.test(
  "without a native runtime a program becomes one executable file, and the build says why",
  processes,
  async () => {
    await using project = await Project.copy();
    const { code, said } = await build(project, "echo-1");
    assertEquals(code, 0, said);
    assertStringIncludes(said, "a script that starts deno");
    assertStringIncludes(said, "cannot be had (a test says so)");
    assertStringIncludes(said, "Deno must be on the path");
    const text = Deno.readTextFileSync(join(project.root, "bin/echo-1"));
    assert(text.startsWith("#!/usr/bin/env -S "), text.slice(0, 100));
    assert(!/^import /m.test(text), "the bundle imports nothing");
  },
);

Deno.test(
  "two builds at once, and one of a broken program, leave a whole program and nothing else",
  processes,
  async () => {
    await using project = await Project.copy();
    const built = await Promise.all(
      [1, 2].map(() => build(project, "echo-1")),
    );
    for (const { code, said } of built) assertEquals(code, 0, said);
    await project.write("challenges/echo-1.ts", "Deno.exit(3);");
    const { said } = await build(project, "echo-1");
    assertStringIncludes(said, "leaves with status 3");
    const bin = [...Deno.readDirSync(join(project.root, "bin"))];
    assertEquals(bin.map(({ name }) => name), ["echo-1"]);
    assertEquals((await project.run("bin/echo-1", [])).code, 0);
  },
);

Deno.test(
  "a stack trace of what was built names the line of the source",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write(
      "challenges/probe.ts",
      `import { run } from "../lib/maelstrom.ts";

interface Unused {
  field: string;
}

function fails(): never {
  const why: Unused = { field: "boom" };
  throw new Error(why.field);
}

if (import.meta.main) {
  try {
    fails();
  } catch (error) {
    console.error((error as Error).stack);
  }
  await run(() => {});
}\n`,
    );
    const { code, said } = await build(project, "probe");
    assertEquals(code, 0, said);
    const ran = await project.run("bin/probe", []);
    assertMatch(ran.said, /at fails \(.*\/challenges\/probe\.ts:9:9\)/);
    assertMatch(ran.said, /\/challenges\/probe\.ts:14:5/);
  },
);

Deno.test(
  "a bundle runs in a foreign folder, with no deno on the path, no permission and a broken deno.json beside",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write(
      "challenges/probe.ts",
      `import { run } from "../lib/maelstrom.ts";
for (const name of ["read", "write", "net", "env", "run"] as const) {
  const { state } = await Deno.permissions.query({ name });
  if (state === "granted") console.error("may " + name);
}
if (import.meta.main) await run(() => {});\n`,
    );
    const { code, said } = await build(project, "probe");
    assertEquals(code, 0, said);
    await project.write("elsewhere/deno.json", "{ broken");
    await project.write("bin/deno.json", "{ broken");
    const child = new Deno.Command(join(project.root, "bin/probe"), {
      cwd: join(project.root, "elsewhere"),
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", HOME: Deno.env.get("HOME") ?? "/" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const init = {
      id: 0,
      src: "c0",
      dest: "n0",
      body: { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0"] },
    };
    await writer.write(new TextEncoder().encode(JSON.stringify(init) + "\n"));
    await writer.close();
    const { stdout, stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      src: "n0",
      dest: "c0",
      body: { type: "init_ok", in_reply_to: 1 },
    });
  },
);

Deno.test(
  "only the built program's main line runs, not that of a challenge it imports",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write("challenges/base.ts", saying("base"));
    const imports = `import { name as base } from "./base.ts";
export const inherited = base;\n`;
    await project.write("challenges/derived.ts", saying("derived", imports));
    for (const name of ["base", "derived"]) {
      const { code, said } = await build(project, name);
      assertEquals(code, 0, said);
      const ran = await project.run(`bin/${name}`, []);
      assertEquals(ran, { code: 0, said: `main line of ${name}\n` });
    }
  },
);

Deno.test(
  "a type error or a missing module fails the build and leaves no program",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write(
      "challenges/typed.ts",
      `export const n: number = "1";\n`,
    );
    await project.write("challenges/lost.ts", `import "../lib/nowhere.ts";\n`);
    for (const [name, why] of [["typed", "TS2322"], ["lost", "nowhere.ts"]]) {
      const { code, said } = await build(project, name!);
      assertEquals(code, 1);
      assertStringIncludes(said, `Cannot build bin/${name}`);
      assertStringIncludes(said, why!);
      assert(!exists(project, `bin/${name}`));
    }
  },
);

Deno.test(
  "a program that does not leave quietly at the end of its input fails the build",
  processes,
  async () => {
    await using project = await Project.copy();
    await project.write("challenges/bad.ts", `console.log("noise");\n`);
    const { code, said } = await build(project, "bad");
    assertEquals(code, 1);
    assertStringIncludes(said, "Cannot use bin/bad as it was built");
    assertStringIncludes(said, "noise");
    assert(!exists(project, "bin/bad"));
  },
);

/** Any native executable will do as the runtime of a program that only has to leave. */
const elf = processes.ignore || Deno.build.os !== "linux";

Deno.test(
  "with a runtime at hand the program is a native executable, whatever was there before",
  { ignore: elf },
  async () => {
    await using project = await Project.copy();
    assertEquals((await build(project, "echo-1")).code, 0);
    const DENORT_BIN = Deno.realPathSync("/bin/true");
    for (let i = 0; i < 2; i++) {
      const { code, said } = await build(project, "echo-1", { DENORT_BIN });
      assertEquals({ code, said }, {
        code: 0,
        said: "bin/echo-1: a native executable\n",
      });
    }
    const magic = Deno.readFileSync(join(project.root, "bin/echo-1")).slice(
      0,
      4,
    );
    assertEquals([...magic], [0x7f, ...new TextEncoder().encode("ELF")]);
  },
);

Deno.test(
  "an unusable runtime named by DENORT_BIN fails the build instead of falling back",
  { ignore: elf },
  async () => {
    await using project = await Project.copy();
    const cases = [
      ["/bin/false", "Cannot use bin/echo-1 as it was built"],
      [join(project.root, "Makefile"), "Cannot "],
      [Deno.execPath(), "it is deno itself"],
      ["/nowhere/denort", "there is no such file"],
    ];
    for (const [DENORT_BIN, why] of cases) {
      const { code, said } = await build(project, "echo-1", {
        DENORT_BIN: DENORT_BIN!,
      });
      assertEquals(code, 1, said);
      assertStringIncludes(said, why!);
      assert(!exists(project, "bin/echo-1"));
    }
  },
);

Deno.test(
  "a link to deno is refused as a runtime, any other file is left to the build",
  files,
  inFolder(async (folder) => {
    const link = join(folder, "denort");
    await Deno.symlink(Deno.execPath(), link);
    assertThrows(() => localDenort(link), Error, "it is deno itself");
    await Deno.writeTextFile(join(folder, "other"), "");
    assertEquals(localDenort(join(folder, "other")), join(folder, "other"));
  }),
);

Deno.test(
  "a failed search is remembered, but not for another Deno, not for ever, and not when half written",
  files,
  inFolder((root) => {
    const memory = join(root, ".deno/no-denort.json");
    assertEquals(rememberedFailure(root), undefined);
    rememberFailure("no network", root);
    assertEquals(rememberedFailure(root), "no network");
    const known = JSON.parse(Deno.readTextFileSync(memory));
    for (
      const text of [
        JSON.stringify({ ...known, deno: "1.0.0" }),
        JSON.stringify({ ...known, until: Date.now() - 1 }),
        "{",
      ]
    ) {
      Deno.writeTextFileSync(memory, text);
      assertEquals(rememberedFailure(root), undefined, text);
    }
  }),
);

Deno.test(
  "a server that takes connections and says nothing is silent; any answer or refusal is not",
  needs("net"),
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${listener.addr.port}/denort.zip`;
    const accepted = listener.accept();
    assertEquals(await isSilent(url, 50), true);
    (await accepted).close();

    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(null, { status: 405 }),
    );
    assertEquals(
      await isSilent(`http://127.0.0.1:${server.addr.port}/`),
      false,
    );
    await server.shutdown();
    assertEquals(
      await isSilent(`http://127.0.0.1:${server.addr.port}/`),
      false,
    );
  },
);

Deno.test("a bundle's first line names Deno's folder while it fits into the 255 bytes a kernel reads", () => {
  const short = shebang("/home/someone/my project/.deno/bin");
  assertStringIncludes(
    short,
    `"PATH=/home/someone/my project/.deno/bin:\${PATH}" deno run`,
  );
  assert(short.length <= 255);
  for (const directory of ["/deep".repeat(60), '/quo"ted', "/dol$lar"]) {
    const line = shebang(directory);
    assertMatch(line, /^#!\/usr\/bin\/env -S \w+=1 deno run /);
  }
});

Deno.test(
  "a path with a space in it does not stop a bundle",
  processes,
  async () => {
    await using project = await Project.copy();
    const folder = join(project.root, "a b");
    await Deno.mkdir(folder);
    await Deno.symlink(Deno.execPath(), join(folder, "deno"));
    const file = await project.write(
      "hello",
      `${shebang(folder)}\nconsole.log("hello");\n`,
    );
    const PATH = "/usr/bin:/bin";
    assertEquals(await project.run(file, [], { PATH }), {
      code: 0,
      said: "hello\n",
    });
  },
);
