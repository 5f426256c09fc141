/** How nodes are started and set up: one after the other, and then all together. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { performRun } from "../../lib/workbench/run/run.ts";
import {
  SECOND,
  sleep,
  VirtualClock,
} from "../../lib/workbench/world/clock.ts";
import type { HostEvents } from "../../lib/workbench/world/host.ts";
import { seeded } from "../../lib/workbench/world/random.ts";
import { workloadOf } from "../../lib/workbench/workloads/all.ts";

/** A run of three nodes, each of which takes 4 s to start, and what was done in which order. */
async function slowly(onStart: (node: string, events: HostEvents) => void) {
  const clock = new VirtualClock();
  const did: string[] = [];
  const recording = await clock.run(performRun({
    workload: workloadOf("echo"),
    options: { "node-count": 3, rate: 10, "time-limit": 1 },
    clock,
    random: seeded(1),
    openHost: (_nodes, events) => ({
      start(node) {
        did.push(`start ${node}`);
        onStart(node, events);
      },
      started() {
        did.push("rest");
        return sleep(clock, 4 * SECOND);
      },
      deliver(node, { src, body }) {
        did.push(`${body.type} ${node}`);
        const type = `${body.type}_ok`, in_reply_to = body.msg_id!;
        const reply = { ...body, type, in_reply_to };
        events.sent(node, { src: node, dest: src, body: reply });
      },
      kill() {},
      pause() {},
      resume() {},
      stop: () => Promise.resolve(),
      lastLines: () => [],
    }),
  }));
  return { recording, did, took: clock.now() };
}

Deno.test("no node's time to answer init begins before all are started", async () => {
  const { recording, did } = await slowly(() => {});
  assertEquals(did.slice(0, 9), [
    ...["start n0", "rest", "start n1", "rest", "start n2", "rest"],
    ...["init n0", "init n1", "init n2"],
  ]);
  assertEquals(recording.incidents, []);
});

Deno.test("a node that ends while others are being started fails the set-up at once", async () => {
  const { recording, took } = await slowly((node, events) => {
    if (node === "n0") queueMicrotask(() => events.exited(node, "signal X"));
  });
  const [ended, failed] = recording.incidents!;
  assertEquals(ended!.type, "process-exit");
  assertEquals(failed!.type, "setup-failed");
  assertStringIncludes(failed!.text, "n0 ended by itself (signal X)");
  assert(took < 20 * SECOND, `${took}`);
});
