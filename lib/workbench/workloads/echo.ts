/** Echo: a node sends back what it was sent. */
import { CLIENT_TIMEOUT_MS } from "./flags.ts";
import { any } from "./schema.ts";
import type { Workload } from "./workload.ts";

/**
 * All operations are `echo` of a short text. The value of a completed operation is the whole reply, as
 * in Maelstrom's histories; the checker compares it with the request.
 */
export const echo: Workload = {
  name: "echo",
  idempotent: new Set(),
  handlesErrors: true,
  reusesClient: false,
  timeoutMs: () => CLIENT_TIMEOUT_MS,
  generator: ({ random }) => ({
    next: () => ({ f: "echo", value: `Please echo ${random.int(128)}` }),
  }),
  openClient: () => ({
    invoke: (op, rpc) => rpc({ type: "echo", echo: op.value }, { echo: any }),
  }),
};
