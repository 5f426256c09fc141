/** Programs that promise times keep them on a busy machine, unless their header says otherwise. */
import { assertEquals, assertLess } from "@std/assert";
import { simulate } from "../../lib/workbench/campaign/simulate.ts";
import { keepPromises } from "../fixtures/seeds.ts";

const KEEPING = [
  "broadcast-3b",
  "broadcast-3c",
  "broadcast-3d-mesh",
  "counter-4",
  "counter-4-cas",
  "counter-4-crdt",
  "kafka-5c-leader",
];

const SHORT = { "time-limit": 6 };

for (const name of KEEPING) {
  Deno.test(`${name} keeps its promises on a busy machine (4 seeds)`, async () => {
    await keepPromises(name, 4, { machine: "busy", overrides: SHORT });
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

Deno.test("kafka-5c is late on a busy machine by its stalls and no more, and keeps every other promise (4 seeds)", async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const { strict, figures } = await simulate({
      name: "kafka-5c",
      seed,
      faults: "official",
      machine: "busy",
      overrides: SHORT,
    });
    const others = strict.anomalies.filter(({ type }) =>
      type !== "late-message"
    );
    assertEquals(others, []);
    assertLess(figures["visibility-lag.max-ms"]!, VISIBLE_MS + STILL_MS);
  }
});
