/** A node of which nothing is heard: its stdout tells why. */
import { assertEquals } from "@std/assert";
import type { Host } from "../../lib/workbench/world/host.ts";
import { processes } from "../../lib/workbench/world/processes.ts";
import { needs } from "../fixtures/permitted.ts";

/** A host of one node, n0, which does what a script of the shell says. */
function hostOf(script: string, onStderr?: () => void): Host {
  const options = { bin: "/bin/sh", args: ["-c", script], cwd: "/" };
  return processes({ ...options, ...(onStderr && { onStderr }) })(["n0"], {
    sent() {},
    garbage() {},
    exited() {},
    deaf() {},
    closed() {},
  });
}

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
      const host = hostOf(script, () => logged.resolve());
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

for (
  const [script, unended] of [
    ['printf "{}\\n123"', 3],
    ['printf "{}"; sleep 0.1; printf "123"', 5],
    ['printf "{}\\n123\\n"', 0],
    ['printf "{}\\r"', 0],
  ] as const
) {
  Deno.test(
    `a node that does ${script} has left ${unended} bytes without a newline, a second later`,
    needs("run", "read"),
    async () => {
      const host = hostOf(`${script}; sleep 9`);
      host.start("n0");
      let most = 0;
      for (let i = 0; i < (most === unended ? 15 : 100); i++) {
        most = Math.max(most, host.unended!("n0"));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assertEquals(most, unended);
      await host.stop();
    },
  );
}
