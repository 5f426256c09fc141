/**
 * Challenge 3d: broadcast with few messages. https://fly.io/dist-sys/3d
 *
 * Algorithm: gather and scatter. One hub, the first node, tells all others what is new once per
 * period G, a guard after the first of them has sent it what is new to them. It says its period,
 * so they know when to speak next. Acknowledgements ride on values. If the first node does not
 * answer, the next in order that does replaces it for the nodes it can reach. All values are
 * still owed to the first node, and by it to all, so nothing depends on the replacement.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication, reordering and
 * partitions of any kind, within a pause between two tries (2 s, the first up to 4 s) and two
 * periods of their end. Requests are answered at once, from the node's own set. A node that lost
 * its memory recovers what it had told another, within 4 s. In a partition, values spread among
 * nodes that reach each other once something is not acknowledged; one that lacks only its link to
 * the first node, and says nothing, has to wait.
 *
 * Costs: with n nodes, hops of L ms, a budget B, and a guard g of 5 to 50 ms, as measured:
 * - G = B - 2L - g, at least 2L + g. A value waits at most G for its node to speak, and is
 *   everywhere after B, plus any stall of the machine. Maelstrom's stable latency is lower by L:
 *   a read queues behind what is on its way to its node;
 * - at most 2 (n - 1) messages a period, half of them only from nodes with news, n - 1 more if a
 *   node was late; then n - 1 acknowledgements, and silence. Each value crosses to each node once:
 *   with 50 a second at most 2.2 times the digits of the values, 2.3 times on a busy machine.
 */
import { conversations, saying } from "../lib/gossip/conversation.ts";
import { Hub, hubMarks } from "../lib/gossip/hub.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import { Metronome } from "../lib/gossip/metronome.ts";
import {
  amongNodes,
  broadcastProtocol,
  type Integer,
  integer,
  message,
  natural,
  optional,
} from "../lib/protocols.ts";

/**
 * B, in milliseconds. The limit for the stable latency is 600, which is B - L = 484 where
 * nothing is late; real machines stand still for 60 ms at any time. More means fewer messages.
 */
export const BUDGET_MS = 584;

/**
 * How long an acknowledgement for the hub waits for values to ride on: less costs
 * messages, more delays what has to be sent again.
 */
const ACK_DELAY_MS = 1_500;

/** What clients and nodes say to each other: nodes in letters, since values are short. */
export const gossipProtocol = {
  ...broadcastProtocol,
  ...amongNodes({
    g: message({
      ...saying(integer),
      ...hubMarks,
      /** The sender's period, in milliseconds, where it speaks in its turn. */
      t: optional(natural),
    }),
  }),
};

/** The algorithm. Without faults every value is everywhere after `budgetMs`, B. */
export function gatherAndScatter(
  node: Node<ProtocolOf<typeof gossipProtocol>>,
  budgetMs: number,
): void {
  const values = new Set<Integer>();
  const { peers, roundTrip } = conversations<Integer>(node, {
    onSilence(id) {
      chooseHub();
      if (hub.isNeighbour(id)) speak(id);
    },
    all: () => [...values],
  });
  const hub = new Hub(node, (id) => peers.get(id)!.silence > 0);
  const metronome = new Metronome(node, roundTrip, budgetMs, speakToAll);
  const ackDelayMs = () => Math.max(ACK_DELAY_MS, metronome.periodMs);

  function learn(value: Integer, src: string): void {
    if (values.has(value)) return;
    values.add(value);
    for (const [id, peer] of peers) {
      if (id !== src && hub.isNeighbour(id)) peer.owe(value);
    }
  }

  /** Says to everybody what is due. Gives whether anything was. */
  function speakToAll(): boolean {
    let spoken = false;
    for (const [id, peer] of peers) {
      const owesMs = node.now() - peer.owesSince;
      const mustAck =
        owesMs + metronome.periodMs > (id === hub.id ? ackDelayMs() : 0);
      if (!mustAck && !(peer.hasNews && hub.isNeighbour(id))) continue;
      speak(id);
      spoken = true;
    }
    return spoken;
  }

  function speak(id: string): void {
    const peer = peers.get(id)!;
    const toHub = id === hub.id;
    // A hub answers when its period ends, but at once when it is chosen; others may wait.
    const waitMs = !toHub
      ? ackDelayMs()
      : id === hub.first || peer.heardAt > -Infinity
      ? metronome.periodMs
      : 0;
    node.send(id, "g", {
      ...peer.say(roundTrip.patienceMs + waitMs),
      ...(metronome.isInTurn && !toHub &&
        { t: Math.round(metronome.periodMs) }),
      ...hub.marks(id),
    });
  }

  /** A new hub, and its followers, are owed all that the first node may lack. */
  function chooseHub(): void {
    const old = hub.choose();
    if (old === null) return;
    if (old !== node.id && old !== hub.first) speak(old);
    if (hub.id === hub.first) return;
    for (const [id, peer] of peers) {
      if (id === hub.first || !hub.isNeighbour(id)) continue;
      peer.oweAs(peers.get(hub.first)!);
      speak(id); // also if it is silent: while it was no neighbour, it was not tried again
    }
  }

  node.on("g", (gossip, src) => {
    const peer = peers.get(src);
    if (peer === undefined) return;
    const { items, isUrgent } = peer.hear(gossip);
    for (const value of items) learn(value, src);
    // Who has yet to hear from the hub did not wait with its values: they may wait here.
    const isFollower = hub.isHere && !peer.isUnanswered;
    if (isFollower && items.length > 0) metronome.hear();
    else metronome.wake();
    const joins = hub.hear(src, gossip);
    if (joins && node.id !== hub.first) peer.oweAs(peers.get(hub.first)!);
    chooseHub();
    if (src === hub.id && gossip.t !== undefined) metronome.follow(gossip.t);
    if (isUrgent || joins) speak(src);
  });

  node.on("broadcast", ({ message }) => {
    learn(message, node.id);
    metronome.wake();
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
  node.on("topology", () => ({}));
}

/** Broadcast by gather and scatter. */
const broadcast = program(
  gossipProtocol,
  (node) => gatherAndScatter(node, BUDGET_MS),
);

export default broadcast;

if (import.meta.main) await run(broadcast);
