/**
 * txn-list-append, variant: immutable values in lww-kv, one root in lin-kv.
 *
 * Algorithm: as in Datomic and in Maelstrom's guide. A stored value never changes: it is in lww-kv
 * under a name of its own, as a thunk. The root in lin-kv says which thunk each key has. A node
 * runs all waiting transactions on the values under the root, stores the new values, and swaps the
 * root by compare-and-set. lww-kv suits values that never change, since no read of them can be
 * stale. But it is two stores that never agree, and a read finds a value that was stored once with
 * probability 1/2; so a thunk is stored twice, and read until it is found.
 *
 * Guarantees: strict serializability, for any number of nodes, whatever is lost, late or repeated.
 * Roots count up, so a late copy of a swap fails. The root names the last batch of every node,
 * which shows whether a swap without an answer took effect. A thunk was acknowledged before any
 * root names it, so some store has it, and each read finds it with probability 1/2 or more. Nodes
 * keep only caches: killing one loses nothing. A client waits while others win the race, and is
 * told after 4 s that the outcome is unknown, or that nothing was done. With three nodes, 100
 * requests/s and 1000 keys none is told so at 3 % loss; at 10 %, 11 % are in the worst 10 s of 300.
 * As a race takes 8 hops, hops of 50 ms on average (exponential) leave up to 5 % of the command's
 * requests unserved, hops of 200 ms three in four.
 *
 * Costs: 2 messages to read the root, 2 to swap it, 4 for each value stored, and 2 to 4 for each
 * value read, all of them again for each lost race: S is 11.5 on the command, against 3.5 where
 * values are in the root. A root names every key. Thunks that no root names any more stay in
 * lww-kv, where nothing can be deleted.
 */
import { program, run } from "../lib/maelstrom.ts";
import {
  type Json,
  type Key,
  type MicroOp,
  txnProtocol,
} from "../lib/protocols.ts";
import { Kv } from "../lib/services/kv.ts";
import { Turns } from "../lib/services/turns.ts";
import { executeOn, serveTransactions } from "../lib/stores/transactions.ts";

/** How many times a thunk is stored: with more copies a read more often finds it, fewer cost less. */
const COPIES = 2;

/** The root of the database, in one of its versions; no two are equal. */
type Root = {
  version: number;
  /** By node, its last batch that has committed. */
  done: [node: string, batch: string][];
  thunks: [Key, name: string][];
};

/** A value, under a name that is never used again. */
interface Thunk {
  name: string;
  value: Json;
}

/** A node that keeps nothing but caches. */
const txnListAppendThunks = program(txnProtocol, (node) => {
  const roots = new Kv<Root>(node, "lin-kv");
  const store = new Kv<{ value: Json }>(node, "lww-kv");
  const epoch = Math.floor(node.random() * 2 ** 40).toString(36);
  let serial = 0;
  /** By key, the thunk that this node last read, or stored and committed. */
  const cache = new Map<Key, Thunk>();

  const turns = new Turns(node);
  /** The version of the root that this node saw last. */
  let version = 0;

  serveTransactions(node, commit, () => turns.next());

  /** Runs transactions until a run of them has committed; returns that run's replies. */
  async function commit(batch: MicroOp[][]): Promise<MicroOp[][]> {
    const id = `${epoch}.${serial++}`;
    let replies: MicroOp[][] = [];
    /** The thunks that the last try stored. */
    let fresh = new Map<Key, Thunk>();
    for (let lost = 0;; lost++) {
      // After a lost race, this node lets the others finish theirs.
      if (lost > 0) await node.sleep(node.random() * Math.min(100, 10 * lost));
      const known = await roots.read("root");
      const root = known ?? { version: 0, done: [], thunks: [] };
      turns.saw(root.version - version);
      version = root.version;
      if (root.done.some(([, done]) => done === id)) {
        keep(fresh);
        return replies;
      }
      const keys = new Set(batch.flat().map(([, key]) => key));
      const names = new Map(root.thunks);
      const values = new Map<Key, Json>();
      await Promise.all([...keys].map(async (key) => {
        const name = names.get(key);
        if (name !== undefined) values.set(key, await load(key, name));
      }));
      const before = (key: Key) => values.get(key) ?? null;
      const changed = new Map<Key, Json>();
      replies = batch.map((steps) => executeOn(changed, steps, before).txn);
      if (changed.size === 0) return replies;
      fresh = new Map();
      await Promise.all([...changed].map(async ([key, value]) => {
        const name = `thunk ${epoch}.${serial++}`;
        fresh.set(key, { name, value });
        await save(name, value);
      }));
      for (const [key, { name }] of fresh) names.set(key, name);
      const next: Root = {
        version: root.version + 1,
        done: [...root.done.filter(([other]) => other !== node.id), [
          node.id,
          id,
        ]],
        thunks: [...names],
      };
      if (!await roots.cas("root", known, next)) continue;
      version = next.version;
      turns.won();
      keep(fresh);
      return replies;
    }
  }

  function keep(thunks: Map<Key, Thunk>): void {
    for (const [key, thunk] of thunks) cache.set(key, thunk);
  }

  /** The value of a key's thunk: read until a store that has it answers. */
  async function load(key: Key, name: string): Promise<Json> {
    const known = cache.get(key);
    if (known?.name === name) return known.value;
    for (;;) {
      const found = await store.read(name);
      if (found === null) continue;
      cache.set(key, { name, ...found });
      return found.value;
    }
  }

  /** Stores a thunk, and waits for one copy only: others merely let reads find it sooner. */
  function save(name: string, value: Json): Promise<void> {
    return Promise.race(
      Array.from({ length: COPIES }, () => store.write(name, { value })),
    );
  }
});

export default txnListAppendThunks;

if (import.meta.main) await run(txnListAppendThunks);
