/**
 * Challenge 2: unique ids. https://fly.io/dist-sys/2
 *
 * Algorithm: an id is the node's name, a random epoch drawn when the node starts, and a
 * counter, with separators between them. Two ids are equal only if all three parts are: the
 * name tells nodes apart, the epoch tells the lives of a node apart, and the counter tells
 * apart the ids of one life.
 *
 * Guarantees: totally available, since a node needs no other. Ids are strings, unique across nodes
 * and restarts, and need no clock: clocks may stand still or run backwards, and a node may start
 * twice in one millisecond. Two lives of a node draw the same epoch with probability 2^-106, so a
 * thousand restarts of each of a thousand nodes produce a collision with probability below 2^-76.
 *
 * Costs: one reply per request, no message between nodes (S = 0); about 30 bytes per id.
 */
import { program, run } from "../lib/maelstrom.ts";
import { uniqueIdsProtocol } from "../lib/protocols.ts";

/** Answers every request with an id that nobody has given before. */
const uniqueIds = program(uniqueIdsProtocol, (node) => {
  // A draw has 53 random bits, at most 11 characters in base 36.
  const draw = () => Math.floor(node.random() * 2 ** 53).toString(36);
  const epoch = `${draw()}.${draw()}`;
  let count = 0;

  node.on("generate", () => ({ id: `${node.id}-${epoch}-${count++}` }));
});

export default uniqueIds;

if (import.meta.main) await run(uniqueIds);
