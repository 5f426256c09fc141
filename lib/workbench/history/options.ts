/** The flags of a run, and what they say of its nodes, workers and network. */
import type { Json } from "./json.ts";

/** The flags of a run, without their dashes, as `tests/golden/` has them: `{"node-count": 5, "rate": 10}`. */
export type Options = { [flag: string]: Json | undefined };

/** The nodes of a run: `--nodes` if given, else n0 .. n(N-1) for `--node-count`, else n1 .. n5. */
export function nodesOf(options: Options): string[] {
  const { nodes, "node-count": count } = options;
  if (typeof nodes === "string") return nodes.split(",");
  if (count === undefined) return ["n1", "n2", "n3", "n4", "n5"];
  return Array.from({ length: Number(count) }, (_, i) => `n${i}`);
}

/** The number of workers of a run: `--concurrency`, where a suffix n multiplies by the number of nodes. */
export function workersOf(options: Options): number {
  const match = /^(\d+)(n?)$/.exec(String(options.concurrency ?? "1n"));
  if (match === null) {
    throw new Error(
      `Cannot read concurrency "${options.concurrency}": use a number, or one with the suffix n as in 2n`,
    );
  }
  return Number(match[1]) * (match[2] === "n" ? nodesOf(options).length : 1);
}

/**
 * The node that a process talked to. Workers are assigned to nodes round robin, and keep their node
 * when they crash.
 */
export function nodeOf(process: number, options: Options): string {
  const nodes = workerNodes.get(options) ?? nodesOfWorkers(options);
  return nodes[process % nodes.length]!;
}

/** By options, the node of each worker. It is remembered because judges ask for it at every operation. */
const workerNodes = new WeakMap<Options, string[]>();

function nodesOfWorkers(options: Options): string[] {
  const all = nodesOf(options);
  const nodes = Array.from(
    { length: workersOf(options) },
    (_, i) => all[i % all.length]!,
  );
  workerNodes.set(options, nodes);
  return nodes;
}

/**
 * For how long this many messages, one after another, may be on their way with the run's
 * latencies, in milliseconds; two by default, a request and its reply. It is added to bounds that
 * exclude network latency. For random latencies it is more than the longest, since messages also
 * wait behind each other.
 */
export function networkMs(options: Options, hops = 2): number {
  const mean = Number(options.latency ?? 0);
  const worst = { constant: 1, uniform: 3, exponential: 15 };
  const distribution = String(options["latency-dist"] ?? "constant");
  return hops * mean * (worst[distribution as keyof typeof worst] ?? 1);
}

/** Options as typed on a command line: `--node-count 5 --rate 10`. */
export function flagsText(options: Options): string {
  return Object.entries(options)
    .map(([name, value]) => `--${name} ${shellWord(String(value))}`).join(" ");
}

/** A text, quoted as one word of a shell command. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
