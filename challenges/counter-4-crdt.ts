/**
 * Challenge 4, variant: a grow-only counter without a service. https://fly.io/dist-sys/4
 *
 * Algorithm: a state-based G-counter (Shapiro et al., "Conflict-free replicated data types"). Every
 * node keeps, for each life of each node, the sum of the adds made there; the counter is the sum of
 * all. States merge by taking the higher sum of each life. Once a period a node sends its state to
 * each neighbour that is not known to have all of it: with up to 5 nodes all are neighbours; with
 * more, the first node is the only neighbour of every other. A neighbour acknowledges by sending
 * its own state; if it has nothing new, it does so only when asked. A new life begins with a sum of
 * 0. Its neighbours lack this sum, so they are sent it, and so hear of the life.
 *
 * Guarantees: reads and adds are answered at once, whatever is cut. Without faults, and from a
 * second after a heal on, a read includes every add whose acknowledgement is older than a period,
 * any stall of the machine and the network's latency together (two of each by way of the first
 * node). Reads of one node never go backwards. With more than 5 nodes, a node that is cut off from
 * the first learns of no other node's adds. A killed node loses what no other node has; after its
 * return its reads wait for what its neighbours know, for a second at most.
 *
 * Costs: n nodes that all add send n (n - 1) messages per period of 300 ms: for 3 nodes 20
 * messages/s, so S = 20 / rate = 0.2 on the official command, plus a round of messages at its start
 * and end; counter-4 has 2.9. By way of the first node it is 2 (n - 1) per 160 ms: at rate 1000,
 * S <= 0.49 for 40 nodes and 1.24 for 100. Nodes with equal states send nothing. A silent neighbour
 * is sent the state every third period, and answered at once when it speaks. A message holds a
 * number for each life.
 */
import { treeNeighbours } from "../lib/gossip/neighbours.ts";
import { CatchUp, latestOf, Life } from "../lib/gossip/life.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import {
  amongNodes,
  amount,
  boolean,
  counterProtocol,
  dict,
  dictOf,
  entriesOf,
  type Integer,
  message,
  plus,
  rpc,
} from "../lib/protocols.ts";

/**
 * The time between two messages to one neighbour, in milliseconds, where all nodes are neighbours
 * and where only one is: longer saves messages, shorter shows other nodes' adds sooner.
 */
const PERIOD_MS = { mesh: 300, star: 160 };

/** Up to how many nodes all are neighbours: the number of messages grows with the square of it. */
const MESH = 5;

/**
 * How many periods in a row nothing is sent to a silent peer, at most: more save messages in a cut,
 * fewer bring it up to date sooner after the heal.
 */
const LONGEST_PAUSE = 2;

/** How many messages may go to a peer before it answers, if nothing is cut: two, if the first just missed its period. */
const TRIES = 2;

/** By life of a node, the sum of the adds made there. */
type Sums = Map<string, Integer>;

/** What a node knows of a neighbour. */
interface Peer {
  id: string;
  /** The last state it sent. */
  has: Sums;
  /** Whether it asked for an answer. */
  asks: boolean;
  /** How often it was sent what it lacks without an answer; below, for how many periods to send nothing. */
  tries: number;
  wait: number;
}

/** How nodes share sums. */
export const sumsProtocol = amongNodes({
  /** The sender's sums; `answer` asks for the receiver's, which the sender does not know to be as high. */
  merge: message({ sums: dict(amount), answer: boolean }),
});

/** What nodes that share sums say. */
export type SumsProtocol = ProtocolOf<typeof sumsProtocol>;

/** The part of a node that shares sums, whatever other messages its protocol has. */
type SumsNode = Pick<
  Node<SumsProtocol>,
  | ("id" | "ids" | "peers" | "on" | "send")
  | ("now" | "after" | "every" | "random" | "log")
>;

/**
 * A replica of sums that only grow, each of which belongs to one life of a node. Returns this life's
 * name, how to add to a sum, all sums, and what reads must wait for.
 */
export function sharedSums(node: SumsNode): {
  name(): string;
  add(name: string, delta: Integer): void;
  sums: ReadonlyMap<string, Integer>;
  catchUp: CatchUp;
} {
  const life = new Life(node);
  const name = () => life.nameOf(node.id);
  const sums: Sums = new Map();
  // A neighbour without this entry has not heard of this life.
  const begin = () => void sums.set(name(), 0);
  begin();
  life.onRaise(begin);
  const { ids } = node;
  const isMesh = ids.length <= MESH;
  const neighbours = isMesh ? node.peers : treeNeighbours(node, ids.length);
  const peers = neighbours.map((id): Peer => ({
    id,
    has: new Map(),
    asks: false,
    tries: 0,
    wait: 0,
  }));

  const isBack = () => peers.every(({ has }) => has.has(name()));
  const catchUp = new CatchUp(node, isBack);

  node.on("merge", ({ sums: wire, answer }, src) => {
    const peer = peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    const theirs = new Map(entriesOf(wire));
    life.raise(latestOf(node.id, theirs.keys()));
    life.meet(src, latestOf(src, theirs.keys()));
    join(sums, theirs);
    // Replaced, not merged: after a restart, the peer has less than before.
    peer.has = theirs;
    peer.asks ||= answer;
    const wasSilent = peer.tries > TRIES;
    peer.tries = peer.wait = 0;
    // The peer was cut off; or it is starting, perhaps without its memory, and its reads wait.
    if (answer && (wasSilent || !theirs.has(name()))) tell(peer);
    catchUp.look();
  });

  node.every(isMesh ? PERIOD_MS.mesh : PERIOD_MS.star, () => {
    for (const peer of peers) {
      const lacks = !covers(peer.has, sums);
      if (!peer.asks && (!lacks || peer.wait-- > 0)) continue;
      tell(peer);
      // One that has everything need not answer.
      if (lacks) peer.wait = Math.min(LONGEST_PAUSE, peer.tries++);
    }
  });
  peers.forEach(tell);

  function tell(peer: Peer): void {
    const answer = !covers(peer.has, sums);
    node.send(peer.id, "merge", { sums: dictOf(sums), answer });
    peer.asks = false;
  }

  const add = (name: string, delta: Integer) =>
    void sums.set(name, plus(sums.get(name) ?? 0, delta));
  return { name, add, sums, catchUp };
}

const protocol = {
  ...counterProtocol,
  /** Sums must only grow, so that the higher is the newer. */
  add: rpc({ delta: amount }, {}),
  ...sumsProtocol,
};

/** A replica of a G-counter. */
const counter4crdt = program(protocol, (node) => {
  const { name, add, sums, catchUp } = sharedSums(node);

  node.on("add", ({ delta }) => {
    add(name(), delta);
    return {};
  });

  node.on("read", () =>
    catchUp.run(() => ({
      value: sums.values().reduce(plus, 0),
    })));
});

export default counter4crdt;

/** Raises each sum to the higher of two. */
function join(into: Sums, from: Sums): void {
  for (const [node, sum] of from) {
    if (sum > (into.get(node) ?? -1)) into.set(node, sum);
  }
}

/** Whether no sum of `b` is higher than in `a`. */
function covers(a: Sums, b: Sums): boolean {
  return [...b].every(([node, sum]) => (a.get(node) ?? -1) >= sum);
}

if (import.meta.main) await run(counter4crdt);
