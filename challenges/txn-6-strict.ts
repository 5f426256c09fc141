/**
 * Challenge 6, variant: strict serializability on lin-kv. https://fly.io/dist-sys/6a
 *
 * Algorithm: the database hangs from one root in lin-kv. The root holds the keys changed of
 * late with their values, and the names of immutable pages with all others (shadow paging:
 * Lorie, "Physical Integrity in a Large Segmented Database", 1977). A node takes all
 * transactions that wait, reads the root, runs them on it one after another, and swaps it
 * for the root that results, by compare-and-set. If that fails another node was
 * faster, and it begins again. When too many keys have changed of late they move to new pages,
 * written before a root names them. Transactions that only read need no swap.
 *
 * Guarantees: strict serializability, for any number of nodes, whatever is lost, late or
 * repeated. The order is that of the root's versions; the swap, or for readers the reading,
 * lies between request and reply. No two roots are equal, since their versions count up:
 * hence a late copy of a swap fails. A swap whose answer was lost is recognised by the root it left,
 * which names the last batch of every node. Nodes keep only caches: killing one loses nothing.
 * A client never gets a conflict; it waits while others win the race, and while lin-kv is silent.
 *
 * Costs: 2 messages for a batch that only reads, 4 for one that writes, 4 more for each lost
 * race; now and then 2 per page. A batch takes two round trips if it loses no race, and is what came
 * during the batch before. With n nodes at work races are lost about as often as not: S is 3
 * to 5 for transactions of the workload on 2 to 5 nodes. A root is as long as 64 keys with
 * their values, and 64 names.
 */
import {
  ErrorCode,
  hasCode,
  type Json,
  Kv,
  program,
  run,
} from "../lib/maelstrom.ts";
import { inTime, Patience } from "../lib/services/patience.ts";
import { Rounds } from "../lib/services/rounds.ts";
import { executeOn } from "../lib/stores/transactions.ts";
import { type Key, type MicroOp, txnProtocol } from "../lib/protocols.ts";

/** How many keys may be in the root: more make every swap longer, fewer make pages change more often. */
const RECENT_KEYS = 64;

/** How many pages there are: more make the root longer, fewer make pages longer. */
const PAGES = 64;

/** How many neighbouring keys share a page: keys of one time tend to be used together. */
const NEIGHBOURS = 16;

/** The root of the database: one version of it, which differs from every other. */
type Root = {
  version: number;
  /** By node, its last batch that has committed. */
  done: { [node: string]: string };
  /** Keys with their values, newer than in the pages. */
  recent: [Key, Json][];
  /** By number, the key under which a page is stored. */
  pages: (string | null)[];
};

type Page = [Key, Json][];

/** A node that keeps nothing but caches. */
const txn6Strict = program(txnProtocol, (node) => {
  const patience = new Patience(node);
  const epoch = Math.floor(node.random() * 2 ** 40).toString(36);
  let serial = 0;
  /** The newest version this node has seen. */
  let root: Root = { version: 0, done: {}, recent: [], pages: [] };
  /** How long it last took to read and swap the root. */
  let attemptMs = 0;
  /** Ends when this node may take part in the race again. */
  let yielding = Promise.resolve();
  /** Pages by the name they are stored under. */
  const cache = new Map<string, Map<Key, Json>>();

  const rounds = new Rounds(async (batch: MicroOp[][]) => {
    const replies = await commit(batch);
    // Who has just won lets the others go first, or might win for ever.
    yielding = node.sleep(node.random() * attemptMs * node.peers.length);
    return replies;
  });

  node.on("txn", async (request) => {
    const txn = await inTime(node, rounds.join(request.txn));
    return { txn };
  });

  /** Runs transactions until a run of them is part of the database, and gives that run's answers. */
  async function commit(batch: MicroOp[][]): Promise<MicroOp[][]> {
    const id = `${epoch}.${serial++}`;
    let replies: MicroOp[][] = [];
    await yielding;
    for (;;) {
      const begun = node.now();
      root = await readRoot();
      if (root.done[node.id] === id) return replies; // only the answer had been lost
      await load(batch.flat().map(([, key]) => key));
      const values = new Map(root.recent);
      const executed = batch.map((steps) => executeOn(values, steps, paged));
      replies = executed.map(({ txn }) => txn);
      if (executed.every(({ changes }) => changes.length === 0)) return replies;
      const swapped = await swap(root, await successor(id, values));
      attemptMs = node.now() - begun;
      if (swapped) return replies;
    }
  }

  function readRoot(): Promise<Root> {
    return patience.until((options) =>
      new Kv<Root>(node, "lin-kv", options).readOr("root", root)
    );
  }

  /** Whether the root was as expected and now is the next one; if not, it may be so all the same. */
  async function swap(from: Root, to: Root): Promise<boolean> {
    const create = from.version === 0;
    try {
      await patience.until((options) =>
        new Kv<Root>(node, "lin-kv", options).cas("root", from, to, { create })
      );
      return true;
    } catch (error) {
      if (hasCode(error, ErrorCode.preconditionFailed)) return false;
      throw error;
    }
  }

  /** The root after this one, which moves its keys to pages when they have become too many. */
  async function successor(id: string, values: Map<Key, Json>): Promise<Root> {
    const next: Root = {
      version: root.version + 1,
      done: { ...root.done, [node.id]: id },
      recent: [...values],
      pages: root.pages,
    };
    if (values.size <= RECENT_KEYS) return next;
    await load([...values.keys()], true);
    const moved = Map.groupBy(values, ([key]) => pageOf(key));
    const pages = Array.from(
      { length: PAGES },
      (_, i) => root.pages[i] ?? null,
    );
    await Promise.all([...moved].map(async ([number, entries]) => {
      const before = cache.get(root.pages[number] ?? "") ?? [];
      const page = new Map([...before, ...entries]);
      const name = `page ${number} ${epoch}.${serial++}`;
      pages[number] = name;
      cache.set(name, page);
      await patience.until((options) =>
        new Kv<Page>(node, "lin-kv", options).write(name, [...page])
      );
    }));
    for (const name of cache.keys()) {
      if (!pages.includes(name)) cache.delete(name);
    }
    return { ...next, recent: [], pages };
  }

  /** A key's value in the pages, which must have been loaded. */
  function paged(key: Key): Json {
    return cache.get(root.pages[pageOf(key)] ?? "")?.get(key) ?? null;
  }

  /** Fetches the pages of these keys, of those that are in the root too if `all`. */
  async function load(keys: Key[], all = false): Promise<void> {
    const inRoot = new Set(root.recent.map(([key]) => key));
    const wanted = keys.filter((key) => all || !inRoot.has(key))
      .map((key) => root.pages[pageOf(key)] ?? null);
    const missing = new Set(wanted.filter((name) => name && !cache.has(name)));
    await Promise.all([...missing].map(async (name) => {
      const page = await patience.until((options) =>
        new Kv<Page>(node, "lin-kv", options).read(name!)
      );
      cache.set(name!, new Map(page));
    }));
  }
});

export default txn6Strict;

/** The number of the page that a key belongs to. */
function pageOf(key: Key): number {
  const number = typeof key === "string"
    ? [...key].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
    : Number(key);
  return Math.abs(Math.floor(number / NEIGHBOURS)) % PAGES || 0;
}

if (import.meta.main) await run(txn6Strict);
