/**
 * Challenge 2, variant: a counter on each node. https://fly.io/dist-sys/2
 *
 * Algorithm: an id is a counter's name and its next number. If that were only the node's name, ids
 * would repeat after a restart, when the counter starts at 0 again. So the counter's name also
 * holds the time at which the node started and, since a clock may stand still or be set back, a
 * random number.
 *
 * Guarantees: totally available. Ids are strings, unique across nodes; across restarts they are
 * unique if either the start time or the random number differs, which fails only with a frozen
 * clock, with probability 2^-53 for each pair of lives. The ids of one life are in the order of its
 * counter.
 *
 * Costs: one reply per request, no message between nodes (S = 0); about 27 bytes an id.
 */
import { program, run } from "../lib/maelstrom.ts";
import { uniqueIdsProtocol } from "../lib/protocols.ts";

/** Answers every request with the next number of this life of this node. */
const uniqueIdsCounter = program(uniqueIdsProtocol, (node) => {
  const startedMs = Math.floor(node.now()).toString(36);
  const tieBreak = Math.floor(node.random() * 2 ** 53).toString(36);
  const counter = `${node.id}-${startedMs}-${tieBreak}`;
  let count = 0;

  node.on("generate", () => ({ id: `${counter}-${count++}` }));
});

export default uniqueIdsCounter;

if (import.meta.main) await run(uniqueIdsCounter);
