/**
 * Challenge 3d, a variant: one hop. https://fly.io/dist-sys/3d
 *
 * Algorithm: the node that a client gives a value tells every other node, at once;
 * nobody passes anything on. What two nodes owe each other is a conversation:
 * acknowledgements ride on later values, and cost a message of their own only where
 * there are none for a while. What stays unacknowledged is sent again.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts; a pause between two tries (2 s) and a hop after them.
 * Requests are answered at once, from the node's own set. Nodes must not lose their memory.
 *
 * Costs, with n nodes and a hop of L ms: a value is everywhere after L, the least there
 * is, for n - 1 messages; half of that an operation when half of them are reads. Each pair of nodes
 * that both have nothing to say any more adds two acknowledgements.
 */
import { Conversation, RoundTrip, type Saying } from "../lib/conversation.ts";
import { type Node, run } from "../lib/maelstrom.ts";

/**
 * How long an acknowledgement waits for values to ride on, in milliseconds: a few times
 * what passes between two values of a node, or it seldom finds any.
 */
const ACK_DELAY_MS = 2_500;

/** How often acknowledgements that have waited are looked for, in milliseconds. */
const TICK_MS = 500;

export interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  gossip(message: Saying<number>): void;
}

/**
 * Every node tells every other.
 *
 * @param bufferMs how long values are kept back to be told together; 0 tells them at once
 */
export function tellEverybody(
  node: Node<BroadcastProtocol>,
  bufferMs: number,
): void {
  const values = new Set<number>();
  const roundTrip = new RoundTrip();
  const peers = new Map(node.peers.map((id) => [
    id,
    new Conversation<number>(node, roundTrip, () => speak(id)),
  ]));

  function speak(id: string): void {
    const waitMs = ACK_DELAY_MS + TICK_MS + bufferMs;
    const saying = peers.get(id)!.say(roundTrip.patienceMs + waitMs);
    node.send(id, "gossip", saying);
  }

  function tell(): void {
    for (const [id, peer] of peers) if (peer.hasNews) speak(id);
  }

  function acknowledge(): void {
    for (const [id, { owesSince }] of peers) {
      if (node.now() - owesSince >= ACK_DELAY_MS) speak(id);
    }
  }

  node.on("gossip", (saying, src) => {
    const isUrgent = peers.get(src)?.hear(saying);
    for (const value of saying.items) values.add(value);
    if (isUrgent) speak(src);
  });
  node.on("broadcast", ({ message }) => {
    if (values.has(message)) return {};
    values.add(message);
    for (const peer of peers.values()) peer.owe(message);
    if (bufferMs === 0) tell();
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
  node.on("topology", () => ({}));
  node.every(TICK_MS, acknowledge);
  if (bufferMs > 0) node.every(bufferMs, tell);
}

/** Broadcast in one hop. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  tellEverybody(node, 0);
}

if (import.meta.main) await run(broadcast);
