/**
 * Challenge 4, variant: a grow-only counter under one key of seq-kv. https://fly.io/dist-sys/4
 *
 * Algorithm: the key holds the total and, for each node, the name of its last add. An add is a
 * compare-and-set from the value that this node knows. If another node was faster, this node looks
 * again and retries. A look is a barrier (a write of something new, which brings this node up to
 * date with the store) and a read. A winner knows the newest value, and might win for ever; so it
 * lets the others try before it. Waiting adds share one compare-and-set, waiting reads one look.
 *
 * Guarantees: an acknowledged add is in the store, once. No value recurs, since each contains a new
 * name, so a repeated or late compare-and-set fails; after a failure, the name of this node's last
 * add tells whether it had succeeded. Reads and adds are linearizable. Nodes never talk to each
 * other, so partitions between them change nothing, and nodes keep no state that the store does not
 * have. An add that loses races for 4 s is refused, or ends unknown. Serves crowds of 200 ms.
 *
 * Costs: a read is 4 messages; an add is 2, plus 6 for each lost race. On the official command
 * about half of the adds lose one: S is about (2 * 4 + 1 * (2 + 6 / 2)) / 3 = 4.3. A read takes two
 * round trips to the store, an add one, plus three for each lost race.
 */
import { program, run } from "../lib/maelstrom.ts";
import { Kv } from "../lib/services/kv.ts";
import { Rounds } from "../lib/services/rounds.ts";
import { Turns } from "../lib/services/turns.ts";
import { counterProtocol, type Integer, plus } from "../lib/protocols.ts";

const KEY = "counter";

/** How many round trips it takes other nodes, which have to look, to try what takes a winner one. */
const OTHERS_TRIPS = 3;

/** What the key holds. */
type Counter = {
  total: Integer;
  /** By node, the name of its last add. */
  adds: [node: string, name: string][];
};

/** A node of a counter that is one key of seq-kv. */
const counter4cas = program(counterProtocol, (node) => {
  const kv = new Kv<Counter>(node, "seq-kv");
  const turns = new Turns(node);
  const adds = new Rounds(node, add, () => turns.next());
  const reads = new Rounds(node, async (readers: null[]) => {
    const { total } = await look() ?? { total: 0 };
    return readers.map(() => total);
  });
  /** What the key held when this node last looked or changed it; null for nothing. */
  let known: Counter | null = null;

  node.on("add", async ({ delta }) => {
    await adds.join(delta);
    return {};
  });

  node.on("read", async () => ({ value: await reads.join(null) }));

  async function add(deltas: Integer[]): Promise<void[]> {
    const delta = deltas.reduce(plus);
    const name = `${node.random()}`;
    if (known === null) {
      await look();
      turns.saw(0);
    }
    for (let tried = 0;; tried++) {
      const before: Counter | null = known;
      if (before?.adds.some(([, other]) => other === name)) return []; // only the reply was lost
      const others = before?.adds.filter(([id]) => id !== node.id) ?? [];
      const after: Counter = {
        total: plus(before?.total ?? 0, delta),
        adds: [...others, [node.id, name]],
      };
      if (await kv.cas(KEY, before, after)) {
        known = after;
        turns.won(tried === 0 ? OTHERS_TRIPS : 1);
        return [];
      }
      turns.saw(1);
      await look();
    }
  }

  /** What the key holds now. */
  async function look(): Promise<Counter | null> {
    await kv.sync();
    return known = await kv.read(KEY);
  }
});

export default counter4cas;

if (import.meta.main) await run(counter4cas);
