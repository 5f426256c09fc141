/** Correct programs for lin-kv and transactions with choices of their own. */
import {
  type AnyNode,
  first,
  firstOnly,
  refusingAtFirst,
  slowly,
  slowlySometimes,
  type Stranger,
} from "./stranger.ts";
import { RpcError } from "../../lib/maelstrom.ts";

/** A step of a transaction. */
export type Step = [f: string, key: number, value: unknown];

/** Passes every request on to the service. */
function proxy(node: AnyNode): void {
  for (const type of ["read", "write", "cas"]) {
    node.on(type, async ({ msg_id: _, type: __, ...request }) => {
      const { in_reply_to: _i, type: _t, msg_id: _m, ...reply } = await node
        .rpc("lin-kv", type, request, { timeoutMs: 900 });
      return reply;
    });
  }
}

/** One node has all registers; the others ask it, and refuse what it does not answer, or stay silent. */
const registers = (whenCut: "refuse" | "silence") => (node: AnyNode) => {
  const values = new Map<number, unknown>();
  const leads = node.id === first(node);
  const has = (key: number) => {
    if (values.has(key)) return values.get(key);
    throw new RpcError(20, "key does not exist");
  };
  const handlers = {
    read: ({ key }: { key: number }) => ({ value: has(key) }),
    write({ key, value }: { key: number; value: unknown }) {
      values.set(key, value);
      return {};
    },
    cas({ key, from, to }: { key: number; from: unknown; to: unknown }) {
      if (has(key) !== from) throw new RpcError(22, "it has another value");
      values.set(key, to);
      return {};
    },
  };
  const options = { timeoutMs: whenCut === "refuse" ? 700 : 1e9 };
  for (const [type, handle] of Object.entries(handlers)) {
    // deno-lint-ignore no-explicit-any
    const at = (request: any) => handle(request);
    node.on(`do-${type}`, at);
    node.on(type, async (request) => {
      if (leads) return at(request);
      try {
        const { key, value, from, to } = request;
        const asked = { key, value, from, to };
        const reply = await node.rpc(first(node), `do-${type}`, asked, options);
        return type === "read" ? { value: reply.value } : {};
      } catch (error) {
        const { code } = error as RpcError;
        if (code !== 0) throw error;
        throw new RpcError(0, "it may have happened");
      }
    });
  }
};

/** What a store of one node may choose, or get wrong. */
export interface StoreChoices {
  /** How old the state is that read-only transactions see, in milliseconds. */
  staleMs?: number;
  /** Whether the transaction of this number is refused, before or after it is executed. */
  refuses?(serial: number): boolean;
  refusesAfterwards?(serial: number): boolean;
  /** Changes the steps before they are executed, or their reply. */
  steps?(steps: Step[], serial: number, node: AnyNode): Step[];
  answers?(steps: Step[], serial: number, node: AnyNode): unknown;
  /** Whether a transaction's writes are kept. */
  keeps?(serial: number): boolean;
  /** The time between two steps, in milliseconds. */
  pauseMs?: number;
}

/**
 * One node with one map, which executes transactions one after another, unless it pauses
 * between steps.
 */
export const store = (choices: StoreChoices = {}) => (node: AnyNode) => {
  const { staleMs = 0, pauseMs = 0 } = choices;
  const kept = (): boolean => true;
  const { refuses = () => false, keeps = kept } = choices;
  const versions = new Map<number, { value: unknown; at: number }[]>();
  let serial = 0;
  const read = (key: number, ageMs: number) =>
    versions.get(key)?.findLast(({ at }) => at <= node.now() - ageMs)
      ?.value ?? null;
  node.on("txn", async ({ txn }: { txn: Step[] }) => {
    const number = serial++;
    if (refuses(number)) throw new RpcError(30, "conflict");
    const keep = keeps(number);
    const own = new Map<number, unknown>();
    const age = txn.every(([f]) => f === "r") ? staleMs : 0;
    const answer: Step[] = [];
    for (const [f, key, value] of choices.steps?.(txn, number, node) ?? txn) {
      const before = own.has(key) ? own.get(key) : read(key, age);
      if (f === "r") answer.push([f, key, before]);
      else {
        const after = f === "w" ? value : [...before as unknown[] ?? [], value];
        if (keep) {
          const all = versions.get(key) ?? [];
          versions.set(key, all);
          all.push({ value: after, at: node.now() });
        } else own.set(key, after);
        answer.push([f, key, value]);
      }
      if (pauseMs > 0) await node.sleep(node.random() * pauseMs);
    }
    if (choices.refusesAfterwards?.(number)) throw new RpcError(30, "conflict");
    return { txn: choices.answers?.(answer, number, node) ?? answer };
  });
};

/** One node executes all transactions; the others forward them, or refuse them. */
function doneAtOne(node: AnyNode): void {
  const leads = node.id === first(node);
  const values = new Map<number, unknown>();
  const perform = ({ txn }: { txn: Step[] }) => ({
    txn: txn.map(([f, key, value]): Step => {
      if (f === "r") return [f, key, values.get(key) ?? null];
      const before = values.get(key) as unknown[] ?? [];
      values.set(key, f === "w" ? value : [...before, value]);
      return [f, key, value];
    }),
  });
  node.on("do", perform);
  node.on("txn", async ({ txn }) => {
    if (leads) return perform({ txn });
    try {
      const options = { timeoutMs: 1_000 };
      return { txn: (await node.rpc(first(node), "do", { txn }, options)).txn };
    } catch {
      throw new RpcError(0, "it may have happened");
    }
  });
}

/** The latest write wins by Lamport's clock and the node's name; all nodes tell each other what is new. */
function latestWins(node: AnyNode): void {
  type Version = { value: unknown; clock: number; by: string };
  const versions = new Map<number, Version>();
  let clock = 0;
  const merge = (key: number, version: Version) => {
    clock = Math.max(clock, version.clock);
    const mine = versions.get(key);
    const newer = !mine || version.clock > mine.clock ||
      (version.clock === mine.clock && version.by >= mine.by);
    if (newer) versions.set(key, version);
  };
  node.on("versions", ({ all }: { all: [number, Version][] }) => {
    for (const [key, version] of all) merge(key, version);
  });
  node.every(200, () => {
    const all = [...versions];
    for (const peer of node.peers) node.send(peer, "versions", { all });
  });
  node.on("txn", ({ txn }: { txn: Step[] }) => {
    const now = ++clock;
    return {
      txn: txn.map(([f, key, value]): Step => {
        if (f === "r") return [f, key, versions.get(key)?.value ?? null];
        merge(key, { value, clock: now, by: node.id });
        return [f, key, value];
      }),
    };
  });
}

/** How one node is run, and two. */
export const ALONE = {
  "node-count": 1,
  concurrency: "3n",
  rate: 60,
  "time-limit": 5,
  "key-count": 5,
};
const PAIR = { ...ALONE, "node-count": 2, concurrency: "2n" };
const CUT = { nemesis: "partition", "nemesis-interval": 2 };
const REGISTERS = {
  "node-count": 2,
  concurrency: "4n",
  rate: 20,
  "time-limit": 6,
};

/** A run at a level. */
export const at = (model: string, options: Stranger["options"] = ALONE) => ({
  ...options,
  "consistency-models": model,
});

const of = (
  workload: string,
  name: string,
  choice: string,
  program: (node: AnyNode) => void,
  options: Stranger["options"],
): Stranger => ({ name, choice, program, workload, options });

const RW = "txn-rw-register", LISTS = "txn-list-append";

/** See the module. */
export const strangers: Stranger[] = [
  of(
    "lin-kv",
    "lk-proxy",
    "passes requests on to the service",
    proxy,
    REGISTERS,
  ),
  of(
    "lin-kv",
    "lk-at-one-node",
    "has requests done at one node; behind a cut it does not know",
    registers("refuse"),
    { ...REGISTERS, ...CUT },
  ),
  of(
    "lin-kv",
    "lk-silent-when-cut",
    "behind a cut clients wait in vain",
    registers("silence"),
    { ...REGISTERS, ...CUT },
  ),
  of(
    "lin-kv",
    "lk-refusing-at-first",
    "refuses every request for two seconds",
    refusingAtFirst(proxy, 2_000, "read", "write", "cas"),
    REGISTERS,
  ),
  of(
    "lin-kv",
    "lk-late",
    "answers one request in five reads when clients have given up but are still there",
    slowlySometimes(proxy, 1_500, "read"),
    { ...REGISTERS, rate: 15 },
  ),
  of(
    RW,
    "rw-serializable-stale",
    "who only reads sees what was there half a second ago",
    store({ staleMs: 500 }),
    at("serializable"),
  ),
  of(
    RW,
    "rw-uncommitted-stale",
    "the same, where only read-uncommitted is asked",
    store({ staleMs: 500 }),
    at("read-uncommitted"),
  ),
  of(
    RW,
    "rw-refusing-every-third",
    "refuses every third transaction",
    store({ refuses: (n) => n % 3 === 0 }),
    at("strict-serializable"),
  ),
  of(
    RW,
    "rw-slow",
    "answers after four seconds",
    slowly(store(), 4_000, "txn"),
    { ...at("strict-serializable"), rate: 3 },
  ),
  of(
    RW,
    "rw-late",
    "answers one request in five after six seconds, when clients have given up but are still there",
    slowlySometimes(store(), 6_000, "txn"),
    { ...at("read-committed"), rate: 3, "time-limit": 12 },
  ),
  of(
    RW,
    "rw-refusing-at-first",
    "refuses every request for two seconds",
    refusingAtFirst(store(), 2_000, "txn"),
    at("serializable"),
  ),
  of(
    RW,
    "rw-at-one-node",
    "has transactions done at one node; behind a cut it does not know",
    doneAtOne,
    { ...at("strict-serializable", PAIR), ...CUT },
  ),
  of(
    RW,
    "rw-latest-wins",
    "the latest write wins everywhere in the end",
    latestWins,
    { ...at("read-uncommitted", PAIR), ...CUT, availability: "total" },
  ),
  of(
    LISTS,
    "la-serializable-stale",
    "who only reads sees what was there half a second ago",
    store({ staleMs: 500 }),
    at("serializable"),
  ),
  of(
    LISTS,
    "la-refusing-every-third",
    "refuses every third transaction",
    store({ refuses: (n) => n % 3 === 0 }),
    at("strict-serializable"),
  ),
  of(
    LISTS,
    "la-at-one-node",
    "has transactions done at one node; behind a cut it does not know",
    doneAtOne,
    { ...at("strict-serializable", PAIR), ...CUT },
  ),
  of(
    RW,
    "rw-first-only",
    "all nodes but the first refuse everything, and always",
    firstOnly(store(), "txn"),
    at("strict-serializable", PAIR),
  ),
  of(
    LISTS,
    "la-first-only",
    "all nodes but the first refuse everything, and always",
    firstOnly(store(), "txn"),
    at("strict-serializable", PAIR),
  ),
  of(
    "lin-kv",
    "lk-first-only",
    "all nodes but the first refuse everything, and always",
    firstOnly(registers("refuse"), "read", "write", "cas"),
    REGISTERS,
  ),
];
