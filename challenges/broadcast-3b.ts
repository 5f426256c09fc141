/**
 * Challenge 3b: broadcast on several nodes. https://fly.io/dist-sys/3b
 *
 * Algorithm: flooding in a tree given by the order of the nodes: the first is the root and has
 * the next four as children, and so on. A new value goes to a node's neighbours in the tree,
 * except where it came from. Each acknowledges it, and is told again until it does.
 *
 * Guarantees: an acknowledged value is everywhere within 1 s, for hops of up to 100 ms and up to
 * 100 nodes (below). Partitions and lossy links lose nothing: what could not be sent arrives
 * within CAP_MS of the heal. Requests are answered at once, from the node's own set. A node that
 * starts asks its neighbours for all that they have, and its reads wait for that, for a second
 * at most, so one that lost its memory shows again what it had told another.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value crosses each of the n - 1 edges once and is acknowledged: 2 (n - 1) messages. Half
 *   of the operations are broadcasts, so S = n - 1, 4 for 5 nodes, plus 4 (n - 1) messages at
 *   the start;
 * - leaves are at most 2 h hops apart in a tree of height h, so a value is everywhere after
 *   2 h L: 2 L with 5 nodes, 6 L with 25, 8 L with 100;
 * - while a node cannot be reached, each value for it costs a message per 200 ms to CAP_MS,
 *   0.5 s on average (3c needs one for all of them).
 */
import { program, run } from "../lib/maelstrom.ts";
import { treeNeighbours } from "../lib/gossip/neighbours.ts";
import { Recall, recallProtocol, refusal } from "../lib/gossip/recall.ts";
import { Patience } from "../lib/services/patience.ts";
import {
  amongNodes,
  broadcastProtocol,
  type Integer,
  integer,
  natural,
  rpc,
} from "../lib/protocols.ts";

/** How many children a node has: more make the tree lower, and its inner nodes busier. */
const CHILDREN = 4;

/**
 * The longest pause between two tries to tell a node something, in milliseconds: shorter sends
 * more in vain, longer spreads values later after a cut.
 */
const CAP_MS = 800;

const protocol = {
  ...broadcastProtocol,
  ...recallProtocol(integer),
  ...amongNodes({
    tell: rpc({ message: integer, life: natural }, {}),
  }),
};

/** Flooding in a tree. */
const broadcast3b = program(protocol, (node) => {
  const values = new Set<Integer>();
  const neighbours = treeNeighbours(node, CHILDREN);
  const patience = new Patience(node, { capMs: CAP_MS });
  const recall = new Recall<Integer>(node, {
    patience,
    all: () => [...values],
    take: (known, src) => known.forEach((message) => learn(message, src)),
  });
  recall.from(neighbours);

  function learn(message: Integer, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) {
      if (id === src) continue;
      patience.until((options) =>
        node.rpc(id, "tell", { message, life: recall.life.stamp }, options)
      );
    }
  }

  node.on("broadcast", ({ message }, src) => {
    learn(message, src);
    return {};
  });

  node.on("tell", ({ message, life }, src) => {
    if (!recall.accepts(src, life)) throw refusal();
    learn(message, src);
    return {};
  });

  node.on("read", () => recall.catchUp.run(() => ({ messages: [...values] })));

  node.on("topology", () => ({}));
});

export default broadcast3b;

if (import.meta.main) await run(broadcast3b);
