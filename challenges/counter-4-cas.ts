/**
 * Challenge 4, variant: a grow-only counter under one key of seq-kv. https://fly.io/dist-sys/4
 *
 * Algorithm: the key holds the total and, for each node, the name of its last add. An add is a
 * compare-and-set from the value that this node knows. If another node was faster, this node looks
 * again and retries after a random pause that doubles; after a second, without a pause. A look is a
 * barrier (a write of something new, which brings this node up to date with the store) and a read.
 * Waiting adds share one compare-and-set, waiting reads share one look.
 *
 * Guarantees: an acknowledged add is in the store, once. No value recurs, since each contains a new
 * name, so a repeated or late compare-and-set fails; after a failure, the name of this node's last
 * add tells whether it had succeeded. Reads and adds are linearizable. Nodes never talk to each
 * other, so partitions between them change nothing, and nodes keep no state that the store does not
 * have. When 25 nodes all add, with hops of 5 ms no add loses races for 4 s, after which its client
 * would be told that it may have failed; with hops of 20 ms at most 8 % do, with 100 ms most.
 *
 * Costs: a read is 4 messages; an add is 2, plus 6 for each lost race. On the official command
 * about half of the adds lose one: S is about (2 * 4 + 1 * (2 + 6 / 2)) / 3 = 4.3. A read takes two
 * round trips to the store, an add one, plus three for each lost race.
 */
import { program, run } from "../lib/maelstrom.ts";
import { Kv } from "../lib/services/kv.ts";
import { Rounds } from "../lib/services/rounds.ts";
import { counterProtocol, type Integer, plus } from "../lib/protocols.ts";

const KEY = "counter";

/**
 * The longest first pause after a lost race, and the longest pause of all, in milliseconds: shorter
 * pauses retry sooner, and lose more races. A node that has lost for `patience` no longer pauses:
 * otherwise the node that has waited longest, and so pauses longest, would go on losing.
 */
const PAUSE_MS = { first: 2, longest: 200, patience: 1_000 };

/** What the key holds. */
type Counter = {
  total: Integer;
  /** By node, the name of its last add. */
  adds: [node: string, name: string][];
};

/** A node of a counter that is one key of seq-kv. */
const counter4cas = program(counterProtocol, (node) => {
  const kv = new Kv<Counter>(node, "seq-kv");
  const adds = new Rounds(node, add);
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
    const begun = node.now();
    if (known === null) await look();
    for (let pauseMs = PAUSE_MS.first;; pauseMs *= 2) {
      const before: Counter | null = known;
      if (before?.adds.some(([, other]) => other === name)) return []; // only the reply was lost
      const others = before?.adds.filter(([id]) => id !== node.id) ?? [];
      const after: Counter = {
        total: plus(before?.total ?? 0, delta),
        adds: [...others, [node.id, name]],
      };
      if (await kv.cas(KEY, before, after)) {
        known = after;
        return [];
      }
      const isOld = node.now() - begun > PAUSE_MS.patience;
      const mostMs = isOld ? 0 : Math.min(pauseMs, PAUSE_MS.longest);
      await node.sleep(node.random() * mostMs);
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
