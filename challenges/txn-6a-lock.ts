/**
 * Challenge 6a, variant: transactions under a lock in lin-kv. https://fly.io/dist-sys/6a
 *
 * Algorithm: lin-kv holds a key for each key of the database, and a lock that guards a journal:
 * changes that are committed but not yet written to their keys. A node takes the lock, reads the
 * keys of all waiting transactions, runs them one after another, and releases the lock with their
 * changes added to the journal. The release is one compare-and-set, and it is the commit: what a
 * holder did before it died or lost its lease has no effect. When the journal is long, a holder
 * first writes it to its keys and begins a new one.
 *
 * Guarantees: strict serializability, for any number of nodes, in the order of the leases. Keys
 * carry the token of the journal that they were written from and are never set from an earlier one,
 * so a holder that writes late changes nothing. The journal names the last round of every node,
 * which shows whether a release without an answer took effect. A node trusts its cache only while
 * no other has had the lock, which the token shows. Killing a node loses nothing, but blocks the
 * others for one lease if it had the lock. A client waits for 4 s, and is told that nothing was
 * done or, if its transaction had begun, that this is unknown: with three nodes and 100 requests/s,
 * at 3 % loss, 5 % and 6 % in the worst 10 s of 300; at 10 %, 19 % and 27 %.
 *
 * Costs: 4 messages for the lock while one node keeps it, 6 where nodes take turns and for every
 * fifth lease, shared by all that wait. Each key read costs 2 if it is not in the journal and
 * another node has had the lock; each key changed costs at most 4 when the journal is written out,
 * where hot keys count once. A transaction of the workload uses 2.2 keys and changes 1.2: S is at
 * most 4 + 4 * 1.2 + 2 * 2.2 = 13.2 on one node, in practice about 5. Serves crowds of 200 ms.
 */
import { LeaseLost, Lock } from "../lib/services/lock.ts";
import { program, run } from "../lib/maelstrom.ts";
import { Cells } from "../lib/services/cells.ts";
import { executeOn, serveTransactions } from "../lib/stores/transactions.ts";
import {
  type Json,
  type Key,
  type MicroOp,
  txnProtocol,
} from "../lib/protocols.ts";

/** How long a dead holder blocks the others, in milliseconds. Five round trips must fit in, or nothing ever commits. */
const LEASE_MS = 2_000;

/** From how many changes on the journal is written out: more make the lock's key longer, fewer cost more messages. */
const JOURNAL_LENGTH = 64;

/** Changes that are committed and not yet written to their keys. */
type Journal = {
  /** The token of the last lease under which a round committed. */
  token: number;
  changes: [Key, Json][];
  /** By node, its last round that has committed. */
  done: [node: string, round: string][];
};

/** Transactions that are run together. */
interface Round {
  /** A name that is never used again. */
  name: string;
  txns: MicroOp[][];
  /** The replies of the last run. */
  replies: MicroOp[][];
}

/** A node that keeps nothing but a cache. */
const txn6aLock = program(txnProtocol, (node) => {
  const empty: Journal = { token: 0, changes: [], done: [] };
  const lock = new Lock(node, "journal", empty, {
    leaseMs: LEASE_MS,
    eager: node.peers.length === 0, // with others, this node could have the lock for ever
  });
  /** The cache; valid as long as no other node has had the lock since `lastToken`. */
  const cells = new Cells(node);
  let lastToken = 0;

  serveTransactions(node, commit);

  /** Runs transactions under leases until a run commits; returns that run's replies. */
  async function commit(txns: MicroOp[][]): Promise<MicroOp[][]> {
    const name = `${node.id} ${node.random()}`;
    const round: Round = { name, txns, replies: [] };
    for (;;) {
      try {
        return await lock.hold(({ token, value: journal }) =>
          runUnder(token, journal, round)
        );
      } catch (error) {
        if (!(error instanceof LeaseLost)) throw error;
      }
    }
  }

  async function runUnder(token: number, journal: Journal, round: Round) {
    if (journal.done.some(([, name]) => name === round.name)) {
      return { value: journal, result: round.replies }; // only the answer had been lost
    }
    if (token !== lastToken + 1) cells.forget();
    lastToken = token;
    const isLong = journal.changes.length >= JOURNAL_LENGTH;
    if (isLong) await writeOut(journal);
    const changes = new Map(isLong ? [] : journal.changes);
    const keys = new Set(round.txns.flat().map(([, key]) => key));
    await cells.load([...keys].filter((key) => !changes.has(key)));
    const below = (key: Key) => cells.known(key)?.value ?? null;
    round.replies = round.txns.map((steps) =>
      executeOn(changes, steps, below).txn
    );
    const others = journal.done.filter(([id]) => id !== node.id);
    const done: Journal["done"] = [...others, [node.id, round.name]];
    const value = { token, changes: [...changes], done };
    return { value, result: round.replies };
  }

  /** Writes the journal to its keys, whose versions are the tokens of journals. */
  async function writeOut({ token, changes }: Journal): Promise<void> {
    await Promise.all(changes.map(async ([key, value]) => {
      cells.learn(key, await cells.put(key, { version: token, value }));
    }));
  }
});

export default txn6aLock;

if (import.meta.main) await run(txn6aLock);
