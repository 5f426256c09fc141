/**
 * Challenge 3c: broadcast through partitions. https://fly.io/dist-sys/3c
 *
 * Algorithm: flooding in a tree as in 3b, but over reliable links: values are numbered, and an
 * acknowledgement says how many have arrived. All values that wait for a neighbour go to it in one
 * message, which is repeated until the neighbour answers, with jittered pauses that double up to a
 * cap.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication, reordering and
 * partitions of any kind, within 2 s and 2 h hops of the end of the last of these faults, without
 * new traffic. Requests are answered at once, from the node's own set. A node that starts greets
 * its neighbours within GREET_MS of the first message to it, and its reads wait for what they know,
 * for a second at most. So a node that lost its memory shows again every value that it had told
 * another node.
 *
 * Costs: with n nodes, a hop of L ms and a tree of height h
 * - a value crosses each of the n - 1 edges once and is acknowledged: 2 (n - 1) messages, so
 *   S <= n - 1, 4 for 5 nodes. It is everywhere after 2 h L, 2 L for 5 nodes;
 * - a cut edge, once it is noticed, costs each of its nodes a message per 1.5 to 2 s, however many
 *   values wait, and none if no value waits. After the heal the values cross in one message, or in
 *   two if there are more than 100;
 * - during a cut, values spread only as far as edges of the tree that are not cut take them (3d
 *   does better).
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { treeNeighbours } from "../lib/gossip/neighbours.ts";
import { program, run } from "../lib/maelstrom.ts";
import { broadcastProtocol, type Integer, integer } from "../lib/protocols.ts";

/** How many children a node has: more make the tree lower and its inner nodes busier. */
const CHILDREN = 4;

/** How long a node's greetings wait for values to ride on, in milliseconds. */
const GREET_MS = 100;

const protocol = { ...broadcastProtocol, ...linksProtocol(integer) };

/** Flooding in a tree of reliable links. */
const broadcast3c = program(protocol, (node) => {
  const values = new Set<Integer>();
  const links = new Links<Integer>(node, {
    ids: treeNeighbours(node, CHILDREN),
    deliver: (messages, src) => messages.forEach((one) => learn(one, src)),
    all: () => [...values],
    flushMs: 0,
  });

  function learn(message: Integer, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    links.push(message, src);
  }

  node.after(GREET_MS, () => links.flush());

  node.on("broadcast", ({ message }, src) => {
    learn(message, src);
    links.flush();
    return {};
  });

  node.on("read", () => links.catchUp.run(() => ({ messages: [...values] })));

  node.on("topology", () => ({}));
});

export default broadcast3c;

if (import.meta.main) await run(broadcast3c);
