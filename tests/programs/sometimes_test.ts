/**
 * What must happen in some of the runs, or all the others prove nothing: that a cut really
 * cut a message, that a read really was stale. And that none of it happens of itself.
 */
import { assertEquals } from "@std/assert";
import type { Label } from "../../lib/workbench/run/labels.ts";
import {
  type FaultProfile,
  simulate,
} from "../../lib/workbench/campaign/simulate.ts";
import "../fixtures/programs.ts";

const SEEDS = 20;

/** Short runs: what happens at all, happens soon. */
const SHORT = { "time-limit": 6, rate: 30 };

/** Labels that runs of a scenario must reach, each within so many seeds. */
const SOMETIMES:
  readonly (readonly [string, FaultProfile, readonly Label[]])[] = [
    ["unique-ids-2", "chaos", ["kill", "restart"]],
    ["broadcast-3d", "partition", ["message-cut", "cut-in-last-operations"]],
    ["broadcast-3d", "chaos", [
      "message-cut",
      "message-lost",
      "message-duplicated",
      "message-overtaken",
      "cut-in-last-operations",
    ]],
    ["counter-4", "chaos", [
      "cas-lost",
      "client-timeout",
      "rpc-unanswered",
      "rpc-reply-lost",
      "kill-mid-operation",
      "seq-kv-stale-read",
    ]],
    ["counter-4-cas", "official", [
      "cas-lost",
      "seq-kv-stale-read",
      "seq-kv-stale-cas",
    ]],
    ["counter-4-crdt", "partition", ["message-cut"]],
    ["kafka-5b", "official", ["cas-lost"]],
    ["kafka-5b", "chaos", [
      "rpc-unanswered",
      "rpc-reply-lost",
      "message-overtaken",
      "kill-mid-operation",
    ]],
    ["kafka-5c", "chaos", ["message-cut", "message-lost", "message-overtaken"]],
    ["txn-6b", "partition", ["message-cut", "cut-in-last-operations"]],
    ["txn-6c", "official", ["message-cut"]],
    ["txn-6-strict", "official", ["cas-lost"]],
  ];

for (const [name, faults, labels] of SOMETIMES) {
  Deno.test(`${name} under ${faults} faults meets, within ${SEEDS} seeds: ${labels.join(", ")}`, async () => {
    const missing = new Set<string>(labels);
    for (let seed = 1; seed <= SEEDS && missing.size > 0; seed++) {
      const settings = { name, seed, faults, overrides: SHORT };
      const met = (await simulate(settings)).labels;
      for (const label of met) missing.delete(label);
    }
    assertEquals([...missing], []);
  });
}

Deno.test("nothing of it happens where no fault is drawn", async () => {
  const overrides = { ...SHORT, "node-count": 5 };
  for (const name of ["broadcast-3d", "kafka-5c"]) {
    const faults = "official";
    const { labels } = await simulate({ name, seed: 1, faults, overrides });
    assertEquals([...labels], [], name);
  }
});
