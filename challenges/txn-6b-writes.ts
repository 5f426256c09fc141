/**
 * Challenge 6b, variant: every write replicated by itself. https://fly.io/dist-sys/6b
 *
 * Algorithm: as in txn-6b, every node runs transactions on its own copy, and per key the highest
 * Lamport stamp wins. But there are no links and no batches: each write goes to each peer at once
 * in a request of its own, and is kept until that version is acknowledged. A timer resends what is
 * overdue, in one request, and more rarely while the peer is silent.
 *
 * Guarantees: all writes of a transaction have one stamp, so the versions of all keys follow one
 * order (no G0). Copies become equal within a second and four hops of a heal: equal times are
 * ordered by node, the clock jumps past what it receives, and an acknowledgement names a version,
 * so it does not stop the resends of a newer one. Every transaction commits, whatever is cut. A
 * node that starts asks its peers for all that they have, and waits for that before it answers, for
 * a second at most. So a node that lost its memory recovers what it had told another, which may be
 * only a part of a transaction. Not prevented: a write may be seen while another write of its
 * transaction is still on its way (fractured reads), and what follows from that.
 *
 * Costs: 2 (n - 1) messages per write, S = 2.5 for two nodes (a transaction of the workload changes
 * at most 1.25 keys on average); in return writes are everywhere after one hop. Overdue writes cost
 * one more request per peer and 100 ms. Memory is bounded by the changes that some peer has not
 * acknowledged; of a register, only the last.
 */
import { Recall, recallProtocol, refusal } from "../lib/gossip/recall.ts";
import { program, run } from "../lib/maelstrom.ts";
import {
  amongNodes,
  array,
  natural,
  rpc,
  txnProtocol,
} from "../lib/protocols.ts";
import { Patience } from "../lib/services/patience.ts";
import {
  type Entry,
  entry,
  StampedStore,
} from "../lib/stores/stamped-store.ts";

/** How long a peer may take to acknowledge a write before it is sent again; all in milliseconds. */
const PATIENCE_MS = 200;
/** How long it may take at most, if the peer is silent: longer sends less in vain, and converges later after a cut. */
const PATIENCE_CAP_MS = 400;
/** The time between two looks for overdue writes. */
const LOOK_MS = 100;
/** How many writes a try to reach a silent peer holds at most; the others wait until it answers. */
const PROBE = 20;
/** How late an acknowledgement may be and still count. */
const TIMEOUT_MS = 5_000;

/** Another node, as this one sees it. */
class Peer {
  /** The writes that it has yet to acknowledge, and when each is overdue. */
  readonly pending = new Map<Entry, number>();
  patienceMs = PATIENCE_MS;
  isSilent = false;
  /** When to try a silent one again. */
  tryAt = 0;
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

const protocol = {
  ...txnProtocol,
  ...recallProtocol(entry),
  ...amongNodes({
    replicate: rpc({ entries: array(entry), life: natural }, {}),
  }),
};

/** A convergent replica. */
const txn6bWrites = program(protocol, (node) => {
  const store = new StampedStore(node);
  const peers = node.peers.map((id) => new Peer(id));
  const recall = new Recall<Entry>(node, {
    patience: new Patience(node, { capMs: PATIENCE_CAP_MS }),
    all: () => store.beyond(),
    take(known) {
      const { own = [], others = [] } = Object.groupBy(
        known,
        (entry) => store.isOwn(entry.node) ? "own" : "others",
      );
      for (const entry of others) store.insert(entry);
      // Writes of this node's earlier lives may have reached only some nodes.
      replicate(own);
    },
  });
  const { life, catchUp } = recall;
  recall.from(node.peers);

  node.on("txn", (request) =>
    catchUp.run(() => {
      const { txn, changes } = store.run(request.txn);
      if (changes.length > 0) {
        const stamp = store.stamp(life.nameOf(node.id));
        for (const change of changes) replicate([{ ...stamp, change }]);
      }
      return { txn };
    }));

  node.on("replicate", ({ entries, life: theirs }, src) => {
    if (!recall.accepts(src, theirs)) throw refusal();
    for (const entry of entries) store.insert(entry);
    return {};
  });

  /** Applies this node's own writes, and sends them to each peer in one request. */
  function replicate(entries: Entry[]): void {
    const news: Entry[] = [], dead: Entry[] = [];
    for (const entry of entries) {
      const replaced = store.insert(entry);
      if (replaced === null) continue;
      news.push(entry);
      for (const old of replaced) dead.push(old);
    }
    if (news.length === 0) return;
    for (const peer of peers) {
      for (const old of dead) peer.pending.delete(old);
      for (const entry of news) {
        peer.pending.set(entry, node.now() + peer.patienceMs);
      }
      if (!peer.isSilent) send(peer, news);
    }
  }

  async function send(peer: Peer, entries: Entry[]): Promise<void> {
    const due = node.now() + peer.patienceMs;
    for (const entry of entries) peer.pending.set(entry, due);
    try {
      const options = { timeoutMs: TIMEOUT_MS };
      const request = { entries, life: life.stamp };
      await node.rpc(peer.id, "replicate", request, options);
    } catch {
      return; // the timer sends it again
    }
    for (const entry of entries) peer.pending.delete(entry);
    peer.patienceMs = PATIENCE_MS;
    if (!peer.isSilent) return;
    peer.isSilent = false;
    if (peer.pending.size > 0) send(peer, [...peer.pending.keys()]);
  }

  node.every(LOOK_MS, () => {
    const now = node.now();
    for (const peer of peers) {
      if (peer.isSilent && now < peer.tryAt) continue;
      const overdue: Entry[] = [];
      for (const [entry, due] of peer.pending) {
        if (due > now || overdue.length === PROBE) break;
        overdue.push(entry);
      }
      if (overdue.length === 0) continue;
      peer.isSilent = true;
      peer.patienceMs = Math.min(2 * peer.patienceMs, PATIENCE_CAP_MS);
      peer.tryAt = now + peer.patienceMs;
      send(peer, overdue);
    }
  });
});

export default txn6bWrites;

if (import.meta.main) await run(txn6bWrites);
