/** Kills and pauses of a real run, of which only its nemesis tells. */
import { assertEquals } from "@std/assert";
import { recordAny } from "../../lib/workbench/campaign/simulate.ts";
import { troubles } from "../../lib/workbench/checkers/faults.ts";
import { strikesIn } from "../../lib/workbench/maelstrom/strikes.ts";

Deno.test("kills, pauses and their ends are told by the nemesis as by the workbench itself", async () => {
  const recording = await recordAny({
    name: "broadcast-3c",
    seed: 2,
    faults: "official",
    overrides: {
      nemesis: "kill,pause,partition",
      "nemesis-interval": 2,
      "time-limit": 40,
    },
  });
  const { history, incidents = [] } = recording;
  const told = incidents.filter(({ type }) =>
    ["kill", "restart", "pause", "resume"].includes(type)
  );
  assertEquals(new Set(told.map(({ type }) => type)).size, 4);
  const strikes = strikesIn(history);
  assertEquals(strikes, told);
  const real = { ...recording, incidents: strikes };
  assertEquals(troubles(real), troubles(recording));
});
