/**
 * Challenge 3d: broadcast with few messages. https://fly.io/dist-sys/3d
 *
 * Algorithm: gather and scatter. One hub, the first node, sends new values to all others in turns,
 * each as late as it can be for the oldest value to be everywhere within a budget of time. The hub
 * says how soon its next turn may be, and a margin before that the others send it their new values,
 * and for how long the oldest has waited. Acknowledgements ride on values. If the first node does
 * not answer, the next in order that does replaces it for the nodes it can reach. The first node
 * still gets every value and sends it to all, so delivery does not depend on the replacement.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication, reordering and
 * partitions of any kind, within a pause between two tries (2 s, the first up to 4 s) and two
 * periods of the end of these faults. Requests are answered at once, from the node's own set. A
 * node that lost its memory recovers what it had told another, within 4 s of the first message to
 * it or of a heal. In a partition, values spread among nodes that reach each other once an
 * acknowledgement is missing; a node that lost only the first node, and has no news, has to wait.
 *
 * Costs: with n nodes, hops of L ms, a budget B and a period G = B - 2L, at least 2L + 60 ms:
 * - a value waits at most G on its way, and is everywhere after B, plus any stall of the machine.
 *   Maelstrom's stable latency is lower by L: a read queues behind messages on their way;
 * - per turn, n - 1 messages from the hub, one from each node with new values, and up to three more
 *   for values that it gets in the next 90 ms. Turns are G apart on average; a stall may add one.
 *   After the last turn, n - 1 acknowledgements, and silence. Each value crosses to each node once:
 *   with 50 a second 2.2 times the digits of the values in the median run, 2.3 on a busy machine.
 */
import { conversations, saying } from "../lib/gossip/conversation.ts";
import { Hub, hubMarks } from "../lib/gossip/hub.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import {
  amongNodes,
  broadcastProtocol,
  type Integer,
  integer,
  message,
} from "../lib/protocols.ts";
import {
  Schedule,
  type ScheduleOptions,
  turnMarks,
} from "../lib/gossip/schedule.ts";

/**
 * B, in milliseconds; more means fewer messages. The limit for the stable latency is 600. Where
 * nothing is late, the stable latency is B - L = 468, but a real machine may stand still for 60 ms
 * at any time, and a process for 30 ms more.
 */
export const SCHEDULE: ScheduleOptions = { budgetMs: 568, windowMs: 90 };

/**
 * How long an acknowledgement for the hub waits for values to ride on, in milliseconds: a shorter
 * time costs messages, a longer one delays resends.
 */
const ACK_DELAY_MS = 3_000;

/** How long a node waits at most for its first acknowledgement, in milliseconds. */
const FIRST_TRY_MS = 4_000;

/** What clients and nodes say to each other. Nodes use one-letter names, since values are short, too. */
export const gossipProtocol = {
  ...broadcastProtocol,
  ...amongNodes({
    g: message({
      ...saying(integer),
      ...hubMarks,
      ...turnMarks,
    }),
  }),
};

/** The algorithm. Without faults every value is at every node within the budget, B. */
export function gatherAndScatter(
  node: Node<ProtocolOf<typeof gossipProtocol>>,
  options: ScheduleOptions,
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
  const schedule = new Schedule(node, roundTrip, options, speakToAll);
  const ackDelayMs = () => Math.max(ACK_DELAY_MS, schedule.longestMs);

  function learn(items: Integer[], src: string): void {
    const news = items.filter((value) => !values.has(value));
    if (news.length === 0) return;
    for (const value of news) values.add(value);
    peers.forEach((peer, id) => {
      if (id === src || !hub.isNeighbour(id)) return;
      for (const value of news) peer.owe(value);
    });
  }

  /** Sends all nodes what is due for them; returns whether anything was. */
  function speakToAll(): boolean {
    let spoken = false;
    // Acknowledgements go out with the turn; to the hub, only if they could not wait for the next.
    peers.forEach((peer, id) => {
      const delayMs = id === hub.id ? ackDelayMs() - schedule.longestMs : 0;
      const hasNews = hub.isNeighbour(id) && peer.hasNews;
      if (!hasNews && !peer.mustAnswer(delayMs)) return;
      speak(id);
      spoken = true;
    });
    return spoken;
  }

  function speak(id: string): void {
    const peer = peers.get(id)!;
    const toHub = id === hub.id;
    // A hub answers when its period ends, but at once when it is chosen; other nodes may take longer.
    const waitMs = !toHub
      ? ackDelayMs()
      : id === hub.first || peer.heardAt > -Infinity
      ? schedule.longestMs
      : 0;
    node.send(id, "g", {
      ...peer.say(Math.min(roundTrip.patienceMs + waitMs, FIRST_TRY_MS)),
      ...schedule.marks(toHub),
      ...hub.marks(id),
    });
  }

  /** Chooses the hub anew; a new one, and its followers, are owed all that the first node may lack. */
  function chooseHub(): void {
    const old = hub.choose();
    if (old === null) return;
    if (old !== node.id && old !== hub.first) speak(old);
    if (hub.id === hub.first) return;
    for (const [id, peer] of peers) {
      if (id === hub.first || !hub.isNeighbour(id)) continue;
      peer.oweAs(peers.get(hub.first)!);
      speak(id); // even if it is silent: nothing was resent to it while it was no neighbour
    }
  }

  node.on("g", (gossip, src) => {
    const peer = peers.get(src);
    if (peer === undefined) return;
    const { items, isUrgent } = peer.hear(gossip);
    learn(items, src);
    if (items.length > 0) {
      if (hub.isHere) schedule.hear(gossip);
      else if (src !== hub.id) schedule.take(false); // the hub may lack the items
    }
    const joins = hub.hear(src, gossip);
    if (joins && node.id !== hub.first) peer.oweAs(peers.get(hub.first)!);
    chooseHub();
    if (src === hub.id) schedule.follow(gossip);
    if (isUrgent || joins) speak(src);
  });

  node.on("broadcast", ({ message }) => {
    learn([message], node.id);
    schedule.take(hub.isHere);
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
  node.on("topology", () => ({}));
}

/** Broadcast by gather and scatter. */
const broadcast = program(
  gossipProtocol,
  (node) => gatherAndScatter(node, SCHEDULE),
);

export default broadcast;

if (import.meta.main) await run(broadcast);
