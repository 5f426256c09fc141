/**
 * Challenge 3a: broadcast on one node. https://fly.io/dist-sys/3a
 *
 * Algorithm: values go into a set, and reads show it.
 *
 * Guarantees: a read holds exactly the values of the broadcasts before it, each once,
 * in the order in which they came first. Nothing survives the process.
 *
 * Costs: one reply a request, no message between nodes (S = 0); a read copies the set.
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
