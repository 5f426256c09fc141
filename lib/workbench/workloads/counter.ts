/** Counters: numbers are added at any node, and their sum is read at any node. */
import { CLIENT_TIMEOUT_MS } from "./flags.ts";
import { finalReads, readsAfterwards } from "./final-reads.ts";
import type { Integer } from "../history/json.ts";
import { MalformedReply } from "../world/client.ts";
import { integer } from "./schema.ts";
import type { Workload } from "./workload.ts";

/**
 * Half of the operations are `add` of -5 to 4, half `read`; finally every worker reads once. The
 * grow-only counter draws again in place of negative adds, so it has two reads for every add.
 */
function counter(name: string, least: number): Workload {
  return {
    name,
    idempotent: new Set(),
    handlesErrors: false,
    reusesClient: false,
    timeoutMs: () => CLIENT_TIMEOUT_MS,
    generator: ({ random }) => ({
      next() {
        while (random.chance(0.5)) {
          const delta = random.int(10) - 5;
          if (delta >= least) return { f: "add", value: delta };
        }
        return { f: "read", value: null };
      },
    }),
    final: { generator: finalReads },
    aftermath: readsAfterwards,
    openClient: () => ({
      async invoke(op, rpc) {
        if (op.f === "add") {
          await rpc({ type: "add", delta: op.value }, {});
          return null;
        }
        const { value } = await rpc({ type: "read" }, { value: integer });
        return long(value as Integer);
      },
    }),
  };
}

/** Checks that a counter fits into 64 bits: Maelstrom's client cannot read a larger one. */
function long(value: Integer): Integer {
  if (-(2n ** 63n) <= value && value < 2n ** 63n) return value;
  throw new MalformedReply(`Value out of range for long: ${value}`);
}

/** The grow-only counter. */
export const gCounter: Workload = counter("g-counter", 0);

/** The counter that can also shrink. */
export const pnCounter: Workload = counter("pn-counter", -5);
