/**
 * Challenge 6b, variant: every write replicated by itself. https://fly.io/dist-sys/6b
 *
 * Algorithm: as txn-6b.ts, every node runs transactions on its own copy, and per key the
 * highest Lamport stamp wins. But there is no link and no batch: each write goes to each
 * peer at once in a request of its own, and is kept until that very version is
 * acknowledged. A timer, which needs no new traffic, sends again what is overdue, in one
 * request, and is more patient while the peer is silent.
 *
 * Guarantees: all writes of a transaction have one stamp, so the versions of all keys follow
 * one order (no G0); equal times are told apart by the node's name, the clock jumps over
 * what it receives, and an acknowledgement names a version, so a newer one is not forgotten:
 * copies become equal, within a second after a cut. Every transaction commits, whoever is
 * cut off. Not prevented: a write may be seen while another of its transaction is still on
 * its way (fractured reads), and what follows from that.
 *
 * Costs: 2 (n - 1) messages per write, S = 2.5 for two nodes (a transaction of the workload
 * changes 1.25 keys at most on average), in return for which writes are everywhere after one
 * hop. What is overdue costs one more request per peer and 100 ms. Memory is bounded by the
 * changes that some peer has not acknowledged; of a register, only the last.
 */
import { program, run } from "../lib/maelstrom.ts";
import {
  type Entry,
  entry,
  StampedStore,
} from "../lib/stores/stamped-store.ts";
import { execute } from "../lib/stores/transactions.ts";
import { txnProtocol } from "../lib/protocols.ts";
import { amongNodes, array, rpc } from "../lib/schema.ts";

/** How long a peer may take to acknowledge a write before it is sent again. */
const PATIENCE_MS = 200;
/** How far that grows while the peer is silent: longer sends less in vain, and converges later after a cut. */
const PATIENCE_CAP_MS = 400;
/** How often to look for what is overdue. */
const LOOK_MS = 100;

/** Another node, as this one sees it. */
class Peer {
  /** What it has yet to acknowledge, and when to send that again. */
  readonly pending = new Map<Entry, number>();
  patienceMs = PATIENCE_MS;

  constructor(readonly id: string) {}
}

const protocol = {
  ...txnProtocol,
  ...amongNodes({ replicate: rpc({ entries: array(entry) }, {}) }),
};

/** A convergent replica. */
const txn6bWrites = program(protocol, (node) => {
  const store = new StampedStore();
  const peers = node.peers.map((id) => new Peer(id));
  let clock = 0;

  node.on("txn", (request) => {
    const { txn, changes } = execute(request.txn, (key) => store.read(key));
    if (changes.length > 0) clock++;
    for (const change of changes) {
      const entry: Entry = { time: clock, node: node.id, change };
      const dead = store.insert(entry) ?? [];
      for (const peer of peers) {
        for (const old of dead) peer.pending.delete(old);
        send(peer, [entry]);
      }
    }
    return { txn };
  });

  node.on("replicate", ({ entries }) => {
    for (const entry of entries) {
      clock = Math.max(clock, entry.time);
      store.insert(entry);
    }
    return {};
  });

  function send(peer: Peer, entries: Entry[]): void {
    const due = node.now() + peer.patienceMs;
    for (const entry of entries) peer.pending.set(entry, due);
    const options = { timeoutMs: 2 * PATIENCE_CAP_MS };
    node.rpc(peer.id, "replicate", { entries }, options).then(() => {
      for (const entry of entries) peer.pending.delete(entry);
      peer.patienceMs = PATIENCE_MS;
    }, () => {/* The timer sends it again. */});
  }

  node.every(LOOK_MS, () => {
    for (const peer of peers) {
      const overdue = [...peer.pending].filter(([, due]) => due <= node.now());
      if (overdue.length === 0) continue;
      peer.patienceMs = Math.min(2 * peer.patienceMs, PATIENCE_CAP_MS);
      send(peer, overdue.map(([entry]) => entry));
    }
  });
});

export default txn6bWrites;

if (import.meta.main) await run(txn6bWrites);
