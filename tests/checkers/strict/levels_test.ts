/** A stronger model is never judged more mildly than a weaker one, over random histories. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { judgeFaithful } from "../../../lib/workbench/checkers/faithful.ts";
import {
  forbiddenBy,
  modelNamed,
} from "../../../lib/workbench/checkers/elle/models.ts";
import { strictTxn } from "../../../lib/workbench/checkers/strict/txn.ts";
import type { JsonObject } from "../../../lib/workbench/history/json.ts";
import type { Kind, Span } from "../../fixtures/txn-history.ts";
import { recordingOf } from "../../fixtures/txn-recording.ts";

/** Each implies the one before it. */
const CHAINS = [
  [
    "read-uncommitted",
    "read-committed",
    "read-atomic",
    "update-atomic",
    "parallel-snapshot-isolation",
    "snapshot-isolation",
    "serializable",
    "strong-session-serializable",
    "strict-serializable",
  ],
  ["read-committed", "cursor-stability", "repeatable-read", "serializable"],
  [
    "read-uncommitted",
    "strong-session-read-uncommitted",
    "strong-read-uncommitted",
    "strong-read-committed",
    "strong-snapshot-isolation",
    "strict-serializable",
  ],
];

/** Transactions of few processes at one of two nodes, some at a time, of few keys and values. */
const transactions = (kind: Kind) => {
  const key = fc.constantFrom("x", "y");
  const seen = kind === "list"
    ? fc.constantFrom("_", "1", "2", "12", "21")
    : fc.constantFrom("_", "1", "2");
  const read = fc.tuple(key, seen).map(([key, seen]) => `r${key}${seen}`);
  const write = key.map((key) => `${kind === "list" ? "a" : "w"}${key}`);
  const step = fc.oneof(read, write);
  const outcome = fc.constantFrom("", "", "", "", "!", "?");
  const span = fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 3 }),
    outcome,
    from: fc.nat(20),
    lasts: fc.integer({ min: 1, max: 8 }),
  });
  return fc.array(span, { minLength: 2, maxLength: 6 }).map((all) => {
    const written = new Map<string, number>();
    const busyUntil: number[] = [];
    all.sort((a, b) => a.from - b.from);
    return all.map(({ steps, outcome, from, lasts }, i): Span => ({
      text: outcome + steps.map((step) => {
        if (step[0] === "r") return step;
        // Every value of a key is written once.
        const value = (written.get(step) ?? 0) + 1;
        written.set(step, value);
        return `${step}${value}`;
      }).join(" "),
      process: freeProcess(busyUntil, outcome, from, lasts),
      from: 100 * from + i,
      to: 100 * (from + lasts) + i,
    }));
  });
};

/** The first process that is not busy; one without an answer is never again. */
function freeProcess(
  busyUntil: number[],
  outcome: string,
  from: number,
  lasts: number,
): number {
  const free = busyUntil.findIndex((time) => time < from);
  const process = free < 0 ? busyUntil.length : free;
  busyUntil[process] = outcome === "?" ? Infinity : from + lasts;
  return process;
}

/** Which judges condemn a history at a model, and by what. */
function verdicts(kind: Kind, all: Span[], model: string) {
  const recording = recordingOf(kind, all, [], { "consistency-models": model });
  const strict = strictTxn(recording, {}).filter(({ rank }) => rank !== "note");
  const faithful = judgeFaithful(recording)["workload"] as JsonObject;
  const types = (faithful["anomaly-types"] ?? []) as string[];
  return {
    strict: strict.map(({ type }) => type),
    // Elle needs an edge to judge at all, and stronger models give it some.
    faithful: types.filter((type) => type !== "empty-transaction-graph"),
  };
}

for (const kind of ["register", "list"] as const) {
  Deno.test(`${kind}s: whatever is invalid at a model is invalid at every stronger one (400 random histories)`, () => {
    let invalid = 0, differing = 0;
    fc.assert(
      fc.property(transactions(kind), (all) => {
        for (const chain of CHAINS) {
          const found = chain.map((model) => verdicts(kind, all, model));
          for (const judge of ["strict", "faithful"] as const) {
            const wrong = found.map((verdict) => verdict[judge].length > 0);
            const first = wrong.indexOf(true);
            if (first >= 0) invalid++;
            if (first > 0) differing++;
            assert(
              first < 0 || wrong.slice(first).every(Boolean),
              `${judge}: ${
                chain.map((model, i) => `${model}: ${found[i]![judge]}`)
              }`,
            );
          }
        }
      }),
      { numRuns: 400, seed: 14 },
    );
    assert(invalid > 300 && differing > 100, `${invalid}, ${differing}`);
  });
}

Deno.test("in each chain, a model forbids all that the one before it does", () => {
  for (const chain of CHAINS) {
    chain.slice(1).forEach((model, i) => {
      const weaker = forbiddenBy([modelNamed(chain[i]!)]);
      const stronger = forbiddenBy([modelNamed(model)]);
      assertEquals(weaker.difference(stronger), new Set(), model);
    });
  }
});
