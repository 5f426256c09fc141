/**
 * Challenge 3c, variant: batches. https://fly.io/dist-sys/3c
 *
 * Algorithm: flooding in the topology that the test gives. For each neighbour, a node keeps the
 * values that the neighbour may lack, until it acknowledges or sends them. Once a period the node
 * sends them all in one message. One such batch at a time is under way to a neighbour, and is
 * resent, at most 100 values of it, with backoff, until acknowledged. Without a topology, or with
 * one that does not connect all nodes, all are neighbours; a later neighbour is sent everything.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication, reordering and
 * partitions of any kind, without new traffic. After the last of these has ended it takes at most
 * CAP_MS, and a period and three hops for each edge on its way. Requests are answered at once, from
 * the node's own set. A node that starts asks its neighbours for all that they have, and its reads
 * wait for the answers, for a second at most. So one that lost its memory, and its topology, shows
 * again all that it had told another.
 *
 * Costs: with e edges, a period of P ms, a hop of L ms and a diameter of d hops
 * - at most 4 e messages per P, acknowledgements included, however many values there are; none when
 *   no node lacks anything. 5 edges and P = 200 make 100 a second, S <= 100 / rate. At low rates
 *   values travel alone, and cross each edge twice at most, as in 3c-immediate;
 * - without loss, a value waits at each hop for at most one acknowledgement and P, and then
 *   travels: it is everywhere after d (P + 3 L), 3 P in the official grid;
 * - a cut edge costs each of its nodes a message per 200 ms to CAP_MS, 0.9 s on average, and up to
 *   three times that if a node has just started.
 */
import { program, run } from "../lib/maelstrom.ts";
import { givenNeighbours } from "../lib/gossip/neighbours.ts";
import { Recall, recallProtocol, refusal } from "../lib/gossip/recall.ts";
import { Patience } from "../lib/services/patience.ts";
import {
  amongNodes,
  array,
  broadcastProtocol,
  type Integer,
  integer,
  natural,
  rpc,
} from "../lib/protocols.ts";

/**
 * P: the period in which values wait to be sent together, in milliseconds. A longer one saves
 * messages, a shorter one shows values sooner.
 */
const PERIOD_MS = 200;

/**
 * The longest pause between two tries to reach a neighbour, in milliseconds: a shorter one sends
 * more in vain, a longer one delays values after a cut.
 */
const CAP_MS = 1_600;

/** How many values a repeated batch holds at most. */
const PART = 100;

/** How long a node waits for its topology before it asks its neighbours what they have, in milliseconds. */
const ASK_MS = 200;

const protocol = {
  ...broadcastProtocol,
  ...recallProtocol(integer),
  ...amongNodes({
    broadcast_many: rpc({ messages: array(integer), life: natural }, {}),
  }),
};

/** Flooding in a topology, in batches. */
const batch = program(protocol, (node) => {
  const values = new Set<Integer>();
  const patience = new Patience(node, { capMs: CAP_MS });
  const recall = new Recall<Integer>(node, {
    patience,
    all: () => [...values],
    take: (known, src) => known.forEach((message) => learn(message, src)),
  });
  let neighbours = node.peers;
  /** By neighbour, the values that it may lack. */
  const pending = new Map(node.peers.map((id) => [id, new Set<Integer>()]));
  /** The neighbours whose acknowledgement is awaited. */
  const busy = new Set<string>();

  function learn(message: Integer, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) if (id !== src) pending.get(id)?.add(message);
  }

  async function tell(id: string, lacking: Set<Integer>): Promise<void> {
    let messages = [...lacking];
    busy.add(id);
    await patience.until((options, isAgain) => {
      if (isAgain) messages = messages.slice(0, PART);
      const request = { messages, life: recall.life.stamp };
      return node.rpc(id, "broadcast_many", request, options);
    });
    busy.delete(id);
    for (const message of messages) lacking.delete(message);
  }

  node.after(ASK_MS, () => recall.from(neighbours));

  node.every(PERIOD_MS, () => {
    for (const [id, lacking] of pending) {
      if (lacking.size > 0 && !busy.has(id)) tell(id, lacking);
    }
  });

  node.on("broadcast_many", ({ messages, life }, src) => {
    if (!recall.accepts(src, life)) throw refusal();
    for (const message of messages) {
      pending.get(src)?.delete(message);
      learn(message, src);
    }
    return {};
  });

  node.on("topology", ({ topology }) => {
    const before = neighbours;
    neighbours = givenNeighbours(node, topology);
    for (const id of neighbours) {
      const lacking = pending.get(id)!;
      if (!before.includes(id)) values.forEach((value) => lacking.add(value));
    }
    return {};
  });

  node.on("broadcast", ({ message }, src) => {
    learn(message, src);
    return {};
  });

  node.on("read", () => recall.catchUp.run(() => ({ messages: [...values] })));
});

export default batch;

if (import.meta.main) await run(batch);
