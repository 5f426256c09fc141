/**
 * Challenge 6a, variant: transactions under a lock in lin-kv. https://fly.io/dist-sys/6a
 *
 * Algorithm: lin-kv holds every key by itself, and a lock that guards a journal: what the last
 * transactions changed. A node takes the lock, brings the keys of the journal up to date,
 * reads the keys of all transactions that wait, runs these one after another, and
 * releases the lock with their changes as the new journal. The release is one
 * compare-and-set, and the commit: what a holder that dies, or loses its lease, has
 * done before counts for nothing, and what it has not done after, the next holder does.
 *
 * Guarantees: strict serializability, for any number of nodes; one lease after another is the
 * order. Keys carry the token of the lease that changed them and are never changed to an
 * earlier one, so a holder that comes too late with its journal changes nothing. A release whose
 * answer was lost is recognised by the journal, which names the last round of every node.
 * Killing a node loses nothing, but stops the others for one lease if it had the lock. A client
 * waits for its turn, and is told after 4.5 s that the outcome is unknown.
 *
 * Costs: 6 messages for the lock, 4 for each key that the last round changed and 2 for each
 * other key used, shared by all transactions that waited. A transaction of the workload uses 2.2 keys and
 * changes 1.2 of them, so S is at most 6 + 4 * 1.2 + 2 * 2.2, about 15. A round takes five round
 * trips to lin-kv.
 */
import { LeaseLost, Lock } from "../lib/lock.ts";
import {
  ErrorCode,
  hasCode,
  type Json,
  Kv,
  type Node,
  run,
} from "../lib/maelstrom.ts";
import { inTime, Patience } from "../lib/patience.ts";
import { Rounds } from "../lib/rounds.ts";
import {
  changed,
  execute,
  type Key,
  type MicroOp,
  type TxnProtocol,
} from "../lib/transactions.ts";

/** How long a dead holder stops the others. Five round trips must fit in, or nothing ever commits. */
const LEASE_MS = 2_000;

/** A key's value in lin-kv, and the token of the lease that set it. */
type Stored = { token: number; value: Json };

/** What the last lease changed. The keys themselves may not show it yet. */
type Journal = {
  token: number;
  changes: [Key, Json][];
  /** By node, its last round that has committed. */
  done: { [node: string]: string };
};

/** A node without a state of its own. */
export default function txn6aLock(node: Node<TxnProtocol>): void {
  const patience = new Patience(node);
  const empty: Journal = { token: 0, changes: [], done: {} };
  const lock = new Lock(node, "journal", empty, { leaseMs: LEASE_MS });
  const rounds = new Rounds(commit);

  node.on("txn", async (request) => {
    const txn = await inTime(node, rounds.join(request.txn));
    return { txn };
  });

  /** Runs transactions under leases until one of them commits, and gives that one's answers. */
  async function commit(batch: MicroOp[][]): Promise<MicroOp[][]> {
    const name = `${node.id} ${node.random()}`;
    let replies: MicroOp[][] = [];
    for (;;) {
      try {
        return await lock.hold(async ({ token, value: journal }) => {
          if (journal.done[node.id] === name) {
            return { value: journal, result: replies }; // only the answer had been lost
          }
          const values = await read(batch, journal);
          const changes = new Map<Key, Json>();
          replies = batch.map((steps) => {
            const { txn, changes: own } = execute(
              steps,
              (key) => values.get(key) ?? null,
            );
            for (const change of own) {
              const [, key] = change;
              values.set(key, changed(values.get(key) ?? null, change));
              changes.set(key, values.get(key) ?? null);
            }
            return txn;
          });
          const done = { ...journal.done, [node.id]: name };
          const value = { token, changes: [...changes], done };
          return { value, result: replies };
        });
      } catch (error) {
        if (!(error instanceof LeaseLost)) throw error;
      }
    }
  }

  /** The values of all keys of these transactions, after the journal has reached its keys. */
  async function read(
    batch: MicroOp[][],
    { token, changes }: Journal,
  ): Promise<Map<Key, Json>> {
    const values = new Map<Key, Json>(changes);
    const keys = new Set(batch.flat().map(([, key]) => key));
    await Promise.all([
      ...changes.map(([key, value]) => put(key, { token, value })),
      ...[...keys].filter((key) => !values.has(key)).map(async (key) => {
        values.set(key, (await get(key))?.value ?? null);
      }),
    ]);
    return values;
  }

  function get(key: Key): Promise<Stored | null> {
    return patience.until((options) =>
      new Kv<Stored>(node, "lin-kv", options).readOr(nameOf(key), null)
    );
  }

  /** Sets a key, unless a later lease has. */
  async function put(key: Key, next: Stored): Promise<void> {
    for (;;) {
      const current = await get(key);
      if (current !== null && current.token >= next.token) return;
      try {
        const create = current === null;
        return await patience.until((options) =>
          new Kv<Stored>(node, "lin-kv", options)
            .cas(nameOf(key), current, next, { create })
        );
      } catch (error) {
        if (!hasCode(error, ErrorCode.preconditionFailed)) throw error;
      }
    }
  }
}

/** Under what a key is stored: numbers and texts apart, and apart from the lock. */
function nameOf(key: Key): string {
  return `key ${JSON.stringify(key)}`;
}

if (import.meta.main) await run(txn6aLock);
