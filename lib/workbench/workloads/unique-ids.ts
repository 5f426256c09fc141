/** Unique ids: every node generates ids, and no two are equal. */
import { CLIENT_TIMEOUT_MS } from "./flags.ts";
import { any } from "./schema.ts";
import type { Workload } from "./workload.ts";

/** All operations are `generate`, whose value becomes the id. */
export const uniqueIds: Workload = {
  name: "unique-ids",
  idempotent: new Set(),
  handlesErrors: true,
  reusesClient: true,
  timeoutMs: () => CLIENT_TIMEOUT_MS,
  generator: () => ({ next: () => ({ f: "generate", value: null }) }),
  openClient: () => ({
    async invoke(_op, rpc) {
      return (await rpc({ type: "generate" }, { id: any })).id ?? null;
    },
  }),
};
