/** Mutants of the counters. */
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import { hasCode } from "../fixtures/has-code.ts";
import { HastyKv } from "./hasty-kv.ts";
import counter4 from "../../challenges/counter-4.ts";
import type { Mutant } from "./mutant.ts";
import { twist } from "./twist.ts";

interface Counter {
  add(request: { delta: number }): Record<never, never>;
  read(): { value: number };
  merge(message: { sums: Sums }): void;
}

type Sums = { [node: string]: number };

const store = (node: Node<Counter>) =>
  new HastyKv<number>(node, "seq-kv", { timeoutMs: 300 });

/** Repeats what timed out, while clients wait. */
async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 0;; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!hasCode(error, ErrorCode.timeout) || tried > 10) throw error;
    }
  }
}

/** The sum over the nodes' keys, with or without a barrier before. */
async function sum(node: Node<Counter>, barrier: boolean): Promise<number> {
  const kv = store(node);
  if (barrier) await again(() => kv.sync());
  let value = 0;
  for (const id of node.ids) value += await again(() => kv.readOr(id, 0));
  return value;
}

function readsWithoutBarrier(node: Node<Counter>): void {
  let own = 0;
  node.on("add", async ({ delta }) => {
    own += delta;
    await again(() => store(node).write(node.id, own));
    return {};
  });
  node.on("read", async () => ({ value: await sum(node, false) }));
}

function startsFromZero(node: Node<Counter>): void {
  let own = 0;
  node.on("add", async ({ delta }) => {
    own += delta;
    await again(() => store(node).write(node.id, own));
    return {};
  });
  node.on("read", async () => ({ value: await sum(node, true) }));
}

function writesPlainly(node: Node<Counter>): void {
  let own: Promise<number> | null = null;
  node.on("add", async ({ delta }) => {
    const kv = store(node);
    own ??= again(() => kv.sync()).then(() =>
      again(() => kv.readOr(node.id, 0))
    );
    own = own.then((before) => before + delta);
    const total = await own;
    await again(() => kv.write(node.id, total));
    return {};
  });
  node.on("read", async () => ({ value: await sum(node, true) }));
}

/** Two concurrent adds begin with the same sum. */
function racesWithItself(node: Node<Counter>): void {
  let own = 0;
  node.on("add", async ({ delta }) => {
    const total = own + delta;
    await again(() => store(node).write(node.id, total));
    own = total;
    return {};
  });
  node.on("read", async () => ({ value: await sum(node, true) }));
}

function repeatsBlindly(node: Node<Counter>): void {
  node.on("add", async ({ delta }) => {
    await again(() => store(node).update("counter", (n) => n + delta, 0));
    return {};
  });
  node.on("read", async () => {
    const kv = store(node);
    await again(() => kv.sync());
    return { value: await again(() => kv.readOr("counter", 0)) };
  });
}

/** Gossips this node's sum to all peers: always, or, if it forgets, once after each change. */
export function gossip(
  node: Node<Counter>,
  merge: (mine: number, theirs: number) => number,
  { forget = false, readEveryMs = 0 } = {},
): void {
  const sums: Sums = {};
  let dirty = false, shown = 0, shownAt = -Infinity;
  node.on("add", ({ delta }) => {
    sums[node.id] = (sums[node.id] ?? 0) + delta;
    dirty = true;
    return {};
  });
  node.on("read", () => {
    if (node.now() - shownAt >= readEveryMs) {
      shown = Object.values(sums).reduce((a, b) => a + b, 0);
      shownAt = node.now();
    }
    return { value: shown };
  });
  node.on("merge", ({ sums: theirs }) => {
    for (const [id, total] of Object.entries(theirs)) {
      if (id !== node.id) sums[id] = merge(sums[id] ?? 0, total);
    }
  });
  node.every(200, () => {
    if (forget && !dirty) return;
    dirty = false;
    const own = { [node.id]: sums[node.id] ?? 0 };
    for (const peer of node.peers) node.send(peer, "merge", { sums: own });
  });
}

const small = { "time-limit": 8, rate: 50 };

/** Mutants of counter-4 and its variants. */
export const mutants: Mutant[] = [
  {
    name: "counter-stale-read",
    bug: "trusts a plain seq-kv read",
    program: readsWithoutBarrier,
    scenario: "counter-4",
    flags: small,
    faults: "official",
    caughtAs: ["stale-read", "read-went-backwards"],
    faithful: "passes",
  },
  {
    name: "counter-forgets-at-restart",
    bug: "a restarted node writes its sum from zero again",
    program: startsFromZero,
    scenario: "counter-4",
    flags: small,
    faults: "chaos",
    caughtAs: ["read-too-low"],
    faithful: "caught",
  },
  {
    name: "counter-plain-write",
    bug:
      "writes its sum without compare-and-set, so a late copy undoes newer ones",
    program: writesPlainly,
    scenario: "counter-4",
    flags: small,
    faults: "chaos",
    caughtAs: ["stale-read", "read-went-backwards", "read-too-low"],
    faithful: "caught",
  },
  {
    name: "counter-blind-retry",
    bug: "adds again when the outcome of an add is unknown",
    program: repeatsBlindly,
    scenario: "counter-4-cas",
    flags: small,
    faults: "chaos",
    caughtAs: ["read-too-high"],
    faithful: "caught",
  },
  {
    name: "counter-early-ack",
    bug: "acknowledges adds before they are stored",
    program: twist(counter4, () => ({
      add: (handler) => (request, src) => {
        handler(request, src)?.catch(() => {});
        return {};
      },
    })),
    scenario: "counter-4",
    flags: small,
    faults: "chaos",
    caughtAs: ["stale-read", "read-too-low"],
    faithful: "passes",
  },
  {
    name: "counter-nonsense-until-quiet",
    bug: "answers reads with nonsense while there is traffic",
    program: twist(counter4, (node) => {
      let last = 0;
      return {
        add: (handler) => (request, src) => {
          last = node.now();
          return handler(request, src);
        },
        read: (handler) => (request, src) =>
          node.now() - last < 5_000 ? { value: -12345 } : handler(request, src),
      };
    }),
    scenario: "counter-4",
    flags: small,
    faults: "official",
    caughtAs: ["read-too-low"],
    faithful: "passes",
  },
  {
    name: "counter-refuses-reads",
    bug: "all nodes but one refuse to be read",
    program: twist(counter4, (node) => ({
      read: (handler) => (request, src) => {
        if (node.id === "n0") return handler(request, src);
        throw new RpcError(ErrorCode.temporarilyUnavailable, "not now");
      },
    })),
    scenario: "counter-4",
    flags: small,
    faults: "official",
    caughtAs: ["no-final-read"],
    faithful: "passes",
  },
  {
    name: "crdt-overwrite",
    bug: "keeps the sum that came last, not the highest",
    program: (node: Node<Counter>) => gossip(node, (_, theirs) => theirs),
    scenario: "counter-4-crdt",
    flags: small,
    faults: "chaos",
    caughtAs: ["read-went-backwards", "read-too-low"],
    faithful: "passes",
  },
  {
    name: "ctr-racy",
    bug: "reads its sum, writes the new one, and only then remembers it",
    program: racesWithItself,
    scenario: "counter-4",
    flags: { ...small, latency: 5 },
    faults: "chaos",
    caughtAs: ["stale-read", "read-too-low"],
    faithful: "caught",
  },
  {
    name: "crdt-forgets-the-tail",
    bug: "sends a change once and never again",
    program: (node: Node<Counter>) => gossip(node, Math.max, { forget: true }),
    scenario: "counter-4-crdt",
    flags: small,
    faults: "partition",
    caughtAs: ["read-too-low"],
    faithful: "caught",
  },
  {
    name: "crdt-old-reads",
    bug: "answers reads from up to two seconds ago",
    program: (node: Node<Counter>) =>
      gossip(node, Math.max, { readEveryMs: 2_000 }),
    scenario: "counter-4-crdt",
    flags: { ...small, "time-limit": 15, rate: 100 },
    faults: "official",
    caughtAs: ["stale-read"],
    faithful: "passes",
  },
];
