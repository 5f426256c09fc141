/**
 * Challenge 6, variant: strict serializability on lin-kv. https://fly.io/dist-sys/6a
 *
 * Algorithm: the database hangs from one root in lin-kv, which holds the recently changed keys;
 * every other key has a cell of its own there. A node takes all waiting transactions, reads the
 * root and the cells they need, runs them one after another, and swaps the root for the result by
 * compare-and-set. If that fails, another node was faster, and this one starts over. It swaps
 * without reading if other nodes have probably not swapped since it last saw the root. The node
 * that makes the root too long writes the root's keys to their cells, beside its other work, and
 * drops them from the root with its next swap. Read-only batches need no swap.
 *
 * Guarantees: strict serializability, for any number of nodes, whatever is lost, late or repeated.
 * The order is that of the root's versions, which count up, so a late copy of a swap fails. The
 * root names the last batch of every node, which shows whether a swap without an answer took
 * effect. A cell is never set from an earlier version; a cell that is newer than the root that was
 * read with it shows that this root is old. Nodes keep only caches: killing one loses nothing. A
 * client never gets a conflict; it waits while others win the race or lin-kv is silent, and is told
 * after 4 s that the outcome is unknown, or that nothing was done.
 *
 * Costs: 2 messages for a batch that only reads, 4 for one that writes, or 2 if it need not read
 * the root; 4 more for each lost race; 2 for each key that is not cached and was written out, or
 * has the hash of one that was; 2 to write a key out, 4 if it has a cell. A batch takes two round
 * trips if it loses no race, one more for cells. A winner lets others go first, for 2 s at most.
 * Serves crowds of 250 ms. lin-kv holds a root of 64 to 128 keys and 4093 bits, and a cell per key.
 */
import { program, run } from "../lib/maelstrom.ts";
import {
  type Json,
  type Key,
  type MicroOp,
  txnProtocol,
} from "../lib/protocols.ts";
import { Cells } from "../lib/services/cells.ts";
import { Kv } from "../lib/services/kv.ts";
import { Turns } from "../lib/services/turns.ts";
import { executeOn, serveTransactions } from "../lib/stores/transactions.ts";

/** How many keys the root may hold: with more, every swap is longer; with fewer, keys are written out more often. */
const RECENT_KEYS = 64;

/** How many different hashes keys have: more save reads of cells that do not exist, fewer shorten the root. */
const HASHES = 4_093;

/** How many round trips a node that has to read the root takes for what is one if it need not. */
const OTHERS_TRIPS = 2;

/** The root of the database, in one of its versions; no two are equal. */
type Root = {
  version: number;
  /** The last version that dropped keys, after their cells had been written. */
  dropped: number;
  /** The hashes of all keys ever dropped, as bits of a hexadecimal number: only such keys can have cells. */
  stored: string;
  /** By node, its last batch that has committed. */
  done: [node: string, batch: string][];
  /** Keys whose cells may be older, or missing, with the versions that set them, and their values. */
  recent: [Key, version: number, Json][];
};

/** A node that keeps nothing but caches. */
const txn6Strict = program(txnProtocol, (node) => {
  const kv = new Kv<Root>(node, "lin-kv");
  const cells = new Cells(node);
  const epoch = Math.floor(node.random() * 2 ** 40).toString(36);
  let serial = 0;
  /** The newest version this node has seen. */
  let root: Root = {
    version: 0,
    dropped: 0,
    stored: "0",
    done: [],
    recent: [],
  };
  /** Whether this node is writing cells. */
  let isWriting = false;
  /** Keys that it has written to cells, and from which version: the next root need not hold these. */
  const written = new Map<Key, number>();
  const turns = new Turns(node);

  serveTransactions(node, commit, () => turns.next());

  /** Runs transactions until a run of them has committed; returns that run's replies. */
  async function commit(batch: MicroOp[][]): Promise<MicroOp[][]> {
    const id = `${epoch}.${serial++}`;
    const steps = batch.flat();
    const keys = new Set(steps.map(([, key]) => key));
    const writes = steps.some(([f]) => f !== "r");
    let replies: MicroOp[][] = [];
    for (let isNewest = writes && turns.isQuiet;; isNewest = false) {
      if (!isNewest) see(await kv.read("root") ?? root);
      const isDone = root.done.some(([, done]) => done === id);
      if (isDone) return replies; // only the answer had been lost
      const recent = new Map<Key, Json>();
      for (const [key, , value] of root.recent) {
        if (keys.has(key)) recent.set(key, value);
      }
      const others = [...keys].filter((key) =>
        !recent.has(key) && hasCell(key)
      );
      await cells.load(others);
      const isOld = (key: Key) =>
        (cells.known(key)?.version ?? 0) > root.version;
      if (others.some(isOld)) continue;
      const changed = new Map<Key, Json>();
      const before = (key: Key): Json =>
        recent.has(key) ? recent.get(key)! : cells.known(key)?.value ?? null;
      replies = batch.map((steps) => executeOn(changed, steps, before).txn);
      if (changed.size === 0) return replies;
      if (!await swap(id, changed)) continue;
      turns.won(isNewest ? OTHERS_TRIPS : 1);
      return replies;
    }
  }

  /** Takes a version of the root for the newest. */
  function see(seen: Root): void {
    // The keys that were dropped may have new values in cells whose old values are cached.
    if (seen.dropped > root.dropped) cells.forget();
    turns.saw(seen.version - root.version);
    root = seen;
  }

  /** Whether a key that is not in the root may have a cell. */
  function hasCell(key: Key): boolean {
    const hash = hashOf(key);
    // Each digit holds four bits; the last digit holds the first four.
    const digit = parseInt(root.stored.at(-1 - (hash >> 2)) ?? "0", 16);
    return (digit >> (hash & 3) & 1) > 0;
  }

  /** Swaps the root; returns whether it did. False may also mean that only the answer was lost. */
  async function swap(id: string, changed: Map<Key, Json>): Promise<boolean> {
    const version = root.version + 1;
    const recent: Root["recent"] = [], dropped: Root["recent"] = [];
    for (const entry of root.recent) {
      const [key, since] = entry;
      const value = changed.get(key);
      if (changed.delete(key)) recent.push([key, version, value!]);
      else if (written.get(key) === since) dropped.push(entry);
      else recent.push(entry);
    }
    for (const [key, value] of changed) recent.push([key, version, value]);
    const stored = dropped.length === 0 ? root.stored : dropped.reduce(
      (bits, [key]) => bits | 1n << BigInt(hashOf(key)),
      BigInt(`0x${root.stored}`),
    ).toString(16);
    const next: Root = {
      version,
      dropped: dropped.length > 0 ? version : root.dropped,
      stored,
      done: [...root.done.filter(([other]) => other !== node.id), [
        node.id,
        id,
      ]],
      recent,
    };
    const before = root;
    const from = root.version === 0 ? null : root;
    if (!await kv.cas("root", from, next)) return false;
    root = next;
    for (const [key, version, value] of dropped) {
      cells.learn(key, { version, value });
    }
    const isLong = recent.length > RECENT_KEYS;
    const isOurs = before.recent.length <= RECENT_KEYS || dropped.length > 0;
    // At twice the length, any node does it: the one that should have may be dead.
    if (isLong && isOurs || recent.length > 2 * RECENT_KEYS) writeOut();
    return true;
  }

  /** Writes the root's keys to their cells. */
  async function writeOut(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    const { recent } = root;
    written.clear();
    for (const [key] of recent) if (!hasCell(key)) cells.learn(key, null);
    await Promise.all(
      recent.map(([key, version, value]) => cells.put(key, { version, value })),
    );
    for (const [key, version] of recent) written.set(key, version);
    isWriting = false;
  }
});

/** The hash of a key. */
function hashOf(key: Key): number {
  let hash = 0;
  for (const char of JSON.stringify(key)) {
    hash = (31 * hash + char.codePointAt(0)!) % HASHES;
  }
  return hash;
}

export default txn6Strict;

if (import.meta.main) await run(txn6Strict);
