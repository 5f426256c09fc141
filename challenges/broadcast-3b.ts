/**
 * Challenge 3b: broadcast on several nodes. https://fly.io/dist-sys/3b
 *
 * Algorithm: the nodes form a tree by their order alone: the first is the root, and
 * the i-th has the (i - 1) / 4-th for its parent. A value that is new to a node goes to all its neighbours in
 * the tree but the one it came from; a neighbour answers, and is asked again if it does not.
 *
 * Guarantees: an acknowledged value reaches every node. Requests are answered at once,
 * from the node's own set. Nodes must not lose their memory.
 *
 * Costs, with n nodes and a hop of L ms: a tree has n - 1 edges, so a value costs
 * 2 (n - 1) messages, answers included, and is everywhere after 2 h L, where h is the
 * tree's height: 1 for 5 nodes, 3 for 25. While a neighbour cannot be reached, every value for
 * it costs one message in RETRY_MS: what comes next, 3c, does better.
 */
import { type Node, retry, run } from "../lib/maelstrom.ts";

/** How many children a node has: more make the tree lower, and its inner nodes busier. */
const CHILDREN = 4;

/** How long an answer may take before the value is sent again. */
const RETRY_MS = 1_000;

interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  share(request: { message: number }): Record<never, never>;
}

/** Flooding in a tree. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  const values = new Set<number>();
  const self = node.ids.indexOf(node.id);
  const parentOf = (i: number) => Math.floor((i - 1) / CHILDREN);
  const neighbours = node.ids.filter((_, i) =>
    i !== self && (i === parentOf(self) || parentOf(i) === self)
  );

  function learn(message: number, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) {
      if (id !== src) void tell(id, message);
    }
  }

  function tell(id: string, message: number): Promise<unknown> {
    const timeoutMs = RETRY_MS;
    return retry(node, () => node.rpc(id, "share", { message }, { timeoutMs }));
  }

  node.on("broadcast", ({ message }) => {
    learn(message, node.id);
    return {};
  });
  node.on("share", ({ message }, src) => {
    learn(message, src);
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
  node.on("topology", () => ({}));
}

if (import.meta.main) await run(broadcast);
