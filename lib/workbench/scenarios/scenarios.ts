/**
 * The one table of what is run and what must come out: every challenge and variant with its
 * official command, the limits on the challenge's page, and the stricter ones that we set
 * ourselves. `make`, the tests, the simulator and the READMEs all read it.
 */
import {
  answered,
  availability,
  bytes,
  type Limit,
  maximum,
  median,
  S,
} from "./limits.ts";
import type { Promises } from "./promises.ts";
import type { Options } from "../history/options.ts";

/** One command of a challenge, with the limits on its results. */
export interface ScenarioRun {
  /** Tells it from the challenge's other commands; empty for the first. */
  label: string;
  /** Maelstrom's flags without dashes; `--bin` is left out. */
  flags: Options;
  /** What the challenge's page asks for beyond a valid verdict. */
  official: Limit[];
  /** What we ask for. */
  ours: Limit[];
}

/** A program and how it is judged. */
export interface Scenario {
  /** File name in `challenges/` without `.ts`, name of the executable in `bin/`, and `make` target. */
  name: string;
  /** The algorithm in a few words, for the results table. */
  algorithm: string;
  /** The guarantee in a few words, for the results table. */
  guarantee: string;
  /** The main program of which this is a variant. */
  variantOf?: string;
  workload: string;
  runs: ScenarioRun[];
  promises: Promises;
}

/** The promises of programs that always answer, and keep their data in the memory of nodes. */
const told = { available: true, survivesRestart: "told" } as const;

const PARTITION = { nemesis: "partition" };

function run(
  flags: Options,
  ours: Limit[] = [],
  official: Limit[] = [],
  label = "",
): ScenarioRun {
  return { label, flags, official, ours };
}

/** The same command with partitions, for which the challenge's page sets no limits. */
function cut(flags: Options, ours: Limit[] = []): ScenarioRun {
  return run({ ...flags, ...PARTITION }, ours, [], "with partitions");
}

/**
 * The row of a variant: that of its main program with some fields replaced. Promises are replaced
 * one by one.
 */
function variant(
  of: Scenario,
  row: Partial<Scenario> & Pick<Scenario, "name" | "algorithm">,
): Scenario {
  const promises = { ...of.promises, ...row.promises };
  return { ...of, variantOf: of.name, ...row, promises };
}

const echo: Scenario = {
  name: "echo-1",
  algorithm: "answer each request with its payload",
  guarantee: "one reply per request, equal payload",
  workload: "echo",
  runs: [run({ "node-count": 1, "time-limit": 10 }, [availability, S(0)])],
  promises: { available: true, survivesRestart: true },
};

const uniqueIds: Scenario = {
  name: "unique-ids-2",
  algorithm: "node id, random boot epoch, counter",
  guarantee: "unique across restarts, totally available",
  workload: "unique-ids",
  runs: [
    run({
      "time-limit": 30,
      rate: 1000,
      "node-count": 3,
      availability: "total",
      ...PARTITION,
    }, [availability, S(0)]),
  ],
  promises: { available: true, survivesRestart: true, oneIdType: true },
};

const broadcast = { "node-count": 5, "time-limit": 20, rate: 10 };

const broadcast3a: Scenario = {
  name: "broadcast-3a",
  algorithm: "one node, one set",
  guarantee: "reads are exact immediately",
  workload: "broadcast",
  runs: [
    run({ ...broadcast, "node-count": 1 }, [availability, S(0), maximum(1)]),
  ],
  promises: { available: true, convergenceMs: 0, quietMs: 6000 },
};

const broadcast3b: Scenario = {
  name: "broadcast-3b",
  algorithm: "flood the tree, acknowledge each hop",
  guarantee: "every value everywhere within 1 s",
  workload: "broadcast",
  runs: [run(broadcast, [availability, maximum(1000)])],
  promises: { ...told, convergenceMs: 1000, quietMs: 6000, hops: 10 },
};

const broadcast3c: Scenario = {
  name: "broadcast-3c",
  algorithm: "flood a tree, retry until acknowledged",
  guarantee: "every acknowledged value everywhere after the heal",
  workload: "broadcast",
  runs: [run({ ...broadcast, ...PARTITION }, [availability])],
  promises: { ...broadcast3b.promises, convergenceMs: 5000 },
};

const efficient = {
  "node-count": 25,
  "time-limit": 20,
  rate: 100,
  latency: 100,
};
const limits3d: Limit[] = [
  { figure: "servers.msgs-per-op", below: 30 },
  median(400),
  maximum(600),
];
const limits3e: Limit[] = [
  { figure: "servers.msgs-per-op", below: 20 },
  median(1000),
  maximum(2000),
];

const broadcast3d: Scenario = {
  name: "broadcast-3d",
  algorithm: "gather at a hub, scatter before the deadline",
  guarantee: "every acknowledged value everywhere after the heal",
  workload: "broadcast",
  runs: [
    run(efficient, [availability, S(1.2), bytes(2.3)], limits3d),
    cut(efficient, [availability, S(2)]),
  ],
  promises: {
    ...told,
    ...{ backMs: 4000, convergenceMs: 5000, quietMs: 6000, crossings: 2 },
  },
};

const broadcast3e: Scenario = {
  ...broadcast3d,
  name: "broadcast-3e",
  algorithm: "as 3d, with a longer period",
  runs: [
    run(efficient, [availability, S(0.4), bytes(2)], limits3e),
    cut(efficient, [availability, S(0.8)]),
  ],
  promises: { ...broadcast3d.promises, quietMs: 7000 },
};

const counter = {
  "node-count": 3,
  rate: 100,
  "time-limit": 20,
  ...PARTITION,
};

const counter4: Scenario = {
  name: "counter-4",
  algorithm: "own key in seq-kv, barrier, sum",
  guarantee: "reads at most 75 ms old; nodes keep no state",
  workload: "g-counter",
  runs: [run(counter, [availability, S(3)])],
  promises: {
    survivesRestart: true,
    stalenessMs: 75,
    boundsUnderFaults: true,
  },
};

const kafka = {
  "node-count": 2,
  concurrency: "2n",
  "time-limit": 20,
  rate: 1000,
};

const kafka5a: Scenario = {
  name: "kafka-5a",
  algorithm: "one node, one array per key",
  guarantee: "linearizable on one node",
  workload: "kafka",
  runs: [run({ ...kafka, "node-count": 1 }, [S(0)])],
  promises: { available: true, visibilityMs: 0 },
};

const kafka5b: Scenario = {
  name: "kafka-5b",
  algorithm: "one log in lin-kv, slots claimed by cas",
  guarantee: "linearizable; no holes; nodes keep no state",
  workload: "kafka",
  runs: [run(kafka, [S(4.5)])],
  promises: {
    survivesRestart: true,
    visibilityMs: 0,
    boundsUnderFaults: true,
  },
};

const kafka5c: Scenario = {
  name: "kafka-5c",
  algorithm: "striped offsets, gossiped high watermark",
  guarantee: "local acks, no skips, bounded visibility lag",
  workload: "kafka",
  runs: [
    run(kafka, [S(0.03), { figure: "visibility-lag.max-ms", atMost: 250 }]),
    cut(kafka),
  ],
  promises: { ...told, visibilityMs: 250, convergenceMs: 1000, hops: 4 },
};

const txn = {
  "node-count": 2,
  concurrency: "2n",
  "time-limit": 20,
  rate: 1000,
};
const txn6aFlags = {
  ...txn,
  "node-count": 1,
  "consistency-models": "read-uncommitted",
  availability: "total",
};
const runs6b = (ours: Limit[]) => {
  const flags = { ...txn, "consistency-models": "read-uncommitted" };
  return [run(flags, ours), cut({ ...flags, availability: "total" }, ours)];
};
const txn6cFlags = {
  ...txn,
  "consistency-models": "read-committed",
  availability: "total",
  ...PARTITION,
};

const txn6a: Scenario = {
  name: "txn-6a",
  algorithm: "one node, one map, atomic handlers",
  guarantee: "strict serializable on one node",
  workload: "txn-rw-register",
  runs: [run(txn6aFlags, [availability, S(0)])],
  promises: { available: true, transactions: "strict-serializable" },
};

const txn6b: Scenario = {
  name: "txn-6b",
  algorithm: "stamped transactions, deltas resent until acknowledged",
  guarantee: "read uncommitted, no G0, convergent",
  workload: "txn-rw-register",
  runs: runs6b([availability, S(0.05)]),
  promises: { ...told, transactions: "read-uncommitted" },
};

const txn6c: Scenario = {
  name: "txn-6c",
  algorithm: "anti-entropy by version vectors, Lamport stamps",
  guarantee: "transactional causal consistency, convergent",
  workload: "txn-rw-register",
  runs: [run(txn6cFlags, [availability, S(0.05)])],
  promises: { ...told, transactions: "causal" },
};

const linKv = { "node-count": 3, concurrency: "10n", rate: 100 };

const gSet: Scenario = {
  name: "g-set",
  algorithm: "delta CRDT over a star, resent until acknowledged",
  guarantee: "every element everywhere within 1 s; always available",
  workload: "g-set",
  runs: [run({ ...broadcast, ...PARTITION }, [availability, S(1)])],
  promises: { ...told, convergenceMs: 1000 },
};

const pnCounter: Scenario = {
  name: "pn-counter",
  algorithm: "two G-counters, gossiped only while dirty",
  guarantee: "exact after the heal, always available",
  workload: "pn-counter",
  runs: [run(counter, [availability, S(0.3)])],
  promises: { ...told, stalenessMs: 350, convergenceMs: 1000 },
};

/** How long the root of txn-6-strict is at most: 128 keys with lists of 16 numbers. */
const ROOT_CHARACTERS = 16_000;

const txnListAppend: Scenario = {
  name: "txn-list-append",
  algorithm: "one lin-kv root, compare-and-set",
  guarantee: "strict serializable while lin-kv answers",
  workload: "txn-list-append",
  runs: [
    run({
      "node-count": 3,
      rate: 100,
      "time-limit": 30,
      "consistency-models": "strict-serializable",
      ...PARTITION,
    }, [S(4.5)]),
  ],
  promises: {
    survivesRestart: true,
    transactions: "strict-serializable",
    messageCharacters: ROOT_CHARACTERS,
  },
};

const linKvRaft: Scenario = {
  name: "lin-kv-raft",
  algorithm: "Raft: elected leader, replicated log, ReadIndex",
  guarantee: "linearizable; any majority makes progress",
  workload: "lin-kv",
  runs: [
    run(linKv, [S(3)]),
    cut({ ...linKv, "nemesis-interval": 3 }, [answered(0.99)]),
  ],
  promises: { survivesRestart: "minority", majorityMs: 1500, logEntries: 1000 },
};

/** Every program, in the order of the challenges, each followed by its variants. */
export const scenarios: readonly Scenario[] = [
  echo,
  uniqueIds,
  variant(uniqueIds, {
    name: "unique-ids-2-counter",
    algorithm: "node id and counter, boot epoch between",
  }),
  variant(uniqueIds, {
    name: "unique-ids-2-objectid",
    algorithm: "clock, node, process and counter, separated",
    guarantee: "unique and roughly ordered by time",
  }),
  variant(uniqueIds, {
    name: "unique-ids-2-tso",
    algorithm: "lin-tso's timestamp for each life, counter",
    runs: [run(uniqueIds.runs[0]!.flags, [availability, S(0.001)])],
  }),
  broadcast3a,
  broadcast3b,
  broadcast3c,
  variant(broadcast3c, {
    name: "broadcast-3c-immediate",
    algorithm: "send each value at once, retry",
    promises: { hops: 20 },
  }),
  variant(broadcast3c, {
    name: "broadcast-3c-batch",
    algorithm: "per-neighbour batches, kept until acknowledged",
    promises: { hops: 54 },
  }),
  broadcast3d,
  variant(broadcast3d, {
    name: "broadcast-3d-mesh",
    algorithm: "send to everyone directly, piggyback acknowledgements",
    guarantee: "one hop; every value everywhere after the heal",
    runs: [
      run(efficient, [availability, median(115), maximum(115)], limits3d),
      cut(efficient, [availability]),
    ],
    promises: { backMs: 0 },
  }),
  broadcast3e,
  variant(broadcast3e, {
    name: "broadcast-3e-buffered",
    algorithm: "mesh, buffered and sent every 1.5 s",
    runs: [
      run(efficient, [availability], limits3e),
      cut(efficient, [availability]),
    ],
    promises: { quietMs: 6000, backMs: 0 },
  }),
  counter4,
  variant(counter4, {
    name: "counter-4-crdt",
    algorithm: "G-counter gossiped only while dirty",
    guarantee: "exact after the heal, always available",
    runs: [run(counter, [availability, S(0.3)])],
    promises: {
      available: true,
      survivesRestart: "told",
      stalenessMs: 350,
      boundsUnderFaults: false,
      convergenceMs: 1000,
    },
  }),
  variant(counter4, {
    name: "counter-4-cas",
    algorithm: "one seq-kv key, barrier, compare-and-set",
    guarantee: "linearizable; nodes keep no state",
    runs: [run(counter, [availability])],
    promises: { stalenessMs: 0 },
  }),
  kafka5a,
  kafka5b,
  variant(kafka5b, {
    name: "kafka-5b-lock",
    algorithm: "lin-kv lock with lease and fencing",
    runs: [run(kafka)],
  }),
  kafka5c,
  variant(kafka5c, {
    name: "kafka-5c-leader",
    algorithm: "owner per key by hash, in-order replication",
    guarantee: "no skips; owner unreachable: error 11",
    runs: [run(kafka)],
    promises: { available: false },
  }),
  txn6a,
  variant(txn6a, {
    name: "txn-6a-lock",
    algorithm: "lin-kv lock with lease, a journal",
    guarantee: "strict serializable while lin-kv answers",
    runs: [run(txn6aFlags, [availability])],
    promises: { available: false, survivesRestart: true },
  }),
  txn6b,
  variant(txn6b, {
    name: "txn-6b-writes",
    algorithm: "stamped writes, each resent until acknowledged",
    runs: runs6b([availability]),
  }),
  txn6c,
  variant(txn6c, {
    name: "txn-6c-staged",
    algorithm: "causal broadcast, staged, merged in one step",
    runs: [run(txn6cFlags, [availability])],
  }),
  variant(txn6c, {
    name: "txn-6-strict",
    algorithm: "one lin-kv root, compare-and-set",
    guarantee: "strict serializable while lin-kv answers",
    runs: [run({ ...txn, "consistency-models": "strict-serializable" })],
    promises: {
      available: false,
      survivesRestart: true,
      transactions: "strict-serializable",
      messageCharacters: ROOT_CHARACTERS,
    },
  }),
  gSet,
  pnCounter,
  txnListAppend,
  variant(txnListAppend, {
    name: "txn-list-append-thunks",
    algorithm: "values in lww-kv, one root in lin-kv",
    runs: [{ ...txnListAppend.runs[0]!, ours: [] }],
  }),
  linKvRaft,
  variant(linKvRaft, {
    name: "lin-kv-proxy",
    algorithm: "forward everything to lin-kv",
    guarantee: "linearizable while lin-kv answers",
    runs: [run(linKv, [S(2)])],
    promises: { survivesRestart: true, assumesOnce: true },
  }),
  variant(linKvRaft, {
    name: "lin-kv-vr",
    algorithm: "Viewstamped Replication: views, recovery",
  }),
];

/**
 * The scenario of a program.
 *
 * @throws {Error} there is no such scenario; the message lists those there are
 */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.name).join(", ");
  throw new Error(`Cannot find a scenario "${name}": there are ${names}`);
}
