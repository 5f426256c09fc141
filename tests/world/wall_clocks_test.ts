/** Clocks that are set between two lives of a node, and never within one. */
import { assert, assertEquals } from "@std/assert";
import { seeded } from "../../lib/workbench/world/random.ts";
import { wrongClocks } from "../../lib/workbench/world/wall-clocks.ts";

Deno.test("at half of all restarts, the clock shows when an earlier life of the node started", () => {
  const clocks = wrongClocks(seeded(1));
  const starts = new Map<string, number[]>();
  let again = 0;
  for (let life = 0; life < 400; life++) {
    const node = `n${life % 2}`, nowMs = 1_000 * life;
    const shown = clocks(node, nowMs);
    const earlier = starts.get(node) ?? [];
    if (earlier.includes(shown)) again++;
    else assert(Math.abs(shown - nowMs) <= 3_600_000);
    starts.set(node, [...earlier, shown]);
  }
  assert(again > 150 && again < 250, `${again}`);
});

Deno.test("the same seed sets the same clocks", () => {
  const shown = (seed: number) => {
    const clocks = wrongClocks(seeded(seed));
    return [0, 1, 2, 3].map((life) => clocks("n0", life));
  };
  assertEquals(shown(7), shown(7));
  assert(shown(7)[0] !== shown(8)[0]);
});
