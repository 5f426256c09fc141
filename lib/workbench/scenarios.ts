/**
 * The one table of what is run and what must come out: every challenge and variant with
 * its official command, the limits of the challenge's page, and the tighter ones that we
 * set ourselves. `make`, the tests, the simulator and the README read it; nothing of it
 * is written down a second time.
 */
import type { Limit } from "./limits.ts";
import type { Promises } from "./promises.ts";
import type { Options } from "./history.ts";

/** One command of a challenge, with what must come out of it. */
export interface ScenarioRun {
  /** What distinguishes it from the challenge's other commands; empty for the first. */
  label: string;
  /** Maelstrom's flags without dashes; `--bin` is left out. */
  flags: Options;
  /** What the challenge's page asks beyond a valid verdict. */
  official: Limit[];
  /** What we ask. */
  ours: Limit[];
}

/** A program and how it is judged. */
export interface Scenario {
  /** File name in `challenges/` without `.ts`, name of the executable in `bin/`, and `make` target. */
  name: string;
  /** Six words for the results table. */
  algorithm: string;
  /** The guarantee in a few words, for the results table. */
  guarantee: string;
  /** The main program of which this is a variant. */
  variantOf?: string;
  workload: string;
  runs: ScenarioRun[];
  promises: Promises;
}

const PARTITION = { nemesis: "partition" };

const availability: Limit = { figure: "availability", atLeast: 1 };
const S = (atMost: number): Limit => ({
  figure: "servers.msgs-per-op",
  atMost,
});
const median = (below: number): Limit => ({
  figure: "stable-latency.median-ms",
  below,
});
const maximum = (below: number): Limit => ({
  figure: "stable-latency.max-ms",
  below,
});

/** Bytes between servers, as a multiple of what the values take if each goes to each node once. */
const bytes = (atMost: number): Limit => ({
  figure: "servers.bytes-to-least",
  atMost,
});

const echo = { "node-count": 1, "time-limit": 10 };
const uniqueIds = {
  "time-limit": 30,
  rate: 1000,
  "node-count": 3,
  availability: "total",
  ...PARTITION,
};
const broadcast = { "node-count": 5, "time-limit": 20, rate: 10 };
const efficient = {
  "node-count": 25,
  "time-limit": 20,
  rate: 100,
  latency: 100,
};
const counter = {
  "node-count": 3,
  rate: 100,
  "time-limit": 20,
  ...PARTITION,
};
const kafka = {
  "node-count": 2,
  concurrency: "2n",
  "time-limit": 20,
  rate: 1000,
};
const txn = {
  "node-count": 2,
  concurrency: "2n",
  "time-limit": 20,
  rate: 1000,
};

const official3d: Limit[] = [
  { figure: "servers.msgs-per-op", below: 30 },
  median(400),
  maximum(600),
];
const official3e: Limit[] = [
  { figure: "servers.msgs-per-op", below: 20 },
  median(1000),
  maximum(2000),
];

function run(
  flags: Options,
  ours: Limit[] = [],
  official: Limit[] = [],
  label = "",
): ScenarioRun {
  return { label, flags, official, ours };
}

const twoRuns6b = (ours: Limit[]) => [
  run({ ...txn, "consistency-models": "read-uncommitted" }, ours),
  run(
    {
      ...txn,
      "consistency-models": "read-uncommitted",
      availability: "total",
      ...PARTITION,
    },
    ours,
    [],
    "with partitions",
  ),
];
const run6c = (ours: Limit[]) => [
  run({
    ...txn,
    "consistency-models": "read-committed",
    availability: "total",
    ...PARTITION,
  }, [availability, ...ours]),
];

/** Every program, in the order of the challenges, each followed by its variants. */
export const scenarios: readonly Scenario[] = [
  {
    name: "echo-1",
    algorithm: "answer each request with its payload",
    guarantee: "one reply a request, byte-equal payload",
    workload: "echo",
    runs: [run(echo, [availability, S(0)])],
    promises: { available: true, survivesRestart: true },
  },
  {
    name: "unique-ids-2",
    algorithm: "node id, random boot epoch, counter",
    guarantee: "unique across restarts, totally available",
    workload: "unique-ids",
    runs: [run(uniqueIds, [availability, S(0)])],
    promises: { available: true, survivesRestart: true },
  },
  {
    name: "unique-ids-2-counter",
    variantOf: "unique-ids-2",
    algorithm: "node id and counter, boot epoch between",
    guarantee: "unique across restarts, totally available",
    workload: "unique-ids",
    runs: [run(uniqueIds, [availability, S(0)])],
    promises: { available: true, survivesRestart: true },
  },
  {
    name: "unique-ids-2-objectid",
    variantOf: "unique-ids-2",
    algorithm: "clock, node, process and counter, separated",
    guarantee: "unique and roughly ordered by time",
    workload: "unique-ids",
    runs: [run(uniqueIds, [availability, S(0)])],
    promises: { available: true, survivesRestart: true },
  },
  {
    name: "broadcast-3a",
    algorithm: "one node, one set",
    guarantee: "reads are exact at once",
    workload: "broadcast",
    runs: [
      run({ ...broadcast, "node-count": 1 }, [availability, S(0), maximum(1)]),
    ],
    promises: { available: true, convergenceMs: 0, quietMs: 6000 },
  },
  {
    name: "broadcast-3b",
    algorithm: "flood the tree, acknowledge each hop",
    guarantee: "every value everywhere within 1 s",
    workload: "broadcast",
    runs: [run(broadcast, [availability, maximum(1000)])],
    promises: { available: true, convergenceMs: 1000, quietMs: 6000, hops: 10 },
  },
  {
    name: "broadcast-3c",
    algorithm: "flood a tree, retry until acknowledged",
    guarantee: "every acknowledged value everywhere after the heal",
    workload: "broadcast",
    runs: [run({ ...broadcast, ...PARTITION }, [availability])],
    promises: { available: true, convergenceMs: 5000, quietMs: 6000, hops: 10 },
  },
  {
    name: "broadcast-3c-immediate",
    variantOf: "broadcast-3c",
    algorithm: "send each value at once, retry",
    guarantee: "every acknowledged value everywhere after the heal",
    workload: "broadcast",
    runs: [run({ ...broadcast, ...PARTITION }, [availability])],
    promises: { available: true, convergenceMs: 5000, quietMs: 6000, hops: 20 },
  },
  {
    name: "broadcast-3c-batch",
    variantOf: "broadcast-3c",
    algorithm: "per-neighbour batches, kept until acknowledged",
    guarantee: "every acknowledged value everywhere after the heal",
    workload: "broadcast",
    runs: [run({ ...broadcast, ...PARTITION }, [availability])],
    promises: { available: true, convergenceMs: 5000, quietMs: 6000, hops: 54 },
  },
  {
    name: "broadcast-3d",
    algorithm: "gather at a hub, scatter, phase-locked",
    guarantee: "every acknowledged value everywhere after the heal",
    workload: "broadcast",
    runs: [
      run(efficient, [availability, S(1.05), bytes(2)], official3d),
      run(
        { ...efficient, ...PARTITION },
        [availability, S(2)],
        [],
        "with partitions",
      ),
    ],
    promises: {
      available: true,
      convergenceMs: 5000,
      quietMs: 6000,
      crossings: 2,
    },
  },
  {
    name: "broadcast-3d-mesh",
    variantOf: "broadcast-3d",
    algorithm: "tell everyone directly, acknowledge by piggyback",
    guarantee: "one hop; every value everywhere after the heal",
    workload: "broadcast",
    runs: [
      run(efficient, [availability, median(115), maximum(115)], official3d),
      run(
        { ...efficient, ...PARTITION },
        [availability],
        [],
        "with partitions",
      ),
    ],
    promises: {
      available: true,
      convergenceMs: 5000,
      quietMs: 6000,
      crossings: 2,
    },
  },
  {
    name: "broadcast-3e",
    algorithm: "as 3d, with a longer period",
    guarantee: "every acknowledged value everywhere after the heal",
    workload: "broadcast",
    runs: [
      run(efficient, [availability, S(0.36), bytes(2)], official3e),
      run(
        { ...efficient, ...PARTITION },
        [availability, S(0.8)],
        [],
        "with partitions",
      ),
    ],
    promises: {
      available: true,
      convergenceMs: 5000,
      quietMs: 7000,
      crossings: 2,
    },
  },
  {
    name: "broadcast-3e-buffered",
    variantOf: "broadcast-3e",
    algorithm: "mesh, buffered and sent every 1.5 s",
    guarantee: "every acknowledged value everywhere after the heal",
    workload: "broadcast",
    runs: [
      run(efficient, [availability], official3e),
      run(
        { ...efficient, ...PARTITION },
        [availability],
        [],
        "with partitions",
      ),
    ],
    promises: {
      available: true,
      convergenceMs: 5000,
      quietMs: 6000,
      crossings: 2,
    },
  },
  {
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
  },
  {
    name: "counter-4-crdt",
    variantOf: "counter-4",
    algorithm: "G-counter gossiped only while dirty",
    guarantee: "exact after the heal, always available",
    workload: "g-counter",
    runs: [run(counter, [availability, S(0.3)])],
    promises: { available: true, stalenessMs: 350, convergenceMs: 1000 },
  },
  {
    name: "counter-4-cas",
    variantOf: "counter-4",
    algorithm: "one seq-kv key, barrier, compare-and-set",
    guarantee: "linearizable; nodes keep no state",
    workload: "g-counter",
    runs: [run(counter, [availability])],
    promises: {
      survivesRestart: true,
      stalenessMs: 0,
      boundsUnderFaults: true,
    },
  },
  {
    name: "kafka-5a",
    algorithm: "one node, one array a key",
    guarantee: "linearizable on one node",
    workload: "kafka",
    runs: [run({ ...kafka, "node-count": 1 }, [S(0)])],
    promises: { available: true, visibilityMs: 0 },
  },
  {
    name: "kafka-5b",
    algorithm: "one log in lin-kv, slots claimed by cas",
    guarantee: "linearizable; no holes; nodes keep no state",
    workload: "kafka",
    runs: [run(kafka, [S(6)])],
    promises: {
      survivesRestart: true,
      visibilityMs: 0,
      boundsUnderFaults: true,
    },
  },
  {
    name: "kafka-5b-lock",
    variantOf: "kafka-5b",
    algorithm: "lin-kv lock with lease and fencing",
    guarantee: "linearizable; no holes; nodes keep no state",
    workload: "kafka",
    runs: [run(kafka)],
    promises: {
      survivesRestart: true,
      visibilityMs: 0,
      boundsUnderFaults: true,
    },
  },
  {
    name: "kafka-5c",
    algorithm: "striped offsets, gossiped high watermark",
    guarantee: "local acks, no skips, bounded visibility lag",
    workload: "kafka",
    runs: [
      run(kafka, [S(0.03), {
        figure: "visibility-lag.max-ms",
        atMost: 250,
      }]),
      run({ ...kafka, ...PARTITION }, [], [], "with partitions"),
    ],
    promises: { available: true, visibilityMs: 250, convergenceMs: 1000 },
  },
  {
    name: "kafka-5c-leader",
    variantOf: "kafka-5c",
    algorithm: "owner per key by hash, in-order replication",
    guarantee: "no skips; owner unreachable: error 11",
    workload: "kafka",
    runs: [run(kafka)],
    promises: { visibilityMs: 250, convergenceMs: 1000 },
  },
  {
    name: "txn-6a",
    algorithm: "one node, one map, atomic handlers",
    guarantee: "strict serializable on one node",
    workload: "txn-rw-register",
    runs: [
      run({
        ...txn,
        "node-count": 1,
        "consistency-models": "read-uncommitted",
        availability: "total",
      }, [availability, S(0)]),
    ],
    promises: { available: true, transactions: "strict-serializable" },
  },
  {
    name: "txn-6a-lock",
    variantOf: "txn-6a",
    algorithm: "lin-kv lock with lease, a journal",
    guarantee: "strict serializable while lin-kv answers",
    workload: "txn-rw-register",
    runs: [
      run({
        ...txn,
        "node-count": 1,
        "consistency-models": "read-uncommitted",
        availability: "total",
      }, [availability]),
    ],
    promises: { survivesRestart: true, transactions: "strict-serializable" },
  },
  {
    name: "txn-6b",
    algorithm: "stamped transactions, deltas until acknowledged",
    guarantee: "read uncommitted, no G0, convergent",
    workload: "txn-rw-register",
    runs: twoRuns6b([availability, S(0.05)]),
    promises: { available: true, transactions: "read-uncommitted" },
  },
  {
    name: "txn-6b-writes",
    variantOf: "txn-6b",
    algorithm: "stamped writes, each until acknowledged",
    guarantee: "read uncommitted, no G0, convergent",
    workload: "txn-rw-register",
    runs: twoRuns6b([availability]),
    promises: { available: true, transactions: "read-uncommitted" },
  },
  {
    name: "txn-6c",
    algorithm: "anti-entropy by version vectors, Lamport stamps",
    guarantee: "transactional causal consistency, convergent",
    workload: "txn-rw-register",
    runs: run6c([S(0.05)]),
    promises: { available: true, transactions: "causal" },
  },
  {
    name: "txn-6c-staged",
    variantOf: "txn-6c",
    algorithm: "causal broadcast, staged, merged in one step",
    guarantee: "transactional causal consistency, convergent",
    workload: "txn-rw-register",
    runs: run6c([]),
    promises: { available: true, transactions: "causal" },
  },
  {
    name: "txn-6-strict",
    variantOf: "txn-6c",
    algorithm: "one lin-kv root, compare-and-set",
    guarantee: "strict serializable while lin-kv answers",
    workload: "txn-rw-register",
    runs: [run({ ...txn, "consistency-models": "strict-serializable" })],
    promises: { survivesRestart: true, transactions: "strict-serializable" },
  },
];

/**
 * The scenario of a program.
 *
 * @throws {Error} there is none of that name; the message lists those there are
 */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.name).join(", ");
  throw new Error(`Cannot find a scenario "${name}": there are ${names}`);
}
