/** Figures that Maelstrom does not take, on recordings made by hand. */
import { assertEquals } from "@std/assert";
import { bytesOfValues } from "../../lib/workbench/checkers/figures.ts";
import type {
  Body,
  JournalEvent,
  Op,
} from "../../lib/workbench/history/history.ts";

/** Three nodes that were told these values, and sent each other these bodies. */
function recording(
  values: readonly (number | null)[],
  bodies: readonly Body[],
) {
  const history = values.flatMap((value, i): Op[] => {
    const op = { process: 0, f: "broadcast", value, time: i, index: 2 * i };
    const type = value === null ? "info" : "ok";
    return [{ ...op, type: "invoke" }, { ...op, type, index: 2 * i + 1 }];
  });
  const journal = bodies.flatMap((body, i): JournalEvent[] => [
    ["send", i, i, "n0", "n1", body],
    ["recv", i, i, "n0", "n1", body],
    ["send", i, i, "c1", "n1", body],
    ["send", i, i, "n1", "c1", body],
  ]);
  const options = { "node-count": 3 };
  return { workload: "broadcast", options, history, journal } as const;
}

Deno.test("the least is each acknowledged value's own text and a comma, once to each other node", () => {
  const { "servers.bytes-per-value": each, "servers.bytes-to-least": times } =
    bytesOfValues(
      recording([1, 20, null], [{ type: "a", v: [1, 20] }, { type: "a" }]),
    );
  const bytes = `{"type":"a","v":[1,20]}{"type":"a"}`.length;
  assertEquals(each, bytes / 2 / 2);
  assertEquals(times, bytes / 2 / "1,20,".length);
});

Deno.test("with no other node, or no value, there is no figure for bytes per value", () => {
  assertEquals(bytesOfValues(recording([], [])), {});
  const alone = recording([1], []);
  const options = { "node-count": 1 };
  assertEquals(bytesOfValues({ ...alone, options }), {});
});
