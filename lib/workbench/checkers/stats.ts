/** Maelstrom's checker that counts operations by outcome. */
import { isClientOp, type Op } from "../history/history.ts";
import type { JsonObject } from "../history/json.ts";
import { type Results, worst } from "./verdict.ts";

/** Operations that always crash, by design. */
export const ALWAYS_CRASH: ReadonlySet<string> = new Set([
  "crash",
  "debug-topic-partitions",
]);

type Counts = JsonObject & {
  "valid?": boolean;
  count: number;
  "ok-count": number;
  "fail-count": number;
  "info-count": number;
};

function zero(): Counts {
  return {
    "valid?": false,
    count: 0,
    "ok-count": 0,
    "fail-count": 0,
    "info-count": 0,
  };
}

const COUNT_OF = {
  ok: "ok-count",
  fail: "fail-count",
  info: "info-count",
} as const;

function tally(counts: Counts, type: "ok" | "fail" | "info"): void {
  counts.count++;
  counts[COUNT_OF[type]]++;
  counts["valid?"] = counts["ok-count"] > 0;
}

/**
 * Counts completions by outcome, in all and for each `f`. Valid if every `f` that completed at all
 * succeeded at least once. This is Jepsen's `checker/stats` in the wrapper of its Kafka test, which
 * Maelstrom uses for all workloads.
 */
export function checkStats(history: readonly Op[]): Results {
  const all = zero();
  const byF: { [f: string]: Counts } = {};
  for (const op of history) {
    if (!isClientOp(op) || op.type === "invoke") continue;
    tally(all, op.type);
    tally(byF[op.f] ??= zero(), op.type);
  }
  const verdicts = Object.entries(byF)
    .filter(([f]) => !ALWAYS_CRASH.has(f))
    .map(([, counts]) => counts["valid?"]);
  return { ...all, "valid?": worst(...verdicts), "by-f": byF };
}
