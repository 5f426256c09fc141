/**
 * Challenge 3c: broadcast through partitions. https://fly.io/dist-sys/3c
 *
 * Algorithm: values flood a tree as in 3b; but what one neighbour owes another is a
 * conversation: values are numbered, acknowledgements say how many have arrived, and
 * to a neighbour that does not answer one message at a time is sent with all that it may lack,
 * less and less often.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts of any kind; after them, a pause between two tries (2 s) and
 * 2 h L later. Requests are answered at once, from the node's own set.
 * Nodes must not lose their memory.
 *
 * Costs, with n nodes, a hop of L ms, and a tree of height h: 2 (n - 1) messages a value
 * at most, and 2 h L until it is everywhere, without faults. An edge that is cut costs a message
 * in 1.5 s or more each way, however many values wait for it; when nothing waits, none.
 */
import { Conversation, RoundTrip, type Saying } from "../lib/conversation.ts";
import { type Node, run } from "../lib/maelstrom.ts";

/** How many children a node has: more make the tree lower, and its inner nodes busier. */
const CHILDREN = 4;

interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  gossip(message: Saying<number>): void;
}

/** Flooding in a tree of conversations. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  const values = new Set<number>();
  const self = node.ids.indexOf(node.id);
  const parentOf = (i: number) => Math.floor((i - 1) / CHILDREN);
  const roundTrip = new RoundTrip();
  const neighbours = new Map(
    node.ids.filter((_, i) =>
      i !== self && (i === parentOf(self) || parentOf(i) === self)
    ).map((id) => [
      id,
      new Conversation<number>(node, roundTrip, () => speak(id)),
    ]),
  );

  function speak(id: string): void {
    const saying = neighbours.get(id)!.say(roundTrip.patienceMs);
    node.send(id, "gossip", saying);
  }

  function learn(news: number[], src: string): void {
    for (const value of news) {
      if (values.has(value)) continue;
      values.add(value);
      for (const [id, neighbour] of neighbours) {
        if (id !== src) neighbour.owe(value);
      }
    }
    for (const [id, { hasNews, owesSince }] of neighbours) {
      if (hasNews || owesSince < Infinity) speak(id);
    }
  }

  node.on("gossip", (saying, src) => {
    const isUrgent = neighbours.get(src)?.hear(saying);
    learn(saying.items, src);
    if (isUrgent) speak(src);
  });
  node.on("broadcast", ({ message }) => {
    learn([message], node.id);
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
  node.on("topology", () => ({}));
}

if (import.meta.main) await run(broadcast);
