/**
 * Challenge 3c: broadcast through partitions. https://fly.io/dist-sys/3c
 *
 * Algorithm: flooding in a tree as in 3b, but what one neighbour owes another is a
 * conversation: values are numbered, acknowledgements say how many have arrived, and
 * all that waits for a neighbour is sent to it in one message, again and again until it
 * answers, with a pause that doubles, with jitter, up to a cap.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts of any kind: within 2 s and 2 h hops of the end of the last one.
 * No new traffic is needed for that. Requests are answered at once, from the node's own
 * set, whoever is cut off. A node that has lost its memory gets back what it had told
 * another within GREET_MS and two hops of its start, if nobody is cut off.
 *
 * Costs: with n nodes, a hop of L ms and a tree of height h
 * - a value crosses each of the n - 1 edges once and is acknowledged: 2 (n - 1)
 *   messages, so S <= n - 1, 4 for 5 nodes. It is everywhere after 2 h L, 2 L for 5
 *   nodes;
 * - an edge that is cut costs each of its nodes, as soon as it is noticed, a message per
 *   1.5 to 2 s, however many values wait for the other side, and none if there are none.
 *   Afterwards they cross in one message, or in two if there are more than 100;
 * - values spread to all sides of a cut only as far as the tree's edges reach (3d does
 *   better).
 */
import { conversations } from "../lib/gossip/conversation.ts";
import { saying } from "../lib/gossip/saying.ts";
import { RoundTrip } from "../lib/gossip/round-trip.ts";
import { program, run } from "../lib/maelstrom.ts";
import { treeNeighbours } from "../lib/gossip/neighbours.ts";
import {
  amongNodes,
  broadcastProtocol,
  type Integer,
  integer,
  message,
} from "../lib/protocols.ts";

/** How many children a node has: more make the tree lower, and its inner nodes busier. */
const CHILDREN = 4;

/** How long a node waits for something to say before it greets its neighbours, in milliseconds. */
const GREET_MS = 500;

const protocol = {
  ...broadcastProtocol,
  ...amongNodes({ say: message(saying(integer)) }),
};

/** Flooding in a tree of conversations. */
const broadcast3c = program(protocol, (node) => {
  const values = new Set<Integer>();
  const roundTrip = new RoundTrip();
  const neighbours = conversations<Integer>(node, {
    ids: treeNeighbours(node, CHILDREN),
    roundTrip,
    greetMs: GREET_MS,
    onSilence: speak,
    all: () => [...values],
  });

  function speak(id: string): void {
    node.send(id, "say", neighbours.get(id)!.say(roundTrip.patienceMs));
  }

  function learn(messages: Integer[], src: string): void {
    for (const message of messages) {
      if (values.has(message)) continue;
      values.add(message);
      for (const [id, neighbour] of neighbours) {
        if (id !== src) neighbour.owe(message);
      }
    }
  }

  /**
   * Speaks to all to whom there is something to say, and to one who waits to hear from this
   * node.
   */
  function speakUp(waiting?: string): void {
    for (const [id, { hasNews, owesSince }] of neighbours) {
      if (hasNews || owesSince < Infinity || id === waiting) speak(id);
    }
  }

  node.on("say", (saying, src) => {
    const heard = neighbours.get(src)?.hear(saying);
    if (heard === undefined) return;
    learn(heard.items, src);
    speakUp(heard.isUrgent ? src : undefined);
  });

  node.after(GREET_MS + 1, () => speakUp());

  node.on("broadcast", ({ message }, src) => {
    learn([message], src);
    speakUp();
    return {};
  });

  node.on("read", () => ({ messages: [...values] }));

  node.on("topology", () => ({}));
});

export default broadcast3c;

if (import.meta.main) await run(broadcast3c);
