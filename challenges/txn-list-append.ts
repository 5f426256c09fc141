/**
 * txn-list-append: strictly serializable lists on lin-kv.
 *
 * Algorithm: that of txn-6-strict, which treats lists as it treats registers: a transaction
 * is run on the values under the root, whatever its steps do to them, and the root is
 * swapped for what results.
 *
 * Guarantees: those of txn-6-strict: strict serializability, for any number of nodes,
 * whatever is lost, late, repeated or cut; nodes keep only caches, so that killing one loses
 * nothing.
 *
 * Costs: those of txn-6-strict: 2 messages for a batch that only reads, 4 for one that
 * writes, 4 more for each lost race, and more for keys that are not in the root: S is 4.1 on
 * the command. A list is written whole with every change of it.
 */
import { program, run } from "../lib/maelstrom.ts";
import { txnProtocol } from "../lib/protocols.ts";
import txn6Strict from "./txn-6-strict.ts";

/** A node that keeps nothing but caches. */
const txnListAppend = program(txnProtocol, txn6Strict);

export default txnListAppend;

if (import.meta.main) await run(txnListAppend);
