/** A workbench that did not run for a while, as on a computer that slept. */
import { assertEquals, assertMatch } from "@std/assert";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import {
  type Clock,
  SECOND,
  VirtualClock,
} from "../../lib/workbench/world/clock.ts";
import { modules } from "../../lib/workbench/world/modules.ts";
import { performRun } from "../../lib/workbench/run/run.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";
import echo from "../../challenges/echo-1.ts";

/** Runs echo by a clock that leaps on by so many seconds at its third, and tells what is noted. */
async function notesAfterLeap(seconds: number) {
  const virtual = new VirtualClock();
  const clock: Clock = {
    now() {
      const now = virtual.now();
      return now < 3 * SECOND ? now : now + seconds * SECOND;
    },
    schedule: (delayNs, task) => virtual.schedule(delayNs, task),
  };
  const random = seeded(1);
  const recording = await virtual.run(performRun({
    workload: workloadOf("echo"),
    options: { "node-count": 1, "rate": 5, "time-limit": 20 },
    openHost: modules(echo, virtual, random.fork("nodes")),
    clock,
    random,
    onProgress() {},
  }));
  const { strict } = judge(recording);
  assertEquals(strict["valid?"], true);
  return strict.notes.find(({ type }) => type === "stood-still")?.because ?? [];
}

Deno.test("a standstill of the workbench itself is noted, and no node is blamed", async () => {
  const noted = await notesAfterLeap(7);
  assertEquals(noted.length, 1);
  assertMatch(noted[0]!, /the workbench itself had stood still for 7\.0 s/);
  assertEquals(await notesAfterLeap(1), []);
});
