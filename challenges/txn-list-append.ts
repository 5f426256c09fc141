/**
 * txn-list-append: strictly serializable lists on lin-kv.
 *
 * Algorithm: that of txn-6-strict, which treats lists as it treats registers: a transaction runs on
 * the values under the root, and the root is swapped for the result.
 *
 * Guarantees: those of txn-6-strict: strict serializability, for any number of nodes, whatever is
 * lost, late, repeated or cut. Nodes keep only caches: killing one loses nothing.
 *
 * Costs: those of txn-6-strict, but with one client a node there are no batches to share them. On
 * the command S is 3.5, and 4.3 on a busy machine, where races take longer. With every change, a
 * list is written as a whole.
 */
import { program, run } from "../lib/maelstrom.ts";
import { txnProtocol } from "../lib/protocols.ts";
import txn6Strict from "./txn-6-strict.ts";

/** A node that keeps nothing but caches. */
const txnListAppend = program(txnProtocol, txn6Strict);

export default txnListAppend;

if (import.meta.main) await run(txnListAppend);
