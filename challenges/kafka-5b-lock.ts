/**
 * Challenge 5b, variant: logs in lin-kv, written under a lock. https://fly.io/dist-sys/5b
 *
 * Algorithm: lin-kv holds batches of sends and commits, "batch 0", "batch 1", ..., and a lock that
 * guards the count of valid batches. To append, a node takes the lock, writes the next batch, and
 * raises the count as it releases the lock. To read, it looks at the count and fetches the batches
 * it has not seen, without the lock. All nodes apply batches in order, so a message has the same
 * offset, its position under its key, everywhere. Waiting requests share one lease or, if there is
 * nothing to append, one look.
 *
 * Guarantees: linearizable; no holes, since a batch is valid only once the count is raised, which
 * is one compare-and-set. A holder that dies blocks the others for one lease. A holder that
 * outlives its lease cannot raise the count, and a batch that it wrote above the count, or that is
 * still on its way, gives way to the batch of a later lease, whose token is higher. A node that
 * lost its lease during an append checks whether its batch counts before it repeats the append.
 * Nodes keep no state that lin-kv does not have.
 *
 * Costs: 6 messages for an append (2 each to take the lock, write the batch and release), 2 for
 * each other node that reads it, 4 or more if another node has had the lock in between; 2 for a
 * poll. With half sends, half polls and a commit per 8 sends, two nodes have S = 0.55 (6 + 2) + 0.5
 * (2) = 5.4, about 1 more for contention, less where requests share. Every fifth lease costs 2
 * more: a node looks before it takes that one, so that others have their turn. An append takes 3
 * round trips to lin-kv, two more if another node has had the lock in between. Serves crowds of
 * 125 ms.
 */
import { LeaseLost, Lock } from "../lib/services/lock.ts";
import { type Change, LogMachine, serveLog } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { Kv } from "../lib/services/kv.ts";
import { kafkaProtocol } from "../lib/protocols.ts";

/**
 * For how long a dead holder blocks the others, in milliseconds. Three round trips must fit in, or
 * no append succeeds.
 */
const LEASE_MS = 2_000;

/**
 * The longest pause between two looks at a lock that is held, in milliseconds: a longer one saves
 * messages, a shorter one takes the lock sooner.
 */
const POLL_MS = 10;

/** How many batches a node that is far behind reads at once. */
const READ_AHEAD = 256;

/** Changes that are appended together under one lease. */
type Batch = { token: number; name: string; changes: Change[] };

/** A node that keeps its logs in lin-kv, where nodes take turns to write. */
const kafka5bLock = program(kafkaProtocol, (node) => {
  const kv = new Kv<Batch>(node, "lin-kv");
  const logs = new LogMachine();
  const lock = new Lock<number>(node, "batches", 0, {
    leaseMs: LEASE_MS,
    eager: true,
    pollMs: POLL_MS,
  });
  /** How many batches have been applied. */
  let applied = 0;

  serveLog(node, logs, {
    append,
    catchUp: async () => await fetch(await lock.look()),
  });

  /** Appends changes under as many leases as it takes; returns the offset of each message. */
  async function append(changes: Change[]): Promise<number[]> {
    const name = `${node.id} ${node.random()}`;
    for (;;) {
      const { count, own } = await lock.hold(async ({ token, value }) => {
        const own = { token, name, changes };
        await put(value, own);
        return { value: value + 1, result: { count: value, own } };
      }).catch(afterLeaseLost);
      const fetched = await fetch(count);
      if (own !== null) return apply(own);
      const found = fetched.find((batch) => batch.name === name);
      if (found !== undefined) return found.offsets;
    }
  }

  /** After a lost lease, only the batches that count show whether this node's is one of them. */
  async function afterLeaseLost(error: unknown) {
    if (!(error instanceof LeaseLost)) throw error;
    return { count: await lock.look(), own: null };
  }

  /** Writes a batch above the count, over one that an earlier lease may have left there. */
  async function put(number: number, batch: Batch): Promise<void> {
    let found: Batch | null = null;
    while (!await kv.cas(`batch ${number}`, found, batch)) {
      found = await readBatch(number);
      if (found.token >= batch.token) return; // this batch, or a later lease's
    }
  }

  /** Applies all batches below this number; returns their names, and the offsets of their messages. */
  async function fetch(end: number) {
    const fetched: { name: string; offsets: number[] }[] = [];
    while (applied < end) {
      const width = Math.min(READ_AHEAD, end - applied);
      const numbers = Array.from({ length: width }, (_, i) => applied + i);
      for (const batch of await Promise.all(numbers.map(readBatch))) {
        fetched.push({ name: batch.name, offsets: apply(batch) });
      }
    }
    return fetched;
  }

  function apply({ changes }: Batch): number[] {
    applied++;
    return logs.apply(changes);
  }

  /** Reads a batch that exists. */
  async function readBatch(number: number): Promise<Batch> {
    return (await kv.read(`batch ${number}`))!;
  }
});

export default kafka5bLock;

if (import.meta.main) await run(kafka5bLock);
