/** `bin/workbench`: one executable that works from any folder, without network and cache. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFile, Project } from "../fixtures/project.ts";
import { join } from "node:path";
import { needs } from "../fixtures/permitted.ts";

Deno.test(
  "make workbench builds an executable that tests, checks, simulates and serves help from any folder, with nothing but itself",
  needs("read", "write", "env", "run"),
  async () => {
    await using project = await Project.copy();
    const built = await project.make(["workbench"]);
    assertEquals(built.code, 0, built.said);
    assertStringIncludes(built.said, "bin/workbench: ");
    const folder = join(project.root, "some where");
    await project.write(
      "some where/node.sh",
      fromFile("tests/fixtures/echo-node.sh"),
    );
    await project.write(
      "some where/guest.ts",
      `type Echo = { echo: unknown };
interface Node { on(type: string, handler: (request: Echo) => Echo): void }
export default (node: Node) => node.on("echo", ({ echo }) => ({ echo }));\n`,
    );
    await Deno.rename(
      join(project.root, "bin/workbench"),
      join(folder, "maelstrom"),
    );
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command("./maelstrom", {
        args,
        cwd: folder,
        env: { DENO_DIR: join(project.root, "cache"), NO_COLOR: "1" },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, said: text(stdout) + text(stderr) };
    };
    for (
      const [args, code, text] of [
        ["help", 0, "COMMAND ..."],
        ["simulate echo-1 --seeds 2 --time-limit 2", 0, "2 valid, 0 invalid"],
        [
          "simulate guest.ts -w echo --time-limit 2",
          0,
          "strict verdict:      valid",
        ],
        ["simulate guest.ts -w echo --seeds 2 --time-limit 2", 0, "2 valid"],
        [
          "test -w echo --bin node.sh --node-count 1 --time-limit 1",
          0,
          "Everything looks good!",
        ],
        ["analyze store/latest", 0, "strict verdict:      valid"],
        ["test -w echo --bin nothing", 254, "there is no such file"],
      ] as const
    ) {
      const done = await run(...args.split(" "));
      assertEquals(done.code, code, `${args}: ${done.said}`);
      assertStringIncludes(done.said, text);
    }
    const report = Deno.readTextFileSync(
      join(folder, "store/latest/report.html"),
    );
    assert(!report.includes("could not be loaded"), "plots are drawn");
    for (const drawing of ["timelineSvg", "ticks", "spacetimeSvg"]) {
      assert(
        report.includes(`function ${drawing}(`) ||
          report.includes(`const ${drawing} = `),
        drawing,
      );
    }
  },
);
