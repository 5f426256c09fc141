import type { Generator } from "./workload.ts";

/** A final phase of one read by every worker, marked as final. */
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
