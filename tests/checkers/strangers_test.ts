/** Nobody is held to what nobody asked: correct programs with odd choices are valid for both judges. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { needs } from "../fixtures/permitted.ts";
import { accusation, strangers } from "../strangers/all.ts";

for (const stranger of strangers) {
  Deno.test(`the program ${stranger.name} (${stranger.choice}) is valid`, async () => {
    assertEquals(await accusation(stranger, 1), null);
  });
}

Deno.test("there are at least forty of them, of every workload", () => {
  assert(strangers.length >= 40);
  const workloads = new Set(strangers.map(({ workload }) => workload));
  assertEquals(workloads.size, 10);
});

Deno.test(
  "make strangers refuses a number of seeds that judges nothing",
  needs("read", "run"),
  async () => {
    for (const seeds of ["0", "x", "1.5"]) {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--allow-all"],
          ...[import.meta.resolve("../strangers/all.ts"), seeds],
        ],
      }).output();
      assertEquals([code, stdout.length], [254, 0]);
      const said = new TextDecoder().decode(stderr);
      assertStringIncludes(said, `Cannot judge ${seeds} seeds of each: give`);
    }
  },
);
