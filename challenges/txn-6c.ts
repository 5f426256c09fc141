/**
 * Challenge 6c: totally available, read-committed transactions. https://fly.io/dist-sys/6c
 * It gives transactional causal consistency, the strongest totally available level.
 *
 * Algorithm: every node runs transactions on its own copy of the database, at once. Those that
 * change something get a Lamport stamp; per key the highest stamp wins. Copies are kept equal by
 * anti-entropy: a vector, `have`, says for each life of each node up to which time its transactions
 * are known. A message brings everything that its sender has beyond a vector `since`; a receiver
 * whose `have` does not cover `since` ignores it. `have` is also the acknowledgement. As a message
 * carries third nodes' transactions, too, and no overwritten values, a node sends to one peer a
 * tick. Links (txn-6b) would cost five nodes four times the messages, and twice the bytes.
 *
 * Guarantees: let V be the transactions that a node's `have` covers. 1. Its copy is what V's
 * transactions make in the order of their stamps. 2. V holds the causal past of its members. So
 * visibility is atomic, copies with equal V are equal, and clients of one node read their own
 * writes, read and write monotonically, and write after what they read. Every transaction commits,
 * whatever is cut. A node that lost its memory recovers what it had told another; when it starts,
 * it waits at most a second for that. Not prevented: lost updates, write skew, stale reads.
 *
 * Costs: n nodes send at most n messages per 110 ms (more than 5 nodes: every pair one per 440 ms),
 * none once all is known: S is about 18.2 / rate for two nodes, 46 for five. A transaction is
 * everywhere within one round (110 ms for two nodes) and a hop; after a heal within 440 ms and two
 * hops, or a round and two hops more if one direction was cut. A silent peer is sent no
 * transactions. Vectors keep every life that has written, each at 66 bytes a message, for good.
 */
import { CatchUp, Life } from "../lib/gossip/life.ts";
import { program, run } from "../lib/maelstrom.ts";
import {
  amongNodes,
  array,
  boolean,
  dict,
  dictOf,
  entriesOf,
  message,
  natural,
  txnProtocol,
} from "../lib/protocols.ts";
import { Peer } from "../lib/stores/anti-entropy.ts";
import {
  covers,
  entry,
  join,
  StampedStore,
  type Vector,
} from "../lib/stores/stamped-store.ts";

/** The time between a node's messages, each to one peer, in ms: longer saves messages, shorter shows writes sooner. */
const TICK_MS = 110;

/** The time within which every peer has a turn, in ms, if there are many: it bounds how late a write is seen. */
const ROUND_MS = 440;

/**
 * After this silence, in ms, a message is taken for lost: answers take less, so nothing is sent
 * twice. The time grows while a peer is silent; with a round, it must stay below the second within
 * which copies must be equal after a heal.
 */
const PATIENCE = { leastMs: 220, mostMs: 440 };

/** By life of each node, the time up to which its transactions are known. */
const vector = dict(natural);

const protocol = {
  ...txnProtocol,
  ...amongNodes({
    gossip: message({
      /** The lives of the sender and, as it knows it, the receiver; whether this wants an answer, and is one. */
      me: natural,
      you: natural,
      asks: boolean,
      answers: boolean,
      /** A receiver whose transactions cover `since` has, with these entries, all that `have` covers. */
      since: vector,
      have: vector,
      entries: array(entry),
    }),
  }),
};

/** A causally consistent replica. */
const txn6c = program(protocol, (node) => {
  const store = new StampedStore(node);
  const life = new Life(node);
  const have: Vector = new Map();
  const peers = new Map(node.peers.map((id) => [id, new Peer(PATIENCE)]));
  const isBack = () => [...peers.values()].every(({ hasTold }) => hasTold);
  const catchUp = new CatchUp(node, isBack);

  node.on("txn", (request) =>
    catchUp.run(() => {
      const { txn, changes } = store.run(request.txn);
      if (changes.length > 0) {
        const stamp = store.stamp(life.nameOf(node.id));
        store.apply({ ...stamp, changes });
        have.set(stamp.node, stamp.time);
      }
      return { txn };
    }));

  node.on("gossip", (gossip, src) => {
    const { me, you, asks, answers, since, have: told, entries } = gossip;
    life.raise(you);
    const peer = peerOf(src, me);
    if (peer === undefined) return;
    const isForMe = you === life.stamp;
    const theirs: Vector = new Map(entriesOf(told));
    peer.isOwed ||= asks || entries.length > 0 || !isForMe;
    if (me < life.latest(src)) return; // an earlier life, or a clock that was set back
    if (covers(have, new Map(entriesOf(since)))) {
      for (const entry of entries) store.insert(entry);
      join(have, theirs);
      for (const time of theirs.values()) store.see(time);
      peer.hasTold ||= isForMe;
      catchUp.look();
    }
    if (isForMe) peer.acknowledge(theirs, answers, node.now());
  });

  /** The peer that has spoken; if it is in a new life, nothing is known of what that life has. */
  function peerOf(id: string, itsLife: number): Peer | undefined {
    const peer = peers.get(id);
    const meeting = life.meet(id, itsLife);
    if (peer === undefined || meeting === "known" || meeting === "over") {
      return peer;
    }
    const next = new Peer(PATIENCE);
    next.hasTold = peer.hasTold;
    peers.set(id, next);
    return next;
  }

  /** Sends a peer what it lacks, an answer that it waits for, or a question; returns whether it did. */
  function serve(id: string): boolean {
    const peer = peers.get(id)!;
    peer.expire(node.now());
    const asks = peer.mustBeAsked;
    const entries = peer.isSilent ? [] : store.beyond(peer.sent);
    const isNews = entries.length > 0;
    if (!isNews && !peer.isOwed && !asks) return false;
    node.send(id, "gossip", {
      me: life.stamp,
      you: life.latest(id),
      asks,
      answers: peer.isOwed,
      // Without entries, a message only acknowledges, and must not claim to bring the receiver more.
      since: dictOf(isNews ? peer.sent : have),
      have: dictOf(have),
      entries,
    });
    peer.noteSent(isNews ? have : null, asks, node.now());
    return true;
  }

  let turn = 0;
  node.every(Math.min(TICK_MS, ROUND_MS / node.peers.length), () => {
    for (let tried = 0; tried < node.peers.length; tried++) {
      if (serve(node.peers[turn++ % node.peers.length]!)) return;
    }
  });
});

export default txn6c;

if (import.meta.main) await run(txn6c);
