/**
 * Challenge 3c, variant: batches. https://fly.io/dist-sys/3c
 *
 * Algorithm: flooding in the topology that the test gives. A node keeps for every
 * neighbour the values that it may lack. Once a period it sends them all, in one
 * message; those that the neighbour acknowledges or sends itself are done with. One
 * batch at a time is under way to a neighbour, and is sent again, with backoff, until
 * it is acknowledged; what is new meanwhile goes with the next. Until a topology comes,
 * everybody is a neighbour, and likewise if it does not connect all nodes; so whatever
 * comes when, values go along all its edges.
 *
 * Guarantees: an acknowledged value reaches every node, through loss, duplication,
 * reordering and cuts of any kind: within CAP_MS, and a period and three hops per edge
 * on its way, of the end of the last one. No new traffic is needed for that. Requests
 * are answered at once, from the node's own set, whoever is cut off. A node that starts
 * asks its neighbours for all that they have: one that has lost its memory, and its
 * topology, gets back what it had told another.
 *
 * Costs: with e edges, a period of P ms, a hop of L ms and a diameter of d hops
 * - at most 4 e messages per P, acknowledgements included, however many values there
 *   are; none when nobody lacks anything. With 5 edges and P = 200: 100 a second, S <=
 *   100 / rate. At low rates values travel alone: a value crosses each edge twice at
 *   most, as in 3c-immediate;
 * - without loss a value waits for an acknowledgement at most, then for P, at each hop:
 *   it is everywhere after d (P + 3 L), 3 P in the official grid;
 * - an edge that is cut costs each of its nodes a message per 200 ms to CAP_MS, 0.9 s
 *   on average, and twice that where a node has just started.
 */
import { program, run } from "../lib/maelstrom.ts";
import { Life, OtherLives } from "../lib/gossip/life.ts";
import { givenNeighbours } from "../lib/gossip/neighbours.ts";
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
 * P: how long values wait for company, in milliseconds. More means fewer messages, and
 * later values.
 */
const PERIOD_MS = 200;

/**
 * Between two tries to reach a neighbour, at most, in milliseconds: less sends more in
 * vain, more spreads later after a cut.
 */
const CAP_MS = 1_600;

/** How long a node waits for its topology before it asks its neighbours what they have, in milliseconds. */
const ASK_MS = 200;

const protocol = {
  ...broadcastProtocol,
  ...amongNodes({
    broadcast_many: rpc({ messages: array(integer), life: natural }, {}),
    /** Says what its life is called, and gets all, and how its latest is called here. */
    ask: rpc({ life: natural }, { messages: array(integer), latest: natural }),
  }),
};

/** Flooding in a topology, in batches. */
const batch = program(protocol, (node) => {
  const values = new Set<Integer>();
  const patience = new Patience(node, { capMs: CAP_MS });
  const life = new Life(node);
  const lives = new OtherLives();
  let neighbours = node.peers;
  /** What each node may lack, as far as it is this one's business. */
  const pending = new Map(node.peers.map((id) => [id, new Set<Integer>()]));
  /** Those whose acknowledgement is awaited. */
  const busy = new Set<string>();

  function learn(message: Integer, src: string): void {
    if (values.has(message)) return;
    values.add(message);
    for (const id of neighbours) if (id !== src) pending.get(id)?.add(message);
  }

  async function tell(id: string, lacking: Set<Integer>): Promise<void> {
    const messages = [...lacking];
    busy.add(id);
    await patience.until((options) =>
      node.rpc(id, "broadcast_many", { messages, life: life.stamp }, options)
    );
    busy.delete(id);
    for (const message of messages) lacking.delete(message);
  }

  /** This may be a later life of the node: its neighbours have what it has lost. */
  node.after(ASK_MS, () => {
    for (const id of neighbours) {
      patience.until((options) =>
        node.rpc(id, "ask", { life: life.stamp }, options)
      ).then(({ messages, latest }) => {
        life.raise(latest);
        for (const message of messages) learn(message, id);
      });
    }
  });

  node.every(PERIOD_MS, () => {
    for (const [id, lacking] of pending) {
      if (lacking.size > 0 && !busy.has(id)) tell(id, lacking);
    }
  });

  node.on("ask", ({ life }, src) => {
    lives.isOver(src, life);
    return { messages: [...values], latest: lives.latest(src) };
  });

  node.on("broadcast_many", ({ messages, life }, src) => {
    // What a life had told nobody before it was over, the next one does not know either.
    if (lives.isOver(src, life)) return {};
    for (const message of messages) {
      pending.get(src)?.delete(message);
      learn(message, src);
    }
    return {};
  });

  node.on("topology", ({ topology }) => {
    neighbours = givenNeighbours(node, topology);
    return {};
  });

  node.on("broadcast", ({ message }, src) => {
    learn(message, src);
    return {};
  });

  node.on("read", () => ({ messages: [...values] }));
});

export default batch;

if (import.meta.main) await run(batch);
