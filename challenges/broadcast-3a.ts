/**
 * Challenge 3a: broadcast on one node. https://fly.io/dist-sys/3a
 *
 * Algorithm: a set of values.
 *
 * Guarantees: a read returns exactly the values broadcast before it, each once, in the order
 * in which they first arrived. Nothing survives the process.
 *
 * Costs: one reply per request, no message between nodes (S = 0); a read copies the set.
 */
import { program, run } from "../lib/maelstrom.ts";
import { broadcastProtocol, type Integer } from "../lib/protocols.ts";

/** A set. */
const broadcast3a = program(broadcastProtocol, (node) => {
  const values = new Set<Integer>();

  node.on("broadcast", ({ message }) => {
    values.add(message);
    return {};
  });

  node.on("read", () => ({ messages: [...values] }));

  node.on("topology", () => ({}));
});

export default broadcast3a;

if (import.meta.main) await run(broadcast3a);
