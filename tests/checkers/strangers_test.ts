/** Nobody is held to what nobody asked: correct programs with odd choices are valid for both judges. */
import { assert, assertEquals } from "@std/assert";
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
