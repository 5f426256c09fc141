/** The table of programs by phenomena: what is called prevented never happens, what is called allowed does. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  PHENOMENA,
  type Phenomenon,
} from "../../lib/workbench/checkers/strict/txn-phenomena.ts";
import {
  anomalyRow,
  anomalyTable,
  transactionPrograms,
} from "../../lib/workbench/results/anomaly-table.ts";
import "../fixtures/programs.ts";

/** Enough for each phenomenon that is allowed to be seen. */
const SEEDS = 4;

for (const program of transactionPrograms()) {
  Deno.test(`${program} shows what the table says it allows, and nothing else (${SEEDS} seeds)`, async () => {
    const { allowed, seen } = await anomalyRow(program, SEEDS);
    const shown = PHENOMENA.filter((phenomenon) => seen[phenomenon] > 0);
    assertEquals(new Set(shown), allowed);
  });
}

Deno.test("the table has a row a program and a column a phenomenon, with counts", () => {
  const seen = Object.fromEntries(
    PHENOMENA.map((phenomenon, i) => [phenomenon, i]),
  ) as { [phenomenon in Phenomenon]: number };
  const allowed = new Set<Phenomenon>(["write skew"]);
  const row = { program: "txn-6c", seeds: 20, allowed, seen };
  const lines = anomalyTable([row, row]).split("\n");
  assertEquals(lines.length, 4);
  for (const line of lines) {
    assertEquals(line.split("|").length, PHENOMENA.length + 3);
  }
  assert(lines[2]!.startsWith("| `txn-6c` | prevented, 0 of 20 |"));
  assert(lines[2]!.includes("| allowed, 8 of 20 |"));
});

Deno.test("a program whose allowed phenomena are unknown has no row", async () => {
  await assertRejects(() => anomalyRow("echo-1", 1), Error, "Cannot judge");
});
