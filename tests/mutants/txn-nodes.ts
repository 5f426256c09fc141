/** Nodes for transactions with one planted bug each, that do not replicate: alone, or on lin-kv. */
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import type { Json } from "../../lib/node/world.ts";
import { HastyKv } from "./hasty-kv.ts";
import { execute, executeOn } from "../../lib/stores/transactions.ts";
import type { Key, MicroOp, TxnProtocol } from "../../lib/protocols.ts";

type TxnNode = Node<TxnProtocol>;

/** A correct database. */
class Database {
  values: Map<Key, Json>;

  constructor(entries: Iterable<[Key, Json]> = []) {
    this.values = new Map(entries);
  }

  read(key: Key): Json {
    return this.values.get(key) ?? null;
  }

  run(txn: MicroOp[]): MicroOp[] {
    return executeOn(this.values, txn).txn;
  }
}

/** A node that makes something else of transactions than its database would. */
function answering(
  answer: (
    txn: MicroOp[],
    database: Database,
    node: TxnNode,
  ) => MicroOp[] | Promise<MicroOp[]>,
): (node: TxnNode) => void {
  return (node) => {
    const database = new Database();
    node.on("txn", async ({ txn }) => ({
      txn: await answer(txn, database, node),
    }));
  };
}

/** A transaction with its reads filled in. */
function filled(txn: MicroOp[], read: (key: Key) => Json): MicroOp[] {
  return txn.map(([f, key, value]) => [f, key, f === "r" ? read(key) : value]);
}

/** Reads nothing, whatever was written. */
export const nullReads = answering((txn) => filled(txn, () => null));

/** Reads 999 everywhere. */
export const garbageReads = answering((txn) => filled(txn, () => 999));

/** Two nodes that know nothing of each other. */
export const alone = answering((txn, database) => database.run(txn));

/** Answers now and then a transaction that nobody asked for. */
export const cannedReply = answering((txn, database, node) =>
  node.random() < 0.05 ? [["r", 1, null]] : database.run(txn)
);

/** Transactions do not see their own writes. */
export const ownWritesInvisible = answering((txn, database) => {
  const before = filled(txn, (key) => database.read(key));
  database.run(txn);
  return before;
});

/** Aborts one transaction in twenty after it has been executed. */
export const abortsTooLate = answering((txn, database, node) => {
  const done = database.run(txn);
  if (node.random() < 0.95) return done;
  throw new RpcError(ErrorCode.abort, "changed my mind");
});

/** Executes step by step, with pauses, for all to see. */
export const stepByStep = answering(async (txn, database, node) => {
  const done: MicroOp[] = [];
  for (const step of txn) {
    done.push(...database.run([step]));
    await node.sleep(node.random() * 3);
  }
  return done;
});

/** Snapshot isolation: transactions on one snapshot commit together if they do not write the same keys. */
export const snapshots = answering(async (txn, database, node) => {
  for (;;) {
    const snapshot = new Database(database.values);
    const { txn: done, changes } = execute(txn, (key) => snapshot.read(key));
    await node.sleep(node.random() * 3);
    const free = changes.every(([, key]) =>
      database.read(key) === snapshot.read(key)
    );
    if (!free) continue;
    for (const [f, key, value] of changes) database.run([[f, key, value]]);
    return done;
  }
});

/** Loses everything, seldom. */
export const forgetful = answering((txn, database, node) => {
  if (node.random() < 0.005) database.values.clear();
  return database.run(txn);
});

/** Answers one reader in ten from how things were up to a tenth of a second ago. */
export function staleReaders(node: TxnNode): void {
  const database = new Database();
  let old = database;
  node.every(100, () => {
    old = new Database(database.values);
  });
  node.on("txn", ({ txn }) => {
    const reads = txn.every(([f]) => f === "r");
    const source = reads && node.random() < 0.1 ? old : database;
    return { txn: source.run(txn) };
  });
}

/** Answers only when every peer has the transaction too. */
export function synchronous(
  node: Node<
    TxnProtocol & {
      copy(request: { txn: MicroOp[] }): Record<never, never>;
    }
  >,
): void {
  const database = new Database();
  node.on("copy", ({ txn }) => {
    database.run(txn);
    return {};
  });
  node.on("txn", async ({ txn }) => {
    const options = { timeoutMs: 9_000 };
    const { peers } = node;
    await Promise.all(
      peers.map((id) => node.rpc(id, "copy", { txn }, options)),
    );
    return { txn: database.run(txn) };
  });
}

/** The whole database in one key of lin-kv; `commit` says how it is changed. */
class OneKey {
  readonly #kv: HastyKv;
  /** The database as it was last read. */
  seen: Json = null;

  constructor(
    private readonly node: TxnNode,
    private readonly commit: "cas" | "write",
  ) {
    this.#kv = new HastyKv(node, "lin-kv", { timeoutMs: 500 });
  }

  /** Runs a transaction until it is committed. */
  async run(txn: MicroOp[]): Promise<MicroOp[]> {
    for (;;) {
      try {
        this.seen = await this.#kv.readOr("database", null);
        const before = this.seen;
        const database = new Database(before as [Key, Json][] | null ?? []);
        const done = database.run(txn);
        const after = [...database.values];
        if (txn.every(([f]) => f === "r")) return done;
        if (this.commit === "write") await this.#kv.write("database", after);
        else {
          const create = before === null;
          await this.#kv.cas("database", before, after, { create });
        }
        return done;
      } catch {
        await this.node.sleep(this.node.random() * 20);
      }
    }
  }
}

/** Reads the database and writes it back, whatever others did meanwhile. */
export function overwrites(node: TxnNode): void {
  const database = new OneKey(node, "write");
  node.on("txn", async ({ txn }) => ({ txn: await database.run(txn) }));
}

/** Takes a swap whose answer was lost for one that failed, and makes it again. */
export function repeatsLostSwaps(node: TxnNode): void {
  const database = new OneKey(node, "cas");
  node.on("txn", async ({ txn }) => ({ txn: await database.run(txn) }));
}

/** Answers readers from the database as it was last seen. */
export function cachedReads(node: TxnNode): void {
  const database = new OneKey(node, "cas");
  node.on("txn", async ({ txn }) => {
    if (txn.some(([f]) => f !== "r")) return { txn: await database.run(txn) };
    const seen = new Database(database.seen as [Key, Json][] | null ?? []);
    return { txn: seen.run(txn) };
  });
}

/** Takes a lock without a lease, which stays taken when its holder dies. */
export function lockWithoutLease(node: TxnNode): void {
  const database = new OneKey(node, "cas");
  const kv = new HastyKv(node, "lin-kv", { timeoutMs: 500 });
  node.on("txn", async ({ txn }) => {
    const take = () =>
      kv.cas("lock", "free", node.id, { create: true })
        .then(() => true, () => false);
    while (!await take()) await node.sleep(5);
    const done = await database.run(txn);
    await kv.write("lock", "free");
    return { txn: done };
  });
}
