/** What Elle makes of odd values of registers. */
import { assertEquals } from "@std/assert";
import { checkRwRegister } from "../../../lib/workbench/checkers/elle/rw-register.ts";
import type { Op } from "../../../lib/workbench/history/history.ts";
import type { Json } from "../../../lib/workbench/history/json.ts";

Deno.test("after a read of null or false, Elle expects nothing of the transaction's next read", () => {
  const internal = (...reads: Json[]) => {
    const base = { time: 0, process: 0, f: "txn" };
    const asked = reads.map((): Json => ["r", 1, null]);
    const came = reads.map((value): Json => ["r", 1, value]);
    const history: Op[] = [
      { ...base, index: 0, type: "invoke", value: asked },
      { ...base, index: 1, type: "ok", value: came },
    ];
    const types = checkRwRegister(history, {})["anomaly-types"] as string[];
    return types.includes("internal");
  };
  assertEquals(internal(null, 5), false);
  assertEquals(internal(false, 5), false);
  assertEquals(internal(false, 5, 6), true);
  assertEquals(internal(0, 5), true);
  assertEquals(internal("", 5), true);
});
