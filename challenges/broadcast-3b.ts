/**
 * Challenge 3b: broadcast on several nodes. https://fly.io/dist-sys/3b
 *
 * Algorithm: flooding in a tree, which the nodes' order alone makes: the first is the
 * root and has the next four for children, and so on. A value that is new to a node
 * goes to its neighbours in the tree, except where it came from. Each answers, and is
 * asked again until it does.
 *
 * Guarantees: an acknowledged value is everywhere within 1 s where a hop takes up to
 * 100 ms and nodes are up to 100 (below). Nothing is lost in cuts or by bad links
 * either: what could not be told is told within CAP_MS of the heal. Requests are
 * answered at once, from the node's own set. A node that starts asks its neighbours for
 * all that they have: one that has lost its memory gets back what it had told another.
 *
 * Costs: with n nodes and a hop of L ms
 * - a tree of n nodes has n - 1 edges; a value crosses each once and is answered: 2 (n
 *   - 1) messages. Half of the operations are broadcasts, so S = n - 1, 4 for 5 nodes, and
 *   4 (n - 1) messages at the start;
 * - from leaf to leaf are 2 h hops in a tree of height h: after 2 h L a value is
 *   everywhere, which is 2 L with 5 nodes, 6 L with 25, 8 L with 100;
 * - while a node cannot be reached, every value for it costs a message per 200 ms to
 *   CAP_MS, 0.5 s on average (3c needs one for all of them).
 */
import { Life, OtherLives } from "../lib/gossip/life.ts";
import { program, run } from "../lib/maelstrom.ts";
import { treeNeighbours } from "../lib/gossip/neighbours.ts";
import { Patience } from "../lib/services/patience.ts";
import {
  amongNodes,
  array,
  broadcastProtocol,
  type Integer,
  integer,
  natural,
  rpc,
} from "../lib/protocols.ts";

/** How many children a node has: more make the tree lower, and its inner nodes busier. */
const CHILDREN = 4;

/**
 * Between two tries to tell a node something, at most, in milliseconds: less sends more in
 * vain, more spreads later after a cut.
 */
const CAP_MS = 800;

const protocol = {
  ...broadcastProtocol,
  ...amongNodes({
    tell: rpc({ message: integer, life: natural }, {}),
    /** Says what its life is called, and gets all, and how its latest is called here. */
    ask: rpc({ life: natural }, { messages: array(integer), latest: natural }),
  }),
};

/** Flooding in a tree. */
const broadcast3b = program(protocol, (node) => {
  const values = new Set<Integer>();
  const neighbours = treeNeighbours(node, CHILDREN);
  const life = new Life(node);
  const lives = new OtherLives();
  const patience = new Patience(node, { capMs: CAP_MS });

  function learn(message: Integer, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) {
      if (id === src) continue;
      patience.until((options) =>
        node.rpc(id, "tell", { message, life: life.stamp }, options)
      );
    }
  }

  /** This may be a later life of the node: its neighbours have what it has lost. */
  async function ask(id: string): Promise<void> {
    const { messages, latest } = await patience.until((options) =>
      node.rpc(id, "ask", { life: life.stamp }, options)
    );
    life.raise(latest);
    for (const message of messages) learn(message, id);
  }
  for (const id of neighbours) ask(id);

  node.on("broadcast", ({ message }, src) => {
    learn(message, src);
    return {};
  });

  node.on("tell", ({ message, life }, src) => {
    // What a life had told nobody before it was over, the next one does not know either.
    if (!lives.isOver(src, life)) learn(message, src);
    return {};
  });

  node.on("ask", ({ life }, src) => {
    lives.isOver(src, life);
    return { messages: [...values], latest: lives.latest(src) };
  });

  node.on("read", () => ({ messages: [...values] }));

  node.on("topology", () => ({}));
});

export default broadcast3b;

if (import.meta.main) await run(broadcast3b);
