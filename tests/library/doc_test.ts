/** What a reader of the library is shown is short enough to be read. */
import { assert } from "@std/assert";
import { lines } from "../fixtures/house.ts";
import { needs } from "../fixtures/permitted.ts";

/** Lines that two screens have. */
const TWO_SCREENS = 100;

Deno.test({
  name:
    "`deno doc` of the node fits on two screens and names all that a program uses",
  ...needs("run", "read"),
  async fn() {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", new URL("../../lib/maelstrom.ts", import.meta.url).href],
      env: { NO_COLOR: "1" },
    }).output();
    const shown = new TextDecoder().decode(stdout);
    for (const name of ["class Node", "function run", "class RpcError"]) {
      assert(shown.includes(`\n${name}`), `${name} is not shown`);
    }
    assert(lines(shown) <= TWO_SCREENS, `${lines(shown)} lines`);
  },
});
