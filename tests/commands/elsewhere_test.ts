/** The workbench called from another folder than the project's. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { resolve } from "node:path";
import { inFolder } from "../fixtures/folder.ts";
import { needs } from "../fixtures/permitted.ts";

const CLI = new URL("../../lib/workbench/cli.ts", import.meta.url).href;
const FIXTURES = new URL("../fixtures/", import.meta.url).pathname;

/** Runs Deno in the folder of the fixtures; not as part of the task that runs the tests, which says where that was typed. */
async function there(...args: string[]) {
  const { INIT_CWD: _, ...env } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: FIXTURES,
    clearEnv: true,
    env,
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const SHORT = ["--node-count", "1", "--time-limit", "1", "--rate", "10"];

Deno.test(
  "deno task workbench takes paths from where it is typed, and keeps its runs there",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const checked = await there(
      ...["task", "--quiet", "workbench", "check"],
      "../golden/echo-ok.json.gz",
    );
    assertEquals(checked.code, 0, checked.stderr);
    const tested = await there(
      ...["task", "--quiet", "workbench", "test", "-w", "echo", "--json"],
      ...["--bin", "echo-node.sh", "--store", folder, ...SHORT],
    );
    assertEquals(tested.code, 0, tested.stderr);
    assert(JSON.parse(tested.stdout).folder.startsWith(folder));
  }),
);

Deno.test(
  "a script whose interpreter is not there is refused by the interpreter's name, and a source by what it lacks",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const run = async (first: string) => {
      const bin = `${folder}/my node.sh`;
      await Deno.writeTextFile(bin, first + '\nexec sh "$1"\n', {
        mode: 0o755,
      });
      return await there(
        ...["run", "--allow-all", CLI, "test", "-w", "echo", ...SHORT],
        ...["--bin", bin, "--store", folder],
        ...["--", resolve(FIXTURES, "echo-node.sh")],
      );
    };
    const missing = await run("#!/no/such/shell -e");
    assertEquals(missing.code, 254);
    assertStringIncludes(missing.stderr, "names /no/such/shell, which is not");
    const windows = await run("#!/bin/sh\r");
    assertEquals(windows.code, 254);
    assertStringIncludes(windows.stderr, "end in CR LF");
    const marked = await run("\ufeff#!/bin/sh");
    assertEquals(marked.code, 254);
    assertStringIncludes(marked.stderr, "begins with a byte order mark");
    assertEquals((await run("#! /bin/sh")).code, 0);
    await Deno.writeTextFile(`${folder}/Node.java`, "class Node {}");
    const { stderr } = await there(
      ...["run", "--allow-all", CLI, "test", "-w", "echo"],
      ...["--bin", `${folder}/Node.java`],
    );
    assertStringIncludes(stderr, "Name what it is compiled to");
    const idle = await run("#!/bin/sh\nexit 0");
    assertEquals(idle.code, 1);
    assertStringIncludes(idle.stderr, "my node.sh ended at once");
    const unmarked = await run("exit 3");
    assertEquals(unmarked.code, 1);
    assertStringIncludes(
      unmarked.stderr,
      "begin it with #!, as in #!/usr/bin/env bash",
    );
    const jar = `${folder}/node.jar`;
    await Deno.writeTextFile(jar, "PK\x03\x04\0", { mode: 0o755 });
    const archive = await there(
      ...["run", "--allow-all", CLI, "test", "-w", "echo", ...SHORT],
      ...["--bin", jar, "--store", folder],
    );
    assertStringIncludes(
      archive.stderr,
      `${jar} by itself. Name what it is compiled to, or a script`,
    );
  }),
);

Deno.test(
  "a script that is named from here, and not found where nodes run, is told by its whole path",
  needs("run", "read", "write"),
  inFolder(async (folder) => {
    const shell = (script: string) =>
      there(
        ...["run", "--allow-all", CLI, "test", "-w", "echo", ...SHORT],
        ...["--bin", "/bin/sh", "--store", folder, "--", script],
      );
    const { code, stderr } = await shell("./echo-node.sh");
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      `./echo-node.sh is a file here, but nodes run in `,
    );
    assertStringIncludes(stderr, `write ${resolve(FIXTURES, "echo-node.sh")}`);
    const whole = await shell(resolve(FIXTURES, "echo-node.sh"));
    assertEquals([whole.code, whole.stderr.includes("a file here")], [
      0,
      false,
    ]);
  }),
);
