/** Transactions over registers (txn-rw-register) and over lists (txn-list-append). */
import type { Op } from "../history/history.ts";
import { CLIENT_TIMEOUT_MS, numberFlag } from "./flags.ts";
import { any, arrayOf, either, literal, tuple } from "./schema.ts";
import { type MicroOp, transactions } from "./transactions.ts";
import type { FieldCheck } from "../world/client.ts";
import type { Invocation, Workload } from "./workload.ts";

/** How long replicas may take to become equal after everything has healed, in milliseconds. */
const CONVERGENCE_MS = 1_000;

/** How many keys each of the last transactions reads. */
const KEYS_PER_READ = 100;

/**
 * All operations are `txn`, with reads and writes. The value of a completed operation is the
 * transaction as the node returned it; whether that matches the request is not checked here.
 */
function txn(name: string, write: "w" | "append", read: FieldCheck): Workload {
  const reply = {
    txn: arrayOf(either(
      tuple(literal("r"), any, read),
      tuple(literal(write), any, any),
    )),
  };
  return {
    name,
    idempotent: new Set(),
    handlesErrors: true,
    reusesClient: true,
    timeoutMs: () => CLIENT_TIMEOUT_MS,
    generator({ random, options }) {
      const next = transactions(random, write, {
        keyCount: numberFlag(options, "key-count", 10),
        maxLength: numberFlag(options, "max-txn-length", 4),
        maxWritesPerKey: numberFlag(options, "max-writes-per-key", 16),
      });
      return { next: () => ({ f: "txn", value: next() }) };
    },
    aftermath: readAllAfterwards,
    openClient: () => ({
      async invoke(op, rpc) {
        return (await rpc({ type: "txn", txn: op.value }, reply)).txn ?? [];
      },
    }),
  };
}

/** Transactions of moderate size that together read every key of the history. */
function readAllAfterwards(
  history: readonly Op[],
): { settleMs: number; invocations: Invocation[] } {
  const keys = new Set<number>();
  for (const { type, f, value } of history) {
    if (type !== "invoke" || f !== "txn") continue;
    for (const [, key] of value as MicroOp[]) keys.add(key);
  }
  const reads = [...keys].sort((a, b) => a - b)
    .map((key): MicroOp => ["r", key, null]);
  const invocations: Invocation[] = [];
  for (let at = 0; at < reads.length; at += KEYS_PER_READ) {
    const value = reads.slice(at, at + KEYS_PER_READ);
    invocations.push({ f: "txn", value });
  }
  return { settleMs: CONVERGENCE_MS, invocations };
}

/** Registers: a write replaces the value. */
export const txnRwRegister: Workload = txn("txn-rw-register", "w", any);

/** Lists: a write appends one element, a read returns the list, or null for an empty one. */
export const txnListAppend: Workload = txn(
  "txn-list-append",
  "append",
  arrayOf(any),
);
