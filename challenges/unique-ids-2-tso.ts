/**
 * Challenge 2, variant: from a timestamp oracle. https://fly.io/dist-sys/2
 *
 * Algorithm: the service lin-tso gives out each timestamp once. A node asks for one when it starts,
 * and an id is this timestamp and a count, as a Hi/Lo generator combines a number from a database's
 * sequence with its own.
 *
 * Guarantees: ids are strings, unique across nodes and restarts, with no clock and no randomness:
 * no two lives get the same timestamp. The ids of one life are in order; those of a life that
 * starts later begin with a higher number. Partitions between nodes make no difference; only a
 * life's first requests wait for the service, and are refused after 4 s.
 *
 * Costs: 2 messages for each life of a node (S = 6 / 30,000 on the official command), then one
 * reply a request; about 8 bytes an id.
 */
import { program, run } from "../lib/maelstrom.ts";
import { uniqueIdsProtocol } from "../lib/protocols.ts";
import { Rounds } from "../lib/services/rounds.ts";
import { Tso } from "../lib/services/tso.ts";

/** Answers every request with a timestamp of this life and a count. */
const uniqueIdsTso = program(uniqueIdsProtocol, (node) => {
  const life = new Tso(node).ts();
  let count = 0;
  /** Ids for requests, which wait for the timestamp together. */
  const ids = new Rounds(node, async (asked: null[]) => {
    const timestamp = await life;
    return asked.map(() => `${timestamp}-${count++}`);
  }, async () => void await life);

  node.on("generate", async () => ({ id: await ids.join(null) }));
});

export default uniqueIdsTso;

if (import.meta.main) await run(uniqueIdsTso);
