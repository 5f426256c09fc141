/**
 * Challenge 6c: totally available, read-committed transactions. https://fly.io/dist-sys/6c
 * This one gives transactional causal consistency, the strongest level that a totally
 * available store can have.
 *
 * Algorithm: every node holds the whole database and runs transactions on its own copy,
 * at once. A transaction that changes something gets a Lamport stamp; per key the highest
 * stamp wins. Nodes keep their copies equal by anti-entropy with version vectors: `have`
 * says, per origin, up to which time a node has that origin's transactions. A message
 * brings everything its sender has beyond `since`, a vector the receiver is thought to
 * cover; a receiver that does not cover it leaves the message. What a node has also tells
 * what need not be sent to it, so `have` is the acknowledgement, and rides on every message.
 *
 * Guarantees: let V be the set of transactions whose stamps a node's `have` covers.
 * 1. The node's copy is what V's transactions make in the order of their stamps: its own
 *    transactions are added whole, and a message adds all that its sender had and V lacked
 *    (changes that a later one made void are missing in both copies).
 * 2. V holds the causal past of each of its members. A new transaction has read V only;
 *    and a message makes of V the union of two such sets.
 * From 1, visibility is atomic and replicas with equal V are equal; from 2 and the growth of
 * V, all that is done at one node reads its own writes, reads and writes monotonically, and
 * writes follow reads. Stamps agree with causal order, so no write is undone by one it
 * has seen. Every transaction commits, whoever is cut off. Not prevented: lost updates, write skew,
 * stale reads. A killed node loses what it has not sent.
 *
 * Costs: n nodes send at most n messages per tick of 110 ms (more nodes than 5: every pair one
 * per 440 ms) under any load, and none once all is known everywhere: S <= 18.2 / rate for two
 * nodes, 45.5 / rate for five. A transaction is everywhere within one round (110 ms for two
 * nodes) and a hop; after a cut within 440 ms more. A message and what is kept for the
 * next are bounded by the changes that some node has not acknowledged and no later write made void.
 */
import { program, run } from "../lib/maelstrom.ts";
import {
  type Entry,
  entry,
  StampedStore,
} from "../lib/stores/stamped-store.ts";
import { execute } from "../lib/stores/transactions.ts";
import { txnProtocol } from "../lib/protocols.ts";
import {
  amongNodes,
  array,
  dict,
  dictOf,
  entriesOf,
  message,
  natural,
} from "../lib/schema.ts";

/** Between a node's messages, to one peer each: longer saves messages, shorter shows writes sooner. */
const TICK_MS = 110;
/** In which every peer has its turn at least once: bounds how late a write is seen in a large cluster. */
const ROUND_MS = 440;
/** After which silence is taken for a lost message. Longer than an answer takes, lest things are sent twice. */
const PATIENCE_MS = 220;
/** How far patience grows while a peer is silent: with a round it must stay below the second after a heal. */
const PATIENCE_CAP_MS = 440;

/** Per origin, the time up to which its transactions are had. */
type Vector = Map<string, number>;

const vector = dict(natural);

/** What a node knows about another. */
class Peer {
  /** What it has said that it has. */
  acked: Vector = new Map();
  /** What it has if nothing that was sent to it got lost. */
  sent: Vector = new Map();
  /** Whether it sent something that must be acknowledged. */
  owed = false;
  /** What it will say that it has when the first message has arrived that it has not acknowledged. */
  awaited: Vector = new Map();
  /** When to take that message for lost. */
  deadline = Infinity;
  patienceMs = PATIENCE_MS;

  constructor(readonly id: string) {}
}

const protocol = {
  ...txnProtocol,
  /** If you have `since`, then with these entries you have `have`, as I do. */
  ...amongNodes({
    gossip: message({ since: vector, have: vector, entries: array(entry) }),
  }),
};

/** A causally consistent replica. */
const txn6c = program(protocol, (node) => {
  const store = new StampedStore();
  const have: Vector = new Map();
  /** Entries that some peer may lack. */
  const recent = new Set<Entry>();
  const peers = node.peers.map((id) => new Peer(id));
  let clock = 0;

  node.on("txn", (request) => {
    const { txn, changes } = execute(request.txn, (key) => store.read(key));
    if (changes.length > 0) {
      have.set(node.id, ++clock);
      for (const change of changes) {
        insert({ time: clock, node: node.id, change });
      }
    }
    return { txn };
  });

  node.on("gossip", (message, src) => {
    const peer = peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    peer.owed ||= message.entries.length > 0;
    const theirs: Vector = new Map(entriesOf(message.have));
    if (covers(have, new Map(entriesOf(message.since)))) {
      message.entries.forEach(insert);
      join(have, theirs);
      clock = Math.max(clock, ...have.values());
    }
    acknowledge(peer, theirs);
  });

  function insert(entry: Entry): void {
    const dead = store.insert(entry);
    if (dead === null || peers.length === 0) return;
    for (const old of dead) recent.delete(old);
    recent.add(entry);
  }

  function acknowledge(peer: Peer, theirs: Vector): void {
    join(peer.acked, theirs);
    join(peer.sent, theirs);
    if (covers(peer.acked, peer.awaited)) {
      peer.patienceMs = PATIENCE_MS;
      peer.awaited = peer.sent;
      const all = covers(peer.acked, peer.sent);
      peer.deadline = all ? Infinity : node.now() + PATIENCE_MS;
    }
    for (const entry of recent) {
      if (peers.every(({ acked }) => has(acked, entry))) recent.delete(entry);
    }
  }

  /** Sends a peer what it lacks and is owed; says whether that was anything. */
  function serve(peer: Peer): boolean {
    const now = node.now();
    if (now >= peer.deadline) {
      peer.sent = new Map(peer.acked);
      peer.deadline = Infinity;
      peer.patienceMs = Math.min(2 * peer.patienceMs, PATIENCE_CAP_MS);
    }
    const waiting = peer.deadline < Infinity;
    const silent = waiting && peer.patienceMs > PATIENCE_MS;
    const entries = silent ? [] : [...recent].filter((e) => !has(peer.sent, e));
    if (entries.length === 0 && !peer.owed) return false;
    // Without entries, a message is an acknowledgement that claims to bring nothing.
    const since = entries.length > 0 ? peer.sent : have;
    node.send(peer.id, "gossip", {
      since: dictOf(since),
      have: dictOf(have),
      entries,
    });
    peer.owed = false;
    if (entries.length > 0) {
      peer.sent = new Map(have);
      if (!waiting) {
        peer.awaited = peer.sent;
        peer.deadline = now + peer.patienceMs;
      }
    }
    return true;
  }

  if (peers.length === 0) return;
  let turn = 0;
  node.every(Math.min(TICK_MS, ROUND_MS / peers.length), () => {
    for (let tried = 0; tried < peers.length; tried++) {
      if (serve(peers[turn++ % peers.length]!)) return;
    }
  });
});

export default txn6c;

function has(vector: Vector, { node, time }: Entry): boolean {
  return (vector.get(node) ?? 0) >= time;
}

function covers(a: Vector, b: Vector): boolean {
  return [...b].every(([node, time]) => (a.get(node) ?? 0) >= time);
}

function join(into: Vector, from: Vector): void {
  for (const [node, time] of from) {
    into.set(node, Math.max(into.get(node) ?? 0, time));
  }
}

if (import.meta.main) await run(txn6c);
