/** The names of the consistency models. */
import { assertEquals, assertThrows } from "@std/assert";
import { modelsOf } from "../../../lib/workbench/checkers/elle/results.ts";
import { CheckerError } from "../../../lib/workbench/checkers/verdict.ts";

/** All names that Elle 0.2.2 knows. */
const KNOWN = `1SR PL-1 PL-2 PL-2+ PL-2.99 PL-2L PL-3 PL-3U PL-CS PL-FCV PL-MSR
  PL-SI PL-SS PRAM causal causal-cerone conflict-serializable consistent-view
  cursor-stability forward-consistent-view linearizable monotonic-atomic-view
  monotonic-reads monotonic-snapshot-read monotonic-view monotonic-writes
  parallel-snapshot-isolation prefix read-atomic read-committed
  read-uncommitted read-your-writes repeatable-read sequential serializable
  session-serializable snapshot-isolation strict-serializable strong-PL-1
  strong-PL-2 strong-read-committed strong-read-uncommitted
  strong-serializable strong-session-PL-1 strong-session-PL-2
  strong-session-read-committed strong-session-read-uncommitted
  strong-session-serializable strong-session-snapshot-isolation
  strong-snapshot-isolation update-atomic update-serializable
  view-serializable writes-follow-reads`.split(/\s+/);

Deno.test("the models are those that Elle knows, by its names alone", () => {
  for (const name of KNOWN) {
    assertEquals(modelsOf({ "consistency-models": name }).length, 1);
  }
  for (const name of ["strict-1SR", "strong-session-PL-3", "pl-2", "SI", ""]) {
    assertThrows(() => modelsOf({ "consistency-models": name }), CheckerError);
  }
});
