/**
 * Challenge 6c, variant: whole transactions, staged and merged. https://fly.io/dist-sys/6c
 *
 * Algorithm: a transaction runs on a scratch store over its node's copy of the database,
 * where it sees its own writes, and is merged into the copy in one step. Then it goes to
 * every peer as a whole, by reliable links, with a Lamport stamp and a vector that says
 * how many transactions of each node it follows. A peer keeps it staged until it has merged
 * those, then merges it in one step too. Per key the highest stamp wins. This is causal
 * broadcast (Birman, Schiper and Stephenson, "Lightweight Causal and Atomic Group
 * Multicast", 1991), where txn-6c.ts sends states instead of operations.
 *
 * Guarantees: those of txn-6c.ts. A copy always holds whole transactions, and with each all
 * that it follows: links keep the order of each origin, the vectors keep it across origins. Hence
 * atomic visibility, and at each node its own writes, monotonic reads and writes, writes after what
 * they follow. Copies are equal within a second after a cut. Every transaction commits.
 *
 * Costs: n nodes send at most n (n - 1) batches per 100 ms, none once all is acknowledged:
 * S <= 20 / rate for two nodes. Every transaction crosses to every node once, also one that is
 * written over at once; each carries n numbers. Memory holds what is unacknowledged, and what
 * is staged: bounded by what the slowest link has yet to bring.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { program, run } from "../lib/maelstrom.ts";
import { StampedStore } from "../lib/stores/stamped-store.ts";
import { change, execute } from "../lib/stores/transactions.ts";
import { txnProtocol } from "../lib/protocols.ts";
import {
  array,
  dict,
  dictOf,
  entriesOf,
  natural,
  object,
  type TypeOf,
} from "../lib/schema.ts";

/** Between batches: longer saves messages, shorter shows writes sooner. */
const FLUSH_MS = 100;

/** Between tries to reach a silent peer, at most: shorter sends more in vain, longer converges later. */
const LIMIT_MS = 400;

/** A transaction that has committed somewhere. */
const committed = object({
  time: natural,
  changes: array(change),
  /** By node, how many of its transactions come before this one. */
  after: dict(natural),
});

type Committed = TypeOf<typeof committed>;

const protocol = { ...txnProtocol, ...linksProtocol(committed) };

/** A causally consistent replica. */
const txn6cStaged = program(protocol, (node) => {
  const store = new StampedStore();
  /** What has arrived and cannot be merged yet, by origin, in order. */
  const staged = new Map<string, Committed[]>(
    node.peers.map((id) => [id, []]),
  );
  /** By origin, how many transactions have been merged. */
  const merged = new Map<string, number>();
  let clock = 0;

  function merge({ time, changes }: Committed, origin: string): void {
    clock = Math.max(clock, time);
    for (const change of changes) store.insert({ time, node: origin, change });
    merged.set(origin, (merged.get(origin) ?? 0) + 1);
  }

  const isReady = ({ after }: Committed) =>
    entriesOf(after).every(([id, count]) => (merged.get(id) ?? 0) >= count);

  const nextReady = () =>
    [...staged].find(([, [first]]) => first !== undefined && isReady(first));

  function mergeStaged(): void {
    for (let next = nextReady(); next; next = nextReady()) {
      const [origin, queue] = next;
      merge(queue.shift()!, origin);
    }
  }

  const links = new Links<Committed>(node, (items, src) => {
    staged.get(src)?.push(...items);
    mergeStaged();
  }, { limitMs: LIMIT_MS });

  node.on("txn", (request) => {
    const { txn, changes } = execute(request.txn, (key) => store.read(key));
    if (changes.length > 0) {
      const committed = { time: clock + 1, changes, after: dictOf(merged) };
      merge(committed, node.id);
      links.push(committed);
    }
    return { txn };
  });

  node.every(FLUSH_MS, () => links.flush());
});

export default txn6cStaged;

if (import.meta.main) await run(txn6cStaged);
