/** Counters: numbers are added at any node, and every node reads their sum. */
import { CLIENT_TIMEOUT_MS } from "./flags.ts";
import { finalReads, readsAfterwards } from "./final-reads.ts";
import type { Integer } from "../history/json.ts";
import { MalformedReply } from "../world/client.ts";
import { integer } from "./schema.ts";
import type { Workload } from "./workload.ts";

/**
 * Half `add` of -5 .. 4, half `read`; finally one read by every worker. The grow-only counter
 * redraws negative adds, so it reads twice for every add.
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

/** Maelstrom's client keeps a counter in 64 bits, and cannot read a larger one. */
function long(value: Integer): Integer {
  if (-(2n ** 63n) <= value && value < 2n ** 63n) return value;
  throw new MalformedReply(`Value out of range for long: ${value}`);
}

/** The grow-only counter. */
export const gCounter: Workload = counter("g-counter", 0);

/** The counter that can also shrink. */
export const pnCounter: Workload = counter("pn-counter", -5);
