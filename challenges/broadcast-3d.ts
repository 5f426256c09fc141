/**
 * Challenge 3d: broadcast with few messages. https://fly.io/dist-sys/3d
 *
 * Algorithm: gather and scatter. One hub, the first node, tells all others what is new
 * once per period G. The others give it what is new to them just before that: every
 * message of the hub says when its next one comes, and by how much earlier to speak is
 * measured (round trips, as TCP measures them). Acknowledgements ride on values; a node
 * with nothing to say and nothing to acknowledge is silent.
 *
 * When the first node does not answer, the next in order that does takes its place for
 * those that it can reach, and hands their values on to whoever is still in touch with
 * the first. Their values are owed to the first node all the same until it acknowledges
 * them, and it owes all values to all nodes: so nothing depends on the replacement,
 * and when the cut ends everybody finds back to the first node.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts of any kind, after which it takes one more pause between two
 * tries (2 s) and two periods. Requests are answered at once, from the node's own set. In a cut, values
 * spread among those who reach each other. Nodes must not lose their memory.
 *
 * Costs: with n nodes, a hop of L ms, a guard of g ms, and a budget B,
 * - G = B - 2L - g. A value waits at most G for its node to speak, which is g + L before
 *   the hub does; L later it is everywhere: after G + g + 2L = B at most.
 * - Maelstrom's stable latency is lower by L: a node which a message is on its way to is
 *   asked only when that has arrived, so a read sees what was sent to its node before.
 * - 2 (n - 1) messages a period at most, of which n - 1 only from nodes with news: with
 *   n = 25, L = 100, B = 660 less than 117 a second, and about 100 at 50 values a second.
 *   Then n - 1 acknowledgements, and silence.
 * - Each value crosses to each node once.
 * - If B is too short for the links (B < 4L + g), G is a round trip.
 */
import { Conversation, RoundTrip, type Saying } from "../lib/conversation.ts";
import { type Node, run, type Stop } from "../lib/maelstrom.ts";

/**
 * B, in milliseconds. The limit for the stable latency is 600, which is B - L = 560 at
 * most here; what is left is for slow machines. More means fewer messages.
 */
export const BUDGET_MS = 660;

/**
 * By how much values reach the hub before it speaks, at least. What comes later waits for
 * a whole period: timers are late by 2 ms as a rule, by 30 on a busy machine.
 */
export const GUARD_MS = 40;

/** How long an acknowledgement for the hub waits for values to ride on: less costs messages, more delays what is sent again. */
const ACK_DELAY_MS = 1_500;

/** How long the hub waits for more that is late before it speaks again. */
const CATCH_UP_MS = 10;

/** Values, acknowledgements, and what a node says of itself. */
interface Gossip extends Saying<number> {
  /** Milliseconds until the sender speaks again, if it has anything to say. */
  next?: number;
  /** The sender has chosen the receiver, who is not the first node, for its hub. */
  follow?: true;
  /** The sender, who is not the first node, is in touch with that. */
  up?: true;
}

/** What clients and nodes say to each other. */
export interface BroadcastProtocol {
  broadcast(request: { message: number }): Record<never, never>;
  read(): { messages: number[] };
  topology(request: { topology: object }): Record<never, never>;
  gossip(message: Gossip): void;
}

/**
 * The algorithm.
 *
 * @param budgetMs B: after so many milliseconds every value is everywhere, without faults
 */
export function gatherAndScatter(
  node: Node<BroadcastProtocol>,
  budgetMs: number,
): void {
  const values = new Set<number>();
  const first = node.ids[0]!;
  const before = node.ids.slice(0, node.ids.indexOf(node.id));
  const roundTrip = new RoundTrip();
  const peers = new Map(node.peers.map((id) => [
    id,
    new Conversation<number>(node, roundTrip, () => {
      chooseHub();
      if (isNeighbour(id)) speak(id);
    }),
  ]));
  const followers = new Set<string>();
  /** Who takes this node's values: itself where it is the hub. */
  let hub = first;
  /** A node in touch with the first one, when this one is not. */
  let relay: string | null = null;
  let tickAt = 0, stopTick: Stop = () => {};
  let isIdle = false, hubDueAt = 0, lateUntil = 0;

  const silent = (id: string) => peers.get(id)!.silence > 0;
  const isNeighbour = (id: string) =>
    hub === node.id || id === hub || id === first || followers.has(id);

  const guardMs = () => GUARD_MS + 3 * roundTrip.deviationMs;
  const tripMs = () => roundTrip.meanMs + guardMs();
  const periodMs = () => Math.max(budgetMs - tripMs(), roundTrip.meanMs);

  function learn(value: number, src: string): void {
    if (values.has(value)) return;
    values.add(value);
    for (const [id, peer] of peers) {
      if (id !== src && isNeighbour(id)) peer.owe(value);
    }
  }

  /** Speaks at once where there was nothing to say for a period; and to a hub that has never answered, or no round trip would be known. */
  function wake(): void {
    if (isIdle && node.now() > hubDueAt + guardMs()) {
      tick();
      lateUntil = 0;
      return;
    }
    const toHub = peers.get(hub);
    if (toHub?.isUnanswered && toHub.hasNews) speak(hub);
  }

  /** What reaches the hub just after its turn was to be in time, unless delays vary anyway: somebody was busy. */
  function catchUp(): void {
    if (hub !== node.id || node.now() > lateUntil) return;
    if (roundTrip.deviationMs > GUARD_MS) return;
    lateUntil = 0;
    node.after(CATCH_UP_MS, () => void speakToAll());
  }

  function tickIn(delayMs: number): void {
    tickAt = node.now() + delayMs;
    stopTick();
    stopTick = node.after(delayMs, tick);
  }

  function tick(): void {
    tickIn(periodMs());
    lateUntil = node.now() + periodMs() / 4;
    isIdle = !speakToAll();
  }

  /** Says to everybody what is due. Gives whether anything was. */
  function speakToAll(): boolean {
    let spoken = false;
    for (const [id, peer] of peers) {
      const owesMs = node.now() - peer.owesSince;
      const mustAck = owesMs + periodMs() > (id === hub ? ACK_DELAY_MS : 0);
      if (!mustAck && !(peer.hasNews && isNeighbour(id))) continue;
      speak(id);
      spoken = true;
    }
    return spoken;
  }

  /** Ticks so that what is said reaches the hub just before it speaks, which it will in `nextMs`. */
  function followTicks(nextMs: number): void {
    const now = node.now();
    // What is late by a little was late on its way: the hub spoke when it had said.
    const lateMs = now - hubDueAt;
    const isLate = lateMs > 0 && lateMs < guardMs();
    hubDueAt = nextMs + (isLate ? hubDueAt + lateMs / 8 : now);
    // A slow node's tick may be due just when it would be put off, again and again.
    if (tickAt - now < guardMs()) tick();
    const waitMs = hubDueAt - now - tripMs();
    tickIn(Math.max(0, waitMs < 0 ? waitMs + periodMs() : waitMs));
  }

  function speak(id: string): void {
    const peer = peers.get(id)!;
    const toHub = id === hub;
    // A hub answers when its period ends, but at once when it is chosen; others may wait.
    const waitMs = !toHub
      ? Math.max(ACK_DELAY_MS, periodMs())
      : id === first || peer.heardAt > -Infinity
      ? periodMs()
      : 0;
    node.send(id, "gossip", {
      ...peer.say(roundTrip.patienceMs + waitMs),
      ...(toHub && id !== first && { follow: true }),
      ...(!toHub && { next: Math.max(0, Math.round(tickAt - node.now())) }),
      ...(!toHub && hub === first && node.id !== first && { up: true }),
    });
  }

  /** The first node while it answers, else a relay to it, else the next in order that answers. */
  function chooseHub(): void {
    if (node.id === first) return;
    if (relay !== null && silent(relay)) relay = null;
    const best = !silent(first)
      ? first
      : relay ?? before.find((id) => !silent(id)) ?? node.id;
    if (best === hub) return;
    const old = hub;
    hub = best;
    if (old !== node.id && old !== first) speak(old);
    if (hub === first) return;
    followers.delete(hub);
    for (const [id, peer] of peers) {
      if (id === first || !isNeighbour(id)) continue;
      peer.oweAs(peers.get(first)!);
      if (!silent(id)) speak(id);
    }
  }

  node.on("gossip", (gossip, src) => {
    const peer = peers.get(src);
    if (peer === undefined) return;
    const isFirst = !peer.hasHeard && gossip.items.length > 0;
    const isUrgent = peer.hear(gossip);
    for (const value of gossip.items) learn(value, src);
    wake();
    if (gossip.items.length > 0 && !isFirst) catchUp();

    const joins = gossip.follow === true && !followers.has(src);
    if (joins) {
      followers.add(src);
      if (node.id !== first) peer.oweAs(peers.get(first)!);
    } else if (!gossip.follow) followers.delete(src);

    if (gossip.up && hub === node.id) relay = src;
    else if (!gossip.up && relay === src) relay = null;
    chooseHub();

    if (src === hub && gossip.next !== undefined) followTicks(gossip.next);
    if (isUrgent || joins || isFirst && src !== hub) speak(src);
  });

  node.on("broadcast", ({ message }) => {
    learn(message, node.id);
    wake();
    return {};
  });
  node.on("read", () => ({ messages: [...values] }));
  node.on("topology", () => ({}));
  // Timers begin with the first message, which may come long after `init`.
  node.after(0, () => tickIn(periodMs()));
}

/** Broadcast by gather and scatter. */
export default function broadcast(node: Node<BroadcastProtocol>): void {
  gatherAndScatter(node, BUDGET_MS);
}

if (import.meta.main) await run(broadcast);
