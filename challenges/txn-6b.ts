/**
 * Challenge 6b: totally available, read-uncommitted transactions. https://fly.io/dist-sys/6b
 *
 * Algorithm: every node runs transactions on its own copy of the database, at once, and stamps
 * those that change something with a Lamport clock and its name. Changes go to every peer over
 * reliable links, in batches, until acknowledged. Per key the highest stamp wins, on every copy.
 *
 * Guarantees: no dirty writes (G0): the versions of all keys follow one order, that of stamps. No
 * aborted, intermediate or circular reads (G1): nothing aborts, links carry whole transactions, and
 * a transaction's stamp is higher than those of what it has read. Copies that have had the same
 * transactions are equal, and all have had all transactions within a second and four hops of a
 * heal, or of the last message that came late. Every transaction commits, whatever is cut. Not
 * prevented: lost updates and write skew; with three nodes or more, a write may be seen before one
 * that it follows (txn-6c prevents that). A node that lost its memory recovers what it had told
 * another node. It waits for that when it starts, for a second at most: if all others are cut off,
 * it answers from what it has until the heal.
 *
 * Costs: n nodes send at most n (n - 1) batches per 100 ms, acknowledgements included, and none
 * once all is acknowledged: S <= 20 / rate for two nodes. A transaction is everywhere within 100 ms
 * and a hop. Memory and messages hold what is unacknowledged.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { program, run } from "../lib/maelstrom.ts";
import { txnProtocol } from "../lib/protocols.ts";
import {
  StampedStore,
  type Transaction,
  transaction,
} from "../lib/stores/stamped-store.ts";

/** The time between batches, in milliseconds: longer saves messages, shorter shows writes sooner. */
const FLUSH_MS = 100;

/**
 * The longest pause between two tries to reach a silent peer, in milliseconds: a shorter one sends
 * more in vain, a longer one converges later.
 */
const LIMIT_MS = 400;

const protocol = { ...txnProtocol, ...linksProtocol(transaction) };

/** A convergent replica. */
const txn6b = program(protocol, (node) => {
  const store = new StampedStore(node);
  const links = new Links<Transaction>(node, {
    deliver(transactions) {
      for (const transaction of transactions) {
        // Transactions of this node's earlier lives may have reached only some nodes.
        const isNews = store.apply(transaction);
        if (isNews && store.isOwn(transaction.node)) links.push(transaction);
      }
    },
    all: () => store.transactions(),
    // No node sees another's later write before an earlier one, so sessions do not go back.
    inOrder: true,
    flushMs: FLUSH_MS,
    capMs: LIMIT_MS,
  });

  node.on("txn", (request) =>
    links.catchUp.run(() => {
      const { txn, changes } = store.run(request.txn);
      if (changes.length > 0) {
        const stamp = store.stamp(links.life.nameOf(node.id));
        const transaction = { ...stamp, changes };
        store.apply(transaction);
        links.push(transaction);
      }
      return { txn };
    }));

  node.every(FLUSH_MS, () => links.flush());
});

export default txn6b;

if (import.meta.main) await run(txn6b);
