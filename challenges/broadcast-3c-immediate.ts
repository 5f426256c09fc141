/**
 * Challenge 3c, variant: every value at once, by itself. https://fly.io/dist-sys/3c
 *
 * Algorithm: flooding in the topology that the test gives. A new value goes to a node's neighbours,
 * except the one that it came from, in a message of its own. Of the values that a neighbour has
 * neither acknowledged nor sent itself, the oldest is resent, with jittered, capped exponential
 * backoff; when the neighbour acknowledges a value, however late, all that are overdue are resent.
 * Without a topology, or with one that does not connect all nodes, all are neighbours; a later
 * neighbour is sent everything.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication, reordering and
 * partitions of any kind, without new traffic. After the last of these has ended it takes at most
 * CAP_MS, SETTLE_MS, two hops, and a hop for each edge on its way. Requests are answered at once,
 * from the node's own set. A node that starts asks its neighbours for all that they have, and its
 * reads wait for the answers, for a second at most. So one that lost its memory, and its topology,
 * shows again all that it had told another.
 *
 * Costs: with n nodes, e edges, and a hop of L ms
 * - a value crosses the edges of a spanning tree once and the e - n + 1 others at most twice, with
 *   as many acknowledgements: 2 (n - 1) to 2 (2 e - n + 1) messages. A grid of 5 nodes has 5 edges:
 *   8 to 12, so S <= 6 without cuts; resends make it about 6.3 on the command;
 * - it is everywhere after L times the diameter of the topology: 3 L in that grid;
 * - while an edge is cut, even one way, each value costs a message, the oldest one more per CAP_MS;
 *   after the heal each costs two, all at once; after a node's restart, two for each of n - 2 nodes.
 */
import { program, run } from "../lib/maelstrom.ts";
import { givenNeighbours } from "../lib/gossip/neighbours.ts";
import { Recall, recallProtocol } from "../lib/gossip/recall.ts";
import { Patience } from "../lib/services/patience.ts";
import {
  amongNodes,
  broadcastProtocol,
  type Integer,
  integer,
  message,
  natural,
} from "../lib/protocols.ts";

/**
 * How long a node waits for an acknowledgement before it first resends a value, in milliseconds: a
 * shorter time sends values twice where round trips take longer, a longer one delays the repair of
 * losses.
 */
const FIRST_PAUSE_MS = 500;

/**
 * The longest pause between two tries, in milliseconds: without a cap, the last pause could go on
 * after a cut for as long as the cut had lasted.
 */
const CAP_MS = 2_000;

/**
 * How long a node that has heard what another knows waits for more of that before it resends what
 * is overdue, in milliseconds: one that was stopped for long acknowledges many values at once.
 */
const SETTLE_MS = 20;

/** How long a node waits for its topology before it asks its neighbours what they have, in milliseconds. */
const ASK_MS = 200;

const protocol = {
  ...broadcastProtocol,
  ...recallProtocol(integer),
  ...amongNodes({
    tell: message({ message: integer, life: natural }),
    told: message({ message: integer }),
  }),
};

/** The values that another node has not acknowledged. */
class Peer {
  /** By value, in the order in which they were sent, what ends the wait for an acknowledgement. */
  readonly tries = new Map<Integer, () => void>();
  /** Values that are overdue and not the oldest: they are resent when the node acknowledges one. */
  readonly late = new Set<Integer>();
  /** Whether some are resent soon; and whether that is all of them, as the node has acknowledged one. */
  isSettling = false;
  isHeard = false;
}

/** Flooding in a topology, value by value. */
const immediate = program(protocol, (node) => {
  const values = new Set<Integer>();
  const recall = new Recall<Integer>(node, {
    patience: new Patience(node, { capMs: CAP_MS }),
    all: () => [...values],
    take: (known, src) => known.forEach((message) => learn(message, src)),
  });
  let neighbours = node.peers;
  /** By node, the values that it may lack. */
  const peers = new Map(node.peers.map((id) => [id, new Peer()]));

  function learn(message: Integer, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) if (id !== src) tell(id, message);
  }

  function tell(id: string, message: Integer, pauseMs = FIRST_PAUSE_MS): void {
    node.send(id, "tell", { message, life: recall.life.stamp });
    const { tries, late } = peers.get(id)!;
    const stop = node.after(pauseMs * (1 - node.random() / 4), () => {
      const [oldest] = tries.keys();
      if (message !== oldest) late.add(message);
      else tell(id, message, Math.min(2 * pauseMs, CAP_MS));
    });
    tries.set(message, stop);
  }

  function isKnown(id: string, message: Integer, isHeard = false): void {
    const peer = peers.get(id)!;
    const { tries, late } = peer;
    tries.get(message)?.();
    tries.delete(message);
    late.delete(message);
    if (late.size === 0) return;
    peer.isHeard ||= isHeard;
    resend(id);
  }

  /** Resends soon what is overdue then: the oldest or, if the node has acknowledged a value, all. */
  function resend(id: string): void {
    const peer = peers.get(id)!;
    if (peer.isSettling) return;
    peer.isSettling = true;
    node.after(SETTLE_MS, () => {
      const { tries, late, isHeard } = peer;
      const [oldest] = tries.keys();
      const again = isHeard ? [...late] : late.has(oldest!) ? [oldest!] : [];
      peer.isSettling = peer.isHeard = false;
      for (const one of again) {
        late.delete(one);
        tell(id, one);
      }
    });
  }

  node.after(ASK_MS, () => recall.from(neighbours));

  node.on("tell", ({ message, life }, src) => {
    if (!recall.accepts(src, life)) return;
    node.send(src, "told", { message });
    isKnown(src, message);
    learn(message, src);
  });

  node.on("told", ({ message }, src) => {
    isKnown(src, message, true);
  });

  node.on("topology", ({ topology }) => {
    const before = neighbours;
    neighbours = givenNeighbours(node, topology);
    for (const id of neighbours) {
      if (!before.includes(id)) values.forEach((message) => tell(id, message));
    }
    return {};
  });

  node.on("broadcast", ({ message }, src) => {
    learn(message, src);
    return {};
  });

  node.on("read", () => recall.catchUp.run(() => ({ messages: [...values] })));
});

export default immediate;

if (import.meta.main) await run(immediate);
