/**
 * Challenge 3d, variant: one hop. https://fly.io/dist-sys/3d
 *
 * Algorithm: the node that gets a value from a client tells every other node, at once;
 * nobody passes anything on. The values go over reliable links: acknowledgements say
 * how many have arrived and ride on the next values that go the other way; only where
 * there are none for D ms do they travel alone. What is not acknowledged in time is
 * sent again, all in one message, and then with growing, jittered pauses up to a cap.
 *
 * Guarantees: a value is everywhere after one hop. Through loss, duplication, reordering
 * and cuts of any kind an acknowledged value reaches every node: within 3.5 s and two
 * hops of the end of the last one. No new traffic is needed for that. Requests are
 * answered at once, from the node's own set, whoever is cut off. Nothing survives the
 * process.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value is everywhere after L: no protocol is faster;
 * - that takes n - 1 messages: with half of the operations reads, S = (n - 1) / 2, which
 *   is 12 for 25 nodes;
 * - an acknowledgement travels alone if its node gets no value for D. With r operations
 *   a second at each node, that is one of 2^(r D), one of 64 on the official command. In
 *   the end, of any two nodes one has heard the other last, and acknowledges that: n (n
 *   - 1) / 2 messages. So S = 12 + 0.2 + 0.15 there, and n - 1 at most anywhere;
 * - each value crosses to each node once where round trips take 400 ms at most;
 * - a node that is cut off costs every other one a message per 2.2 to 2.8 s, once it is
 *   noticed, however many values wait.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import { broadcastProtocol } from "../lib/protocols.ts";
import { type Integer, integer } from "../lib/schema.ts";

/**
 * D, in milliseconds: how long an acknowledgement waits for values to ride on. More
 * costs fewer messages; what is lost is sent again later by as much.
 */
const ACK_DELAY_MS = 1_500;

/**
 * How long an acknowledgement may take, in milliseconds, before values are sent again: more
 * than D, a look and a round trip.
 */
const PATIENCE_MS = 2_200;

/**
 * How far that grows while a node is silent: more sends less in vain, and spreads values
 * later after a cut.
 */
const CAP_MS = 2_500;

/**
 * Between two looks for what has waited for long enough, on average, in milliseconds; at
 * most half as much again.
 */
const LOOK_MS = 200;

/** What nodes of a mesh say and are told. */
export const meshProtocol = {
  ...broadcastProtocol,
  ...linksProtocol(integer),
};

/**
 * The algorithm.
 *
 * @param periodMs how often a node tells the others something new, at most
 */
export function mesh(
  node: Node<ProtocolOf<typeof meshProtocol>>,
  periodMs: number,
): void {
  const values = new Set<Integer>();
  const links = new Links<Integer>(node, (messages) => {
    for (const message of messages) values.add(message);
  }, {
    ackDelayMs: ACK_DELAY_MS,
    patienceMs: PATIENCE_MS,
    capMs: CAP_MS,
    limitMs: CAP_MS,
  });
  /** What the others have not been told. */
  let news: Integer[] = [];
  /** When they are told next, or were told last. */
  let tellAt = -Infinity;

  function tell(): void {
    for (const message of news) links.push(message);
    news = [];
    links.flush();
  }

  /** Tells the others what is new, as soon as a period has passed since the last time. */
  function tellSoon(): void {
    const now = node.now();
    if (tellAt > now) return;
    tellAt = Math.max(now, tellAt + periodMs);
    if (tellAt === now) tell();
    else node.after(tellAt - now, tell);
  }

  function look(): void {
    links.flush();
    node.after(LOOK_MS * (0.5 + node.random()), look);
  }
  look();

  node.on("broadcast", ({ message }) => {
    if (!values.has(message)) {
      values.add(message);
      news.push(message);
      tellSoon();
    }
    return {};
  });

  node.on("read", () => ({ messages: [...values] }));

  node.on("topology", () => ({}));
}

/** Broadcast in one hop. */
const broadcastMesh = program(meshProtocol, (node) => mesh(node, 0));

export default broadcastMesh;

if (import.meta.main) await run(broadcastMesh);
