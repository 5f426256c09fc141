/** A node of which nothing is heard: its stdout tells why. */
import { assertEquals } from "@std/assert";
import { processes } from "../../lib/workbench/world/processes.ts";
import { needs } from "../fixtures/permitted.ts";

for (
  const [script, silence] of [
    ["sleep 9", "it wrote nothing to stdout"],
    [
      'printf "0123456789"; echo . >&2; sleep 9',
      "it wrote 10 bytes to stdout without a newline",
    ],
    ["exec >&-; echo . >&2; sleep 9", "it closed its stdout"],
    ['echo "{}"; echo . >&2; sleep 9', null],
  ] as const
) {
  Deno.test(
    `a node that does ${script} is silent because ${silence}`,
    needs("run", "read"),
    async () => {
      const logged = Promise.withResolvers<void>();
      const host = processes({
        bin: "/bin/sh",
        args: ["-c", script],
        cwd: "/",
        onStderr: () => logged.resolve(),
      })(["n0"], {
        sent() {},
        garbage() {},
        exited() {},
        deaf() {},
        closed() {},
      });
      host.start("n0");
      if (script.includes(">&2")) await logged.promise;
      // What it wrote to the one pipe may come after what it wrote to the other.
      for (let i = 0; i < 100 && host.silence!("n0") !== silence; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assertEquals(host.silence!("n0"), silence);
      await host.stop();
    },
  );
}
