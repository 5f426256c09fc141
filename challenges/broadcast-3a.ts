/**
 * Challenge 3a: broadcast on one node. https://fly.io/dist-sys/3a
 *
 * Algorithm: values go into a set, and reads show it.
 *
 * Guarantees: a read holds exactly the values of the broadcasts before it, each once,
 * in the order in which they came first. Nothing survives the process.
 *
 * Costs: one reply a request, no message between nodes (S = 0); a read copies the set.
 */
import { type Node, run } from "../lib/maelstrom.ts";

interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
}

/** A set. */
export default function broadcast3a(node: Node<BroadcastProtocol>): void {
  const values = new Set<number>();

  node.on("broadcast", ({ message }) => {
    values.add(message);
    return {};
  });

  node.on("read", () => ({ messages: [...values] }));

  node.on("topology", () => ({}));
}

if (import.meta.main) await run(broadcast3a);
