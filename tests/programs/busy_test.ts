/** Programs keep their promises on a busy machine, and their times but for its stalls. */
import { assertLess } from "@std/assert";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import { keepPromises } from "../fixtures/seeds.ts";

const SHORT = { "time-limit": 6 };

for (const { name } of scenarios) {
  Deno.test(`${name} keeps its promises on a busy machine, and on one that stalls (4 seeds each)`, async () => {
    for (const machine of ["busy", "stalled"] as const) {
      await keepPromises(name, 4, { machine, overrides: SHORT });
    }
  });
}

/** Programs that promise how soon all is well after a cut. */
const HEALING = [
  "broadcast-3c",
  "broadcast-3d-mesh",
  "broadcast-3d",
  "broadcast-3e",
  "counter-4",
];

for (const name of HEALING) {
  Deno.test(`${name} keeps its promises after cuts on a busy machine (4 seeds)`, async () => {
    const faults = "partition";
    await keepPromises(name, 4, { faults, machine: "busy", overrides: SHORT });
  });
}

/** What kafka-5c promises on a quiet machine, and for how long a process may stand still at its start. */
const VISIBLE_MS = 250, STILL_MS = 165;

Deno.test("kafka-5c is late on a busy machine by its stalls and no more (4 seeds)", async () => {
  const settings = { machine: "busy", overrides: SHORT } as const;
  for (const { figures } of await keepPromises("kafka-5c", 4, settings)) {
    assertLess(figures["visibility-lag.max-ms"]!, VISIBLE_MS + STILL_MS);
  }
});
