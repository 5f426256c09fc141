/** The same seed is the same run, to the byte; another seed is another run. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { judge } from "../../lib/workbench/checkers/judges.ts";
import { labelsIn } from "../../lib/workbench/run/labels.ts";
import { scenarios } from "../../lib/workbench/scenarios/scenarios.ts";
import {
  FAULT_PROFILES,
  record,
} from "../../lib/workbench/campaign/simulate.ts";
import "../fixtures/programs.ts";

/** Short runs: what differs, differs soon. */
const SHORT = { "time-limit": 3, rate: 30 };

for (const { name } of scenarios) {
  for (const faults of FAULT_PROFILES) {
    Deno.test(`${name} gives byte-identical history and journal for a seed, under ${faults} faults`, async () => {
      const run = async (seed: number) => {
        const simulation = { name, seed, faults, overrides: SHORT };
        return JSON.stringify(await record(simulation));
      };
      const first = await run(1);
      assertEquals(await run(1) === first, true, "two runs of one seed differ");
      assertNotEquals(await run(2), first);
    });

    Deno.test(`${name} is judged the same by what is kept for a verdict alone, under ${faults} faults`, async () => {
      const judged = async (forVerdict: boolean) => {
        const simulation = { name, seed: 3, faults, overrides: SHORT };
        const recording = await record(simulation, { forVerdict });
        const { results, strict, figures } = judge(recording);
        return { results, strict, figures, labels: labelsIn(recording) };
      };
      assertEquals(await judged(true), await judged(false));
    });
  }
}
