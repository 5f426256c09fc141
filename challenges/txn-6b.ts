/**
 * Challenge 6b: totally available, read-uncommitted transactions. https://fly.io/dist-sys/6b
 *
 * Algorithm: every node runs transactions on its own copy of the database, at once, and
 * stamps those that change something with a Lamport clock and its name. What they change
 * goes to every peer by reliable links: in batches, each change until it is acknowledged.
 * Per key the highest stamp wins, on every copy.
 *
 * Guarantees: no dirty writes (G0), since the versions of all keys follow one order, that
 * of stamps; no aborted, intermediate or circular reads either (G1), since nothing aborts,
 * links carry whole transactions, and what is read is stamped lower than what is written.
 * Copies that have had the same transactions are equal, and all have had all of them within
 * a second after a cut. Every transaction commits, whoever is cut off. Not prevented: lost
 * updates, write skew; and with three nodes or more, a write may be seen before one that it
 * follows (txn-6c.ts prevents that). A killed node loses what it has not sent.
 *
 * Costs: n nodes send at most n (n - 1) batches per 100 ms, acknowledgements included, and
 * none once all is acknowledged: S <= 20 / rate for two nodes. A transaction is everywhere
 * within 100 ms and a hop. Memory and messages hold what is unacknowledged.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { program, run } from "../lib/maelstrom.ts";
import { StampedStore } from "../lib/stores/stamped-store.ts";
import { change, execute } from "../lib/stores/transactions.ts";
import { txnProtocol } from "../lib/protocols.ts";
import { array, natural, object, type TypeOf } from "../lib/schema.ts";

/** Between batches: longer saves messages, shorter shows writes sooner. */
const FLUSH_MS = 100;

/** Between tries to reach a silent peer, at most: shorter sends more in vain, longer converges later. */
const LIMIT_MS = 400;

/** What a transaction changed, on its way to a peer. */
const committed = object({ time: natural, changes: array(change) });

type Committed = TypeOf<typeof committed>;

const protocol = { ...txnProtocol, ...linksProtocol(committed) };

/** A convergent replica. */
const txn6b = program(protocol, (node) => {
  const store = new StampedStore();
  let clock = 0;

  function apply({ time, changes }: Committed, origin: string): void {
    clock = Math.max(clock, time);
    for (const change of changes) store.insert({ time, node: origin, change });
  }

  const links = new Links<Committed>(node, (items, src) => {
    for (const item of items) apply(item, src);
  }, { limitMs: LIMIT_MS });

  node.on("txn", (request) => {
    const { txn, changes } = execute(request.txn, (key) => store.read(key));
    if (changes.length > 0) {
      const committed = { time: clock + 1, changes };
      apply(committed, node.id);
      links.push(committed);
    }
    return { txn };
  });

  node.every(FLUSH_MS, () => links.flush());
});

export default txn6b;

if (import.meta.main) await run(txn6b);
