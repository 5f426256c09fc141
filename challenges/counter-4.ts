/**
 * Challenge 4: a grow-only counter on seq-kv. https://fly.io/dist-sys/4
 *
 * Algorithm: every node has its own key in seq-kv, which holds the sum of its adds, the number of
 * writes, and a name for the last write. Only its owner writes a key, always by compare-and-set
 * from the value it knows. Adds that arrive during a write share the next one. A read takes a
 * snapshot: it begins with a barrier, a write of something new that brings this node up to date
 * with the store; then it reads the other nodes' keys and adds up. Waiting reads share a snapshot,
 * as do reads within 75 ms of its start.
 *
 * Guarantees: an acknowledged add is in the store, once. A write is repeated until it is answered.
 * A repeated or late copy fails, because no value ever recurs; after a failure, the name in the
 * store, read behind a barrier, tells whether the write had succeeded. The last write of a killed
 * node may arrive after its restart: the new life finds it in its key, at the latest when its own
 * write fails, and adds to it. A read includes every add acknowledged at least 75 ms before it, and
 * reads of one node never go backwards. Nodes never talk to each other, so partitions between them
 * change nothing, and nodes keep no state that the store does not have.
 *
 * Costs: an add is 2 messages, 0 if it adds nothing; a snapshot of n nodes is 2n. A node takes at
 * most 1000 / 75 snapshots/s, and on the official command 4/5 of 33 adds/s add something:
 * S <= (3 * 13.3 * 6 + 27 * 2) / 100 = 2.94. If reads were always fresh, S would be 4.5. An add
 * takes one round trip to the store, a read two.
 */
import { program, run } from "../lib/maelstrom.ts";
import { Kv } from "../lib/services/kv.ts";
import { Rounds } from "../lib/services/rounds.ts";
import { counterProtocol, type Integer, plus } from "../lib/protocols.ts";

/**
 * How old a read's snapshot may be, in milliseconds: older saves messages, younger shows other
 * nodes' adds sooner.
 */
const FRESH_MS = 75;

/** What a node's key holds. */
type Sum = {
  total: Integer;
  /** How many writes there have been. */
  writes: number;
  /** The name of the last write, never used again. */
  name: string;
};

/** A node of a counter that lives in seq-kv. */
const counter4 = program(counterProtocol, (node) => {
  const kv = new Kv<Sum>(node, "seq-kv");
  /**
   * By node, the newest sum that is known. This node's own is the one in the store, since no other
   * node writes that key.
   */
  const sums = new Map<string, Sum>();
  const adds = new Rounds(node, add);
  const snapshots = new Rounds(node, takeSnapshot);
  let freshUntil = -Infinity;

  node.on("add", async ({ delta }) => {
    if (delta !== 0) await adds.join(delta);
    return {};
  });

  node.on("read", async () => {
    if (node.now() > freshUntil) await snapshots.join(null);
    let value: Integer = 0;
    for (const { total } of sums.values()) value = plus(value, total);
    return { value };
  });

  async function add(deltas: Integer[]): Promise<void[]> {
    const delta = deltas.reduce(plus);
    const name = `${node.id} ${node.random()}`;
    if (!sums.has(node.id)) await look();
    for (;;) {
      const before = sums.get(node.id) ?? null;
      if (before?.name === name) return []; // only the reply was lost
      const { total, writes } = before ?? { total: 0, writes: 0 };
      const after = { total: plus(total, delta), writes: writes + 1, name };
      const changed = await kv.cas(`sum ${node.id}`, before, after);
      if (changed) learn(node.id, after);
      else await look();
    }
  }

  /** Learns what this node's key holds now. */
  async function look(): Promise<void> {
    await kv.sync();
    await read(node.id);
  }

  async function takeSnapshot(readers: null[]): Promise<null[]> {
    const begun = node.now();
    const unknown = node.ids.filter((id) => id !== node.id || !sums.has(id));
    await kv.sync();
    await Promise.all(unknown.map(read));
    freshUntil = begun + FRESH_MS;
    return readers;
  }

  /** Learns what a node's key holds, or held at some time since the last barrier. */
  async function read(id: string): Promise<void> {
    const sum = await kv.read(`sum ${id}`);
    if (sum !== null) learn(id, sum);
  }

  /** Keeps a sum if it is newer than the one known. */
  function learn(id: string, sum: Sum): void {
    if (sum.writes > (sums.get(id)?.writes ?? 0)) sums.set(id, sum);
  }
});

export default counter4;

if (import.meta.main) await run(counter4);
