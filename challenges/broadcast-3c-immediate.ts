/**
 * Challenge 3c, a variant: every value at once. https://fly.io/dist-sys/3c
 *
 * Algorithm: a value that is new to a node goes at once to its neighbours in the topology
 * that the test gives, each in a message of its own, and again until it is acknowledged:
 * with exponential backoff, jittered and capped. It also ends when the neighbour turns
 * out to have the value, by sending it. Before a topology is known, everybody is a neighbour.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts, if the topology is connected; soon after them, since the backoff
 * is capped well below the time a cut may last. Nodes must not lose their memory.
 *
 * Costs, with e edges in the topology and a hop of L ms: a value crosses an edge once or
 * twice, and is answered as often: 2 e to 4 e messages. It is everywhere after L times
 * the topology's diameter. While an edge is cut, every value that waits for it costs
 * a message in 1.5 s on average.
 */
import { type Node, retry, run } from "../lib/maelstrom.ts";

/** How long an answer may take, in milliseconds: more than a round trip, or messages double. */
const TIMEOUT_MS = 1_000;

/** The longest pause before the next try, in milliseconds: an uncapped one would outlast the heal. */
const CAP_MS = 1_000;

interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(
    request: { topology: Record<string, string[]> },
  ): Record<never, never>;
  share(request: { message: number }): Record<never, never>;
}

/** Flooding in the topology, value by value. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  const values = new Set<number>();
  let neighbours = node.peers;
  /** The tries under way, by neighbour and value. */
  const tries = new Map<string, AbortController>();

  function learn(message: number, src: string): void {
    tries.get(`${src} ${message}`)?.abort();
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) {
      if (id !== src) void tell(id, message);
    }
  }

  async function tell(id: string, message: number): Promise<void> {
    const key = `${id} ${message}`;
    const controller = new AbortController();
    tries.set(key, controller);
    const { signal } = controller;
    const ask = () =>
      node.rpc(id, "share", { message }, { timeoutMs: TIMEOUT_MS, signal });
    try {
      await retry(node, ask, { capMs: CAP_MS, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      tries.delete(key);
    }
  }

  node.on("topology", ({ topology }) => {
    neighbours = topology[node.id] ?? node.peers;
    return {};
  });
  node.on("broadcast", ({ message }) => {
    learn(message, node.id);
    return {};
  });
  node.on("share", ({ message }, src) => {
    learn(message, src);
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
}

if (import.meta.main) await run(broadcast);
