/**
 * Challenge 3d, variant: one hop. https://fly.io/dist-sys/3d
 *
 * Algorithm: the node that gets a value from a client sends it to every other node at once; nothing
 * is forwarded. Values go over reliable links: acknowledgements ride on the next values that go the
 * other way, and travel alone if there are none for D ms. What is not acknowledged in time is
 * resent, all in one message, with growing, jittered pauses up to a cap.
 *
 * Guarantees: a value is everywhere after one hop. Through loss, duplication, reordering and
 * partitions of any kind an acknowledged value reaches every node within 3.5 s and two hops of
 * the end of the last one, without new traffic. Requests are answered at once, from the node's
 * own set. A node that starts greets the others, and its reads wait for what they know, for a
 * second at most, so one that lost its memory shows again what it had told another, and tells all
 * what was its own.
 *
 * Costs: with n nodes and a hop of L ms
 * - a value is everywhere after L: no protocol is faster. That takes n - 1 messages: with half
 *   of the operations reads, S = (n - 1) / 2, 12 for 25 nodes;
 * - an acknowledgement travels alone if its node gets no value for D: with r operations a second
 *   at each node one of 2^(r D), 1 of 64 on the official command. At the end, one of any two
 *   nodes acknowledges alone what it heard last: n (n - 1) / 2 messages. A node greets those it
 *   has nothing to tell for GREET_MS: at most n (n - 1) messages. So S = 12 + 0.2 + 0.15 + 0.3
 *   there, and at most n anywhere. With round trips of up to 400 ms a value crosses to a node once;
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
 * D: how long an acknowledgement waits for values to ride on, in milliseconds. Longer saves
 * messages, and delays resends by as much.
 */
const ACK_DELAY_MS = 1_500;

/** How long a starting node waits for values before it greets the others, in milliseconds. */
const GREET_MS = 400;

/**
 * The longest pause between two tries, in milliseconds: more than D, a look and a round
 * trip, or values are sent twice. Longer sends less in vain, and spreads values later after a
 * cut.
 */
const CAP_MS = 2_500;

/**
 * The mean time between two looks for what has waited long enough, in milliseconds; each is drawn
 * anew, and up to half as much longer or shorter.
 */
const LOOK_MS = 200;

/** A value of the sender's own, or all that it has from one node. */
const news = either(integer, object({ of: string, values: array(integer) }));

/** What nodes of a mesh say and are told. */
export const meshProtocol = { ...broadcastProtocol, ...linksProtocol(news) };

/**
 * The algorithm.
 *
 * @param periodMs how often a node tells the others something new, at most
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
        // The value's node may have lost its memory, and have met nobody who knows it.
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
  /** What the others have not been told. */
  let untold: Integer[] = [];
  /** When they are told next, or were told last. */
  let tellAt = -Infinity;

  /** Gives those that are new. This node's own the others have from it, even those of an earlier life. */
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
    for (const value of untold) links.push(value);
    untold = [];
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
