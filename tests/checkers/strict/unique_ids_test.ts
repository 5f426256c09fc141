/** Which ids are duplicates, and which replies are no matter of ids. */
import { assertEquals } from "@std/assert";
import { strictUniqueIds } from "../../../lib/workbench/checkers/strict/unique-ids.ts";
import type { JsonObject } from "../../../lib/workbench/history/json.ts";

/** What is said of n0's answers to c1: the number of a request, and what its reply holds. */
function said(...answers: [number, JsonObject][]) {
  const findings = strictUniqueIds({
    workload: "unique-ids",
    options: {},
    history: [],
    journalOrigin: 5e9,
    journal: answers.map((
      [in_reply_to, more],
      i,
    ) => ["send", 5e9 + i * 1e6, i, "n0", "c1", {
      type: "generate_ok",
      in_reply_to,
      ...more,
    }]),
  }, {});
  return findings.flatMap(({ type, because }) => [type, ...because]);
}

Deno.test("two requests that got one id are named", () => {
  assertEquals(said([1, { id: 7 }], [2, { id: 8 }], [3, { id: 7 }]), [
    "duplicate-id",
    "id 7 was given by n0 to message 1 of c1, at 0.000 s, and by n0 to message 3 of c1, at 0.002 s",
  ]);
});

Deno.test("replies without an id share none, and a reply sent twice gives its id once", () => {
  assertEquals(said([1, {}], [2, {}]), []);
  assertEquals(said([1, { id: 7 }], [1, { id: 7 }]), []);
  assertEquals(said([1, { id: null }], [2, { id: null }])[0], "duplicate-id");
});
