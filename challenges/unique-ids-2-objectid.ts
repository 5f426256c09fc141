/**
 * Challenge 2, variant: modelled on MongoDB's ObjectId. https://fly.io/dist-sys/2
 *
 * Algorithm: an id is the time in seconds, the node, a random number for the process, and a
 * counter, as in an ObjectId. Unlike in an ObjectId, the parts are separated, so that "1" and "23"
 * differ from "12" and "3"; the node is named, not hashed; and the counter does not wrap.
 *
 * Guarantees: totally available. Ids are strings, unique across nodes and restarts whatever the
 * clock does: the clock affects only their order. Two lives of a node draw the same process number
 * with probability 2^-53. Sorted as text, ids are in the order of the seconds in which they were
 * made, as far as the nodes' clocks agree; within a second, those of one life are in order (up to
 * 2^24 ids).
 *
 * Costs: one reply per request, no message between nodes (S = 0); about 33 bytes an id.
 */
import { program, run } from "../lib/maelstrom.ts";
import { uniqueIdsProtocol } from "../lib/protocols.ts";

/** A number in hexadecimal digits: 8 hold the seconds until 2106, 14 hold 53 bits, 6 hold 2^24 ids. */
const hex = (n: number, digits: number) =>
  Math.floor(n).toString(16).padStart(digits, "0");

/** Answers every request with the time, this node, this life of it, and a number. */
const uniqueIdsObjectid = program(uniqueIdsProtocol, (node) => {
  const process = hex(node.random() * 2 ** 53, 14);
  let count = 0;

  node.on("generate", () => {
    const seconds = hex(node.now() / 1000, 8);
    return { id: `${seconds}-${node.id}-${process}-${hex(count++, 6)}` };
  });
});

export default uniqueIdsObjectid;

if (import.meta.main) await run(uniqueIdsObjectid);
