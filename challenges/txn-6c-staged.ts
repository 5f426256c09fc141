/**
 * Challenge 6c, variant: whole transactions, staged and merged. https://fly.io/dist-sys/6c
 *
 * Algorithm: a transaction runs on a scratch copy over its node's database, where it sees its own
 * writes, and is merged in one step. Then it goes to every peer as a whole, over reliable links,
 * with a Lamport stamp and a vector that says how many transactions of each node it follows. A peer
 * keeps it staged until it has merged those, then merges it in one step, too. Per key the highest
 * stamp wins. This is causal broadcast (Birman, Schiper and Stephenson, "Lightweight Causal and
 * Atomic Group Multicast", 1991): it sends operations where txn-6c sends states.
 *
 * Guarantees: those of txn-6c. A copy always holds whole transactions, and with each of them all
 * that it follows: links keep the order of each origin, vectors keep the order across origins.
 * Hence atomic visibility and, at each node, read your writes, monotonic reads and writes, and
 * writes follow reads. Copies are equal within a second and four hops of a heal, or of the last
 * message that came late. Every transaction commits.
 *
 * Costs: n nodes send at most n (n - 1) batches per 100 ms, none once all is acknowledged:
 * S <= 20 / rate for two nodes. Every transaction crosses to every node once, even one that is
 * overwritten at once; each carries n numbers, and one more, of about 20 bytes, for each earlier
 * life that has written. Memory holds what is unacknowledged and what is staged, which is no more
 * than the slowest link has yet to bring.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { program, run } from "../lib/maelstrom.ts";
import {
  array,
  dict,
  dictOf,
  either,
  entriesOf,
  natural,
  object,
  txnProtocol,
  type TypeOf,
} from "../lib/protocols.ts";
import {
  entry,
  StampedStore,
  transaction,
} from "../lib/stores/stamped-store.ts";

/** The time between batches, in milliseconds: longer saves messages, shorter shows writes sooner. */
const FLUSH_MS = 100;

/**
 * The longest pause between two tries to reach a silent peer, in milliseconds: a shorter one sends
 * more in vain, a longer one converges later.
 */
const LIMIT_MS = 400;

/** By origin, which is a life of a node, how many of its transactions. */
const counts = dict(natural);

/** A transaction that has committed somewhere, and how many of each origin it follows. */
const committed = object({ transaction, after: counts });

/** All that a copy holds: sent to a node that has lost its memory, and by it once it got something back. */
const whole = object({ entries: array(entry), merged: counts });

const item = either(committed, whole);

const protocol = { ...txnProtocol, ...linksProtocol(item) };

/** A causally consistent replica. */
const txn6cStaged = program(protocol, (node) => {
  const store = new StampedStore(node);
  /** What has arrived and cannot be merged yet, by origin, in order. */
  const staged = new Map<string, TypeOf<typeof committed>[]>();
  /** By origin, how many transactions have been merged. */
  const merged = new Map<string, number>();
  const mergedOf = (origin: string) => merged.get(origin) ?? 0;

  const links = new Links<TypeOf<typeof item>>(node, {
    deliver(items) {
      for (const item of items) {
        if ("after" in item) stage(item);
        else mergeWhole(item);
      }
      mergeStaged();
    },
    // Staged transactions may be known only here, so a node that lost its memory needs them as well.
    all: () => [all(), ...[...staged.values()].flat()],
    inOrder: true,
    flushMs: FLUSH_MS,
    capMs: LIMIT_MS,
  });

  const all = () => ({
    entries: store.beyond(),
    merged: dictOf(merged),
  });

  function stage(item: TypeOf<typeof committed>): void {
    const { node: origin } = item.transaction;
    const queue = staged.get(origin);
    if (queue === undefined) staged.set(origin, [item]);
    else queue.push(item);
  }

  function merge({ transaction }: TypeOf<typeof committed>): void {
    store.apply(transaction);
    merged.set(transaction.node, mergedOf(transaction.node) + 1);
  }

  function mergeStaged(): void {
    const isReady = ({ after }: TypeOf<typeof committed>) =>
      entriesOf(after).every(([origin, count]) => mergedOf(origin) >= count);
    const nextReady = () =>
      [...staged.values()].find(([first]) =>
        first !== undefined && isReady(first)
      );
    for (let queue = nextReady(); queue; queue = nextReady()) {
      const first = queue.shift()!;
      const { node } = first.transaction;
      const place = new Map(entriesOf(first.after)).get(node) ?? 0;
      if (place === mergedOf(node)) merge(first); // else it came with a whole
    }
  }

  /**
   * Merges another copy. This node's transactions from earlier lives may have reached only some
   * nodes.
   */
  function mergeWhole(
    { entries, merged: theirs }: TypeOf<typeof whole>,
  ): void {
    for (const entry of entries) store.insert(entry);
    const news = entriesOf(theirs)
      .filter(([origin, count]) => count > mergedOf(origin));
    for (const [origin, count] of news) merged.set(origin, count);
    if (news.some(([origin]) => store.isOwn(origin))) links.push(all());
  }

  node.on("txn", (request) =>
    links.catchUp.run(() => {
      const { txn, changes } = store.run(request.txn);
      if (changes.length > 0) {
        const stamp = store.stamp(links.life.nameOf(node.id));
        const transaction = { ...stamp, changes };
        const committed = { transaction, after: dictOf(merged) };
        merge(committed);
        links.push(committed);
      }
      return { txn };
    }));

  node.every(FLUSH_MS, () => links.flush());
});

export default txn6cStaged;

if (import.meta.main) await run(txn6cStaged);
