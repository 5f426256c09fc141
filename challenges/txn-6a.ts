/**
 * Challenge 6a: totally available transactions on one node. https://fly.io/dist-sys/6a
 *
 * Algorithm: the database is a map. A transaction runs, and makes its changes, within one message
 * handler, which nothing interrupts.
 *
 * Guarantees: strict serializability: transactions happen one at a time, each between its request
 * and its reply. Every transaction commits. Nothing survives a restart, and a second node would
 * have a database of its own.
 *
 * Costs: one reply per request, no message between nodes (S = 0).
 */
import { program, run } from "../lib/maelstrom.ts";
import { executeOn } from "../lib/stores/transactions.ts";
import { type Json, type Key, txnProtocol } from "../lib/protocols.ts";

/** A database on one node. */
const txn6a = program(txnProtocol, (node) => {
  const database = new Map<Key, Json>();

  node.on("txn", (request) => {
    const { txn } = executeOn(database, request.txn);
    return { txn };
  });
});

export default txn6a;

if (import.meta.main) await run(txn6a);
