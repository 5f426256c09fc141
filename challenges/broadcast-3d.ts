/**
 * Challenge 3d: broadcast with few messages. https://fly.io/dist-sys/3d
 *
 * Algorithm: gather and scatter. One hub, the first node, tells all others what is new
 * once per period G; they give it what is new to them just before that. Every message of
 * the hub says when its next one comes, and by how much earlier to speak is measured.
 * Acknowledgements ride on values. When the first node does not answer, the next in order
 * that does takes its place for those that it can reach, and passes their values on to
 * whoever is in touch with the first. All values are owed to the first node all the same, and
 * by it to all nodes, so nothing depends on the replacement.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts of any kind; after these it takes a pause between two tries (2 s,
 * the first one up to 4 s) and two periods more. Requests are answered at once, from the
 * node's own set. A node that has lost its memory gets back what it had told another. In a
 * cut, values spread among those who reach each other, as soon as what somebody says is not
 * acknowledged; who only lacks its link to the first node and says nothing has to wait.
 *
 * Costs: with n nodes, hops of L ms, a budget B, and a guard g of 12 ms, 39 on a busy machine:
 * - G = B - 2L - 1.5 g, or 2L if that is more. A value waits at most G for its node to speak,
 *   which is g + L before the hub does; L later it is everywhere: after G + g + 2L < B. A
 *   machine that stands still meanwhile makes it later by as long.
 * - Maelstrom's stable latency is lower by L: a node which a message is on its way to is
 *   asked only when that has arrived, so a read sees what was sent to its node before.
 * - At most 2 (n - 1) messages a period, half of them only from nodes with news, and n - 1
 *   more where somebody was late for it. Then n - 1 acknowledgements, and silence.
 * - Each value crosses to each node once. With 50 values a second, all that is sent is
 *   2.2 times the digits of the values at most, 2.3 times on a busy machine.
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
 * B, in milliseconds. The limit for the stable latency is 600, which is B - L = 514 at most
 * here: real machines stand still for 60 ms at any time. More means fewer messages.
 */
export const BUDGET_MS = 614;

/**
 * How long an acknowledgement for the hub waits for values to ride on: less costs
 * messages, more delays what has to be sent again.
 */
const ACK_DELAY_MS = 1_500;

/** How soon after each other values are told to a hub that never answered, in milliseconds. */
const HURRY_MS = 10;

/** What clients and nodes say to each other: nodes in letters, since values are short. */
export const gossipProtocol = {
  ...broadcastProtocol,
  ...amongNodes({
    g: message({
      ...saying(integer),
      ...hubMarks,
      /** Milliseconds until the sender speaks again, if it has anything to say. */
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
  let isHurrying = false;
  const ackDelayMs = () => Math.max(ACK_DELAY_MS, metronome.periodMs);

  function learn(value: Integer, src: string): void {
    if (values.has(value)) return;
    values.add(value);
    for (const [id, peer] of peers) {
      if (id !== src && hub.isNeighbour(id)) peer.owe(value);
    }
  }

  /** Tells news if that is due; and very soon to a hub that never answered: nobody knows the way. */
  function wake(): void {
    metronome.wake();
    const toHub = peers.get(hub.id);
    if (isHurrying || !toHub?.isUnanswered || !toHub.hasNews) return;
    speak(hub.id);
    isHurrying = true;
    node.after(HURRY_MS, () => {
      isHurrying = false;
      wake();
    });
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
      ...(!toHub && { t: Math.round(metronome.nextMs) }),
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
    const isFirst = !peer.hasHeard && gossip.v.length > 0;
    const isInStep = peer.heardAt > -Infinity && gossip.v.length > 0;
    const { items, isUrgent } = peer.hear(gossip);
    for (const value of items) learn(value, src);
    wake();
    if (isInStep && hub.isHere) metronome.hear();
    const joins = hub.hear(src, gossip);
    if (joins && node.id !== hub.first) peer.oweAs(peers.get(hub.first)!);
    chooseHub();
    if (src === hub.id && gossip.t !== undefined) metronome.follow(gossip.t);
    if (isUrgent || joins || isFirst && src !== hub.id) speak(src);
  });

  node.on("broadcast", ({ message }) => {
    learn(message, node.id);
    wake();
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
