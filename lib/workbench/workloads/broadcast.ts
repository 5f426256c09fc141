/** Broadcast: a value given to one node must appear in the reads of all. */
import { CLIENT_TIMEOUT_MS } from "./flags.ts";
import { finalReads, readsAfterwards } from "./final-reads.ts";
import { any, arrayOf } from "./schema.ts";
import { topology } from "./topology.ts";
import type { Workload } from "./workload.ts";

/** Half of the operations are `broadcast` of 0, 1, 2, ..., half `read`; finally every worker reads once. */
export const broadcast: Workload = {
  name: "broadcast",
  idempotent: new Set(["read"]),
  handlesErrors: true,
  reusesClient: false,
  timeoutMs: () => CLIENT_TIMEOUT_MS,
  setup: (_node, { nodes, options }) => ({
    request: {
      type: "topology",
      topology: topology(String(options.topology ?? "grid"), nodes),
    },
    reply: {},
  }),
  generator({ random }) {
    let message = 0;
    return {
      next: () =>
        random.chance(0.5)
          ? { f: "broadcast", value: message++ }
          : { f: "read", value: null },
    };
  },
  final: { generator: finalReads },
  aftermath: readsAfterwards,
  openClient: () => ({
    async invoke(op, rpc) {
      if (op.f === "broadcast") {
        await rpc({ type: "broadcast", message: op.value }, {});
        return null;
      }
      return (await rpc({ type: "read" }, { messages: arrayOf(any) }))
        .messages ?? [];
    },
  }),
};
