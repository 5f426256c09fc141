/**
 * Challenge 3c, a variant: batches. https://fly.io/dist-sys/3c
 *
 * Algorithm: for every neighbour in the topology that the test gives, a node keeps the
 * set of values which the neighbour may lack. Once a period it sends the whole set, if
 * there is any, in one message; what has been acknowledged, or comes from the
 * neighbour itself, leaves the set. Before a topology is known, everybody is a neighbour; one that comes
 * late makes new neighbours owed all values.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts, if the topology is connected; soon after them. Nodes must not
 * lose their memory.
 *
 * Costs, with e edges in the topology, a hop of L ms, a period of P ms and a diameter of d: at most
 * 4 e messages a period however many values there are, answers included, and none when nobody lacks anything;
 * values are everywhere after d (P + L). A neighbour that cannot be reached costs one message per
 * TIMEOUT_MS.
 */
import { type Node, run } from "../lib/maelstrom.ts";

/** How long values wait for company, in milliseconds: more means fewer messages, and later values. */
const PERIOD_MS = 100;

/** How long an answer may take, in milliseconds, before the set is sent again: more than a round trip. */
const TIMEOUT_MS = 1_000;

interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(
    request: { topology: Record<string, string[]> },
  ): Record<never, never>;
  broadcast_many(request: { messages: number[] }): Record<never, never>;
}

/** Flooding in the topology, in batches. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  const values = new Set<number>();
  /** For each neighbour what it may lack. */
  let pending = new Map(node.peers.map((id) => [id, new Set<number>()]));

  function learn(message: number): void {
    if (values.has(message)) return;
    values.add(message);
    for (const lacking of pending.values()) lacking.add(message);
  }

  async function flush(id: string): Promise<void> {
    const lacking = pending.get(id);
    if (lacking === undefined || lacking.size === 0) return;
    const messages = [...lacking];
    const timeoutMs = TIMEOUT_MS;
    // No answer is an answer: all of it stays in the set, and goes again.
    await node.rpc(id, "broadcast_many", { messages }, { timeoutMs }).then(
      () => messages.forEach((message) => pending.get(id)?.delete(message)),
      () => {},
    );
  }

  for (const id of node.peers) node.every(PERIOD_MS, () => flush(id));

  node.on("topology", ({ topology }) => {
    const neighbours = topology[node.id] ?? node.peers;
    pending = new Map(
      neighbours.map((id) => [id, pending.get(id) ?? new Set(values)]),
    );
    return {};
  });
  node.on("broadcast", ({ message }) => {
    learn(message);
    return {};
  });
  node.on("broadcast_many", ({ messages }, src) => {
    messages.forEach(learn);
    for (const message of messages) pending.get(src)?.delete(message);
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
}

if (import.meta.main) await run(broadcast);
