/** The final reads of workloads whose nodes must all show everything in the end. */
import type { Generator, Invocation } from "./workload.ts";

/** A final phase in which every worker reads once; the reads are marked as final. */
export function finalReads(): Generator {
  const asked = new Set<number>();
  return {
    next({ index }) {
      if (asked.has(index)) return null;
      asked.add(index);
      return { f: "read", value: null, "final?": true };
    },
  };
}

/** One read of every node, 5 s after the last fault: enough time for any anti-entropy. */
export function readsAfterwards(): {
  settleMs: number;
  invocations: Invocation[];
} {
  return { settleMs: 5000, invocations: [{ f: "read", value: null }] };
}
