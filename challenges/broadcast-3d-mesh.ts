/**
 * Challenge 3d, variant: one hop. https://fly.io/dist-sys/3d
 *
 * Algorithm: the node that gets a value from a client sends it to every other node at once; nothing
 * is forwarded. Values go over reliable links: acknowledgements ride on the next values that go the
 * other way, and travel alone if there are none for D ms. What is not acknowledged in time is
 * resent, all in one message, with growing, jittered pauses up to a cap.
 *
 * Guarantees: a value is everywhere after one hop. Through loss, duplication, reordering and
 * partitions of any kind an acknowledged value reaches every node within 3.5 s and two hops of the
 * end of the last of these faults, without new traffic. Requests are answered at once, from the
 * node's own set. A node that starts greets the others, and its reads wait for what they know, for
 * a second at most. So a node that lost its memory shows again what it had told another, and
 * resends its own values to all.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value is everywhere after L: no protocol is faster. That takes n - 1 messages: with half of
 *   the operations reads, S = (n - 1) / 2, 12 for 25 nodes;
 * - an acknowledgement travels alone if its node gets no value for D: with r operations a second at
 *   each node one in 2^(r D), 1 in 64 on the official command. At the end, one of any two nodes
 *   acknowledges alone what it heard last: n (n - 1) / 2 messages. A node greets those to whom it
 *   has sent nothing for GREET_MS: at most n (n - 1) messages. So S = 12 + 0.2 + 0.15 + 0.3 on that
 *   command, and at most n on any. With round trips of up to 400 ms a value is sent to a node once;
 * - a node that is cut off costs every other a message per 2.2 to 2.8 s, however many values wait.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { type Node, program, type ProtocolOf, run } from "../lib/maelstrom.ts";
import {
  array,
  broadcastProtocol,
  either,
  type Integer,
  integer,
  object,
  string,
  type TypeOf,
} from "../lib/protocols.ts";

/**
 * D: how long an acknowledgement waits for values to ride on, in milliseconds. A longer time saves
 * messages, and delays resends by as much.
 */
const ACK_DELAY_MS = 1_500;

/** How long a starting node's greetings wait for values to ride on, in milliseconds. */
const GREET_MS = 400;

/**
 * The longest pause between two tries, in milliseconds. It must be longer than D, a look and a
 * round trip together, or values are sent twice. A longer pause sends less in vain, and delays
 * values after a cut.
 */
const CAP_MS = 2_500;

/**
 * The mean time between two looks for messages that are due, in milliseconds. Each time is drawn
 * at random, up to half as much longer or shorter.
 */
const LOOK_MS = 200;

/** One value that the sender got from a client, or all values that the sender has from one node. */
const news = either(integer, object({ of: string, values: array(integer) }));

/** What clients and nodes of a mesh say to each other. */
export const meshProtocol = { ...broadcastProtocol, ...linksProtocol(news) };

/**
 * The algorithm.
 *
 * @param periodMs the least time between two sends of new values to the others, in milliseconds
 */
export function mesh(
  node: Node<ProtocolOf<typeof meshProtocol>>,
  periodMs: number,
): void {
  /** By value, the node that it came from. */
  const values = new Map<Integer, string>();
  const links = new Links<TypeOf<typeof news>>(node, {
    deliver(items, src) {
      for (const item of items) {
        if (typeof item !== "object") {
          learn([item], src);
          continue;
        }
        const { of } = item;
        const unknown = learn(item.values, of);
        // The node that the values came from may have lost its memory, and met no node that has them.
        if (unknown.length === 0 || of === src || of === node.id) continue;
        if (node.ids.includes(of)) {
          links.tell(of, { of, values: unknown });
        }
      }
    },
    all() {
      const from = Map.groupBy(values.keys(), (value) => values.get(value)!);
      return node.ids.filter((of) => from.has(of))
        .map((of) => ({ of, values: from.get(of)! }));
    },
    ackDelayMs: ACK_DELAY_MS,
    greetMs: GREET_MS,
    flushMs: 1.5 * LOOK_MS,
    capMs: CAP_MS,
  });
  /** This node's own values that the others have not been sent. */
  let untold: Integer[] = [];
  /** When values are sent next, or were sent last; and whether a timer waits for that. */
  let tellAt = -Infinity, isWaiting = false;

  /** Returns the values that are new. Those that are this node's own, even from an earlier life, go to all. */
  function learn(some: Integer[], of: string): Integer[] {
    const unknown = some.filter((value) => !values.has(value));
    for (const value of unknown) values.set(value, of);
    if (of === node.id && unknown.length > 0) {
      untold = untold.concat(unknown);
      tellSoon();
    }
    return unknown;
  }

  function tell(): void {
    isWaiting = false;
    for (const value of untold) links.push(value);
    untold = [];
    links.flush();
  }

  /** Sends the others what is new, as soon as a period has passed since the last time. */
  function tellSoon(): void {
    if (isWaiting) return;
    const now = node.now();
    tellAt = Math.max(now, tellAt + periodMs);
    isWaiting = tellAt > now;
    if (isWaiting) node.after(tellAt - now, tell);
    else tell();
  }

  function look(): void {
    links.flush();
    node.after(LOOK_MS * (0.5 + node.random()), look);
  }
  look();

  node.on("broadcast", ({ message }) => {
    learn([message], node.id);
    return {};
  });

  node.on(
    "read",
    () => links.catchUp.run(() => ({ messages: [...values.keys()] })),
  );

  node.on("topology", () => ({}));
}

/** Broadcast in one hop. */
const broadcastMesh = program(meshProtocol, (node) => mesh(node, 0));

export default broadcastMesh;

if (import.meta.main) await run(broadcastMesh);
