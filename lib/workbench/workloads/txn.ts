/** Transactions over registers (txn-rw-register) and over lists (txn-list-append). */
import type { Op } from "../history.ts";
import type { Json, Op } from "../history.ts";
import { CLIENT_TIMEOUT_MS, numberFlag } from "./flags.ts";
import { any, arrayOf, either, literal, tuple } from "./schema.ts";
import { type MicroOp, transactions } from "./transactions.ts";
import type { FieldCheck, Invocation, Workload } from "./workload.ts";

/** How long replicas have to become equal once everything has healed, in milliseconds. */
const CONVERGENCE_MS = 1_000;

/** How many keys one of the last transactions reads. */
const KEYS_PER_READ = 100;

/**
 * `txn` of reads and writes. The value of a completed operation is the transaction as
 * the node gave it back; that it is the one asked for is not checked here.
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
    aftermath: (history) => ({
      settleMs: CONVERGENCE_MS,
      invocations: readsOf(keysIn(history)),
    }),
    openClient: () => ({
      async invoke(op, rpc) {
        return (await rpc({ type: "txn", txn: op.value }, reply)).txn ?? [];
      },
    }),
  };
}

/** One transaction on every node that reads all keys, 1 s after the last fault. */
function readAllAfterwards(history: readonly Op[]) {
  const keys = new Set<number>();
  for (const { type, value } of history) {
    if (type !== "invoke") continue;
    for (const [, key] of value as MicroOp[]) keys.add(key);
  }
  const reads = [...keys].sort((a, b) => a - b)
    .map((key): MicroOp => ["r", key, null]);
  return { settleMs: 1000, invocations: [{ f: "txn", value: reads }] };
}

/** Every key of which a transaction was asked. */
function keysIn(history: readonly Op[]): Set<Json> {
  const keys = new Set<Json>();
  for (const { type, f, value } of history) {
    if (type !== "invoke" || f !== "txn" || !Array.isArray(value)) continue;
    for (const step of value) keys.add((step as Json[])[1] ?? null);
  }
  return keys;
}

/** Transactions of moderate size that together read all of these keys. */
function readsOf(keys: ReadonlySet<Json>): Invocation[] {
  const reads = [...keys].map((key): Json => ["r", key, null]);
  return Array.from(
    { length: Math.ceil(reads.length / KEYS_PER_READ) },
    (_, i) => ({
      f: "txn",
      value: reads.slice(i * KEYS_PER_READ, (i + 1) * KEYS_PER_READ),
    }),
  );
}

/** Registers: a write replaces the value. */
export const txnRwRegister: Workload = txn("txn-rw-register", "w", any);

/** Lists: a write appends one element, a read gives the list or null for an empty one. */
export const txnListAppend: Workload = txn(
  "txn-list-append",
  "append",
  arrayOf(any),
);
