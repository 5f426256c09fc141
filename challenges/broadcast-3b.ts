/**
 * Challenge 3b: broadcast on several nodes. https://fly.io/dist-sys/3b
 *
 * Algorithm: flooding in a tree that follows from the order of the nodes: the first is the root,
 * the next four are its children, and so on. A new value goes to a node's neighbours in the tree,
 * except the one that it came from. It is resent to each of them until acknowledged. Values that
 * come while a neighbour does not answer wait until it does, and then go to it in one message.
 *
 * Guarantees: an acknowledged value is at every node within 1 s, for hops of up to 100 ms and up to
 * 100 nodes (see Costs). Partitions and lossy links lose nothing: a value that could not be
 * delivered arrives within CAP_MS and two hops of the heal, plus a hop for each edge on its way.
 * Requests are answered at once, from the node's own set. A node that starts asks its neighbours
 * for all that they have, and its reads wait for the answers, for a second at most. So a node that
 * lost its memory shows again every value that it had told another node.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value crosses each of the n - 1 edges once and is acknowledged: 2 (n - 1) messages. Half of
 *   the operations are broadcasts, so S = n - 1, 4 for 5 nodes, plus 4 (n - 1) messages at the
 *   start;
 * - leaves are at most 2 h hops apart in a tree of height h, so a value is everywhere after 2 h L:
 *   2 L with 5 nodes, 6 L with 25, 8 L with 100;
 * - while a node cannot be reached, each value that was on its way to it costs a message per 200 ms
 *   to CAP_MS, 0.5 s on average (3c needs one for all of them); later values cost nothing.
 */
import { program, run } from "../lib/maelstrom.ts";
import { treeNeighbours } from "../lib/gossip/neighbours.ts";
import { Recall, recallProtocol, refusal } from "../lib/gossip/recall.ts";
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

/** How many children a node has: more make the tree lower and its inner nodes busier. */
const CHILDREN = 4;

/**
 * The longest pause between two tries to reach a node, in milliseconds: a shorter one sends more in
 * vain, a longer one delays values after a cut.
 */
const CAP_MS = 800;

/** How many values a repeated message holds at most. */
const PART = 100;

const protocol = {
  ...broadcastProtocol,
  ...recallProtocol(integer),
  ...amongNodes({
    tell: rpc({ messages: array(integer), life: natural }, {}),
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
    take: learn,
  });
  recall.from(neighbours);
  /** By neighbour, the values that wait for its answer; below, the neighbours that have not answered in time. */
  const waiting = new Map<string, Integer[]>(neighbours.map((id) => [id, []]));
  const silent = new Set<string>();

  function learn(messages: Integer[], src: string): void {
    const news = messages.filter((message) => !values.has(message));
    if (news.length === 0) return;
    for (const message of news) values.add(message);
    for (const id of neighbours) {
      if (id === src) continue;
      if (silent.has(id)) waiting.set(id, waiting.get(id)!.concat(news));
      else tell(id, news);
    }
  }

  /** Sends a neighbour values until it answers, then those that have waited for that. */
  async function tell(id: string, messages: Integer[]): Promise<void> {
    const told = await patience.until(async (options, isAgain) => {
      if (isAgain) silent.add(id);
      const some = isAgain ? messages.slice(0, PART) : messages;
      const request = { messages: some, life: recall.life.stamp };
      await node.rpc(id, "tell", request, options);
      return some.length;
    });
    silent.delete(id);
    const left = [...messages.slice(told), ...waiting.get(id)!];
    waiting.set(id, []);
    if (left.length > 0) tell(id, left);
  }

  node.on("broadcast", ({ message }, src) => {
    learn([message], src);
    return {};
  });

  node.on("tell", ({ messages, life }, src) => {
    if (!recall.accepts(src, life)) throw refusal();
    learn(messages, src);
    return {};
  });

  node.on("read", () => recall.catchUp.run(() => ({ messages: [...values] })));

  node.on("topology", () => ({}));
});

export default broadcast3b;

if (import.meta.main) await run(broadcast3b);
