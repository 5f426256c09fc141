/** Chaos: what it spares. */
import { assert } from "@std/assert";
import { record } from "../../lib/workbench/campaign/simulate.ts";
import type { Recording } from "../../lib/workbench/history/history.ts";
import { nodeOf, nodesOf } from "../../lib/workbench/history/options.ts";
import "../fixtures/programs.ts";

/** Whether a node answered, before this time, something that was asked after another one. */
function answered(
  { history, options }: Recording,
  node: string,
  from: number,
  to: number,
): boolean {
  const asked = new Set<unknown>();
  return history.some(({ time, type, process }) => {
    if (typeof process !== "number" || time < from || time > to) return false;
    if (nodeOf(process, options) !== node) return false;
    if (type === "invoke") asked.add(process);
    return type === "ok" && asked.has(process);
  });
}

// Seed 997 struck nodes whose last answers were still on the way.
for (const seed of [997, 1, 2, 3, 4, 5]) {
  Deno.test(`chaos of a program that needs its majority's memory leaves it that: seed ${seed}`, async () => {
    const recording = await record({
      name: "lin-kv-vr",
      faults: "chaos",
      seed,
      overrides: { "node-count": 5, "time-limit": 12, rate: 60 },
    });
    const nodes = nodesOf(recording.options);
    const kills = recording.incidents!.filter(({ type }) => type === "kill");
    assert(kills.length > 0);
    for (const { node, time } of kills) {
      const remembering = nodes.filter((other) => {
        const last = kills.findLast((kill) =>
          kill.node === other && kill.time < time
        );
        return other !== node &&
          (last === undefined || answered(recording, other, last.time, time));
      });
      assert(
        2 * remembering.length > nodes.length,
        `${node} was killed at ${time} ns when only ${remembering} remembered`,
      );
    }
  });
}
