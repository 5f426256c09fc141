/** G-set: elements are added to a set at any node, and the set is read at any node. */
import { CLIENT_TIMEOUT_MS } from "./flags.ts";
import { finalReads, readsAfterwards } from "./final-reads.ts";
import { any, arrayOf } from "./schema.ts";
import type { Workload } from "./workload.ts";

/** Half of the operations are `add` of 0, 1, 2, ..., half `read`; finally every worker reads once. */
export const gSet: Workload = {
  name: "g-set",
  idempotent: new Set(),
  handlesErrors: false,
  reusesClient: false,
  timeoutMs: () => CLIENT_TIMEOUT_MS,
  generator({ random }) {
    let element = 0;
    return {
      next: () =>
        random.chance(0.5)
          ? { f: "add", value: element++ }
          : { f: "read", value: null },
    };
  },
  final: { generator: finalReads },
  aftermath: readsAfterwards,
  openClient: () => ({
    async invoke(op, rpc) {
      if (op.f === "add") {
        await rpc({ type: "add", element: op.value }, {});
        return null;
      }
      return (await rpc({ type: "read" }, { value: arrayOf(any) })).value ?? [];
    },
  }),
};
