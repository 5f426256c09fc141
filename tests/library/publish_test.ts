/** What is published of the library is fit to be. */
import { assertEquals } from "@std/assert";
import { needs } from "../fixtures/permitted.ts";

Deno.test({
  name: "only the missing licence keeps the library from being published",
  ...needs("run", "read"),
  async fn() {
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["publish", "--dry-run", "--allow-dirty"],
      cwd: new URL("../../lib/", import.meta.url),
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    const problems = [...said.matchAll(/^error\[([\w-]+)\]/gm)]
      .map(([, name]) => name);
    const isDone = said.includes("Simulating publish of @gossip-glomers/");
    assertEquals(problems, isDone ? [] : ["missing-license"], said);
  },
});
