/**
 * What the nemesis does, and when: which nodes refuse messages of which others, and which nodes are
 * killed or paused. It cuts only links between nodes, never those to clients and services.
 */
import type { Json } from "../history/json.ts";
import type { Random } from "./random.ts";

/**
 * Jepsen's name for a partition: for each receiver, the nodes whose messages it refuses. Every node
 * has an entry.
 */
export type Grudge = Map<string, Set<string>>;

/** The kinds of partition; `kinds` explains each. */
export type PartitionKind =
  | "one"
  | "majority"
  | "minority-third"
  | "majorities-ring"
  | "one-way"
  | "bridge"
  | "isolate-each";

/** The kinds that Maelstrom draws from, all equally likely. */
export const maelstromPartitions: readonly PartitionKind[] = [
  "one",
  "majority",
  "minority-third",
  "majorities-ring",
];

/** Maelstrom's kinds, and those that only chaos has. */
export const allPartitions: readonly PartitionKind[] = [
  ...maelstromPartitions,
  "one-way",
  "bridge",
  "isolate-each",
];

/** Draws a partition of this kind, which may leave a small cluster whole. */
export function grudge(
  kind: PartitionKind,
  nodes: readonly string[],
  random: Random,
): Grudge {
  return kinds[kind](nodes, random);
}

/**
 * A grudge as the value of the nemesis's operation in a history: `["isolated", {"n0": ["n1"],
 * "n1": ["n0"]}]`.
 */
export function describeGrudge(grudge: Grudge): Json {
  return [
    "isolated",
    Object.fromEntries(
      [...grudge].map(([receiver, sources]) => [receiver, [...sources]]),
    ),
  ];
}

/** The faults of Maelstrom's nemesis, as `--nemesis` names them. */
export const NEMESIS_FAULTS = ["partition", "kill", "pause"] as const;

/** One of {@link NEMESIS_FAULTS}. */
export type NemesisFault = (typeof NEMESIS_FAULTS)[number];

/**
 * The faults of a `--nemesis` flag, a list with commas.
 *
 * @throws {RangeError} one of them is not a fault
 */
export function nemesisFaults(flag: string): NemesisFault[] {
  const words = flag.split(",").map((word) => word.trim());
  return words.map((word) => {
    const fault = NEMESIS_FAULTS.find((fault) => fault === word);
    if (fault !== undefined) return fault;
    throw new RangeError(
      `Cannot use --nemesis "${flag}": it must be a list of ${
        NEMESIS_FAULTS.join(", ")
      }, with commas between them`,
    );
  });
}

/** Which nodes a kill or a pause strikes. */
export type Target =
  | "some"
  | "one"
  | "minority-third"
  | "minority"
  | "majority"
  | "all";

/** All targets, which are equally likely. `some` is Jepsen's nil: any number of nodes, at least one. */
export const TARGETS: readonly Target[] = [
  "some",
  "one",
  "minority-third",
  "minority",
  "majority",
  "all",
];

/** Draws the nodes of a target. There may be none: a small cluster has no minority. */
export function nodesStruck(
  target: Target,
  nodes: Nodes,
  random: Random,
): string[] {
  const counts: { readonly [target in Target]: () => number } = {
    "some": () => 1 + random.int(nodes.length),
    "one": () => 1,
    "minority-third": () => minorityThirdOf(nodes),
    "minority": () => Math.floor((nodes.length - 1) / 2),
    "majority": () => majorityOf(nodes),
    "all": () => nodes.length,
  };
  return random.shuffle(nodes).slice(0, counts[target]());
}

/** The acts that start and stop a fault, which alternate. */
export type Alternation = readonly [start: string, stop: string];

/** How many acts a plan may have: it is kept in memory, and each act becomes two operations of the history. */
const MOST_ACTS = 100_000;

/** One act of the nemesis: `"start-partition"`, `"kill"`, `"resume"`, ... */
export interface NemesisStep {
  /** Nanoseconds since the main phase began. */
  atNs: number;
  f: string;
}

/**
 * Plans acts from time 0 until the limit, with gaps drawn uniformly between 0 and twice the
 * interval. Each is the next act of an alternation, which is drawn at random if there are several.
 * The acts that end all faults before a final phase are not part of the plan.
 *
 * @throws {RangeError} as {@link checkInterval}
 */
export function nemesisSchedule(
  random: Random,
  intervalSeconds: number,
  limitSeconds: number,
  alternations: readonly Alternation[] = [[
    "start-partition",
    "stop-partition",
  ]],
): NemesisStep[] {
  checkInterval(intervalSeconds, limitSeconds);
  const steps: NemesisStep[] = [];
  const begun = new Set<Alternation>();
  let atNs = 0;
  while (atNs < limitSeconds * 1e9) {
    const next = alternations.length === 1
      ? alternations[0]!
      : random.pick(alternations);
    const [start, stop] = next;
    steps.push({ atNs, f: begun.has(next) ? stop : start });
    if (!begun.delete(next)) begun.add(next);
    atNs += Math.floor(random.uniform(0, 2 * intervalSeconds * 1e9));
  }
  return steps;
}

/**
 * Checks that faults can be planned at this interval.
 *
 * @throws {RangeError} it is not positive, or so short that the plan would fill the memory
 */
export function checkInterval(
  intervalSeconds: number,
  limitSeconds: number,
): void {
  if (!(intervalSeconds > 0)) {
    throw new RangeError(
      `Cannot plan faults: the interval of ${intervalSeconds} s is not positive`,
    );
  }
  if (limitSeconds / intervalSeconds <= MOST_ACTS) return;
  throw new RangeError(
    `Cannot plan faults every ${intervalSeconds} s for ${limitSeconds} s: take a --nemesis-interval of ${
      limitSeconds / MOST_ACTS
    } or more`,
  );
}

type Nodes = readonly string[];

const kinds: {
  [kind in PartitionKind]: (nodes: Nodes, random: Random) => Grudge;
} = {
  /** One node against all others. */
  "one": (nodes, random) => split(nodes, random, 1),

  /** The smaller half against the larger. */
  "majority": (nodes, random) =>
    split(nodes, random, Math.floor(nodes.length / 2)),

  /** Less than a third against the rest; with three nodes or fewer, that is none. */
  "minority-third": (nodes, random) =>
    split(nodes, random, minorityThirdOf(nodes)),

  /** Every node hears a majority, but no two nodes hear the same one. */
  "majorities-ring": (nodes, random) =>
    nodes.length <= 5
      ? exactRing(nodes, random)
      : stochasticRing(nodes, random),

  /** Messages are lost in one direction only: from one node to another, or to one node, or from one node. */
  "one-way": (nodes, random) => {
    const [a, b] = random.shuffle(nodes);
    return refuse(
      nodes,
      random.pick([
        (receiver, source) => receiver === a && source === b,
        (receiver) => receiver === a,
        (_receiver, source) => source === a,
      ]),
    );
  },

  /** Two halves that do not hear each other, and one node that hears both and is heard by both. */
  "bridge": (nodes, random) => {
    const [bridge, ...others] = random.shuffle(nodes);
    const half = new Set(others.slice(0, Math.floor(others.length / 2)));
    return refuse(
      nodes,
      (receiver, source) =>
        receiver !== bridge && source !== bridge &&
        half.has(receiver) !== half.has(source),
    );
  },

  /** Every node alone. */
  "isolate-each": (nodes) => refuse(nodes, () => true),
};

/** The grudge of these refusals; no node refuses itself. */
function refuse(
  nodes: Nodes,
  refuses: (receiver: string, source: string) => boolean,
): Grudge {
  return new Map(nodes.map((receiver) => [
    receiver,
    new Set(
      nodes.filter((source) =>
        source !== receiver && refuses(receiver, source)
      ),
    ),
  ]));
}

/** Separates this many random nodes from the rest. */
function split(nodes: Nodes, random: Random, count: number): Grudge {
  const side = new Set(random.shuffle(nodes).slice(0, count));
  return refuse(
    nodes,
    (receiver, source) => side.has(receiver) !== side.has(source),
  );
}

/** The largest number of nodes that is less than a third. */
function minorityThirdOf(nodes: Nodes): number {
  return Math.floor((nodes.length - 1) / 3);
}

function majorityOf(nodes: Nodes): number {
  return Math.floor(nodes.length / 2) + 1;
}

/**
 * Puts the nodes in a random ring. Each run of consecutive nodes that is a majority is a window,
 * and the node in its middle refuses all nodes outside it. A window of even length has no exact
 * middle, so in a ring of three each node hears only the one before it.
 */
function exactRing(nodes: Nodes, random: Random): Grudge {
  const ring = random.shuffle(nodes);
  const majority = majorityOf(nodes);
  const hears = new Map(ring.map((_, start) => {
    const window = Array.from(
      { length: majority },
      (_, i) => ring[(start + i) % ring.length]!,
    );
    return [window[Math.floor(majority / 2)]!, new Set(window)];
  }));
  return refuse(
    nodes,
    (receiver, source) => !hears.get(receiver)!.has(source),
  );
}

/**
 * Adds links until every node hears a majority, each between a least-connected node and a
 * least-connected one of those that it has no link to yet.
 */
function stochasticRing(nodes: Nodes, random: Random): Grudge {
  const links = new Map(nodes.map((node) => [node, new Set([node])]));
  const leastConnected = (candidates: Nodes) => {
    const degrees = candidates.map((node) => links.get(node)!.size);
    const least = Math.min(...degrees);
    return random.pick(candidates.filter((_, i) => degrees[i] === least));
  };
  for (;;) {
    const a = leastConnected(nodes);
    const linked = links.get(a)!;
    if (linked.size >= majorityOf(nodes)) break;
    const b = leastConnected(nodes.filter((node) => !linked.has(node)));
    linked.add(b);
    links.get(b)!.add(a);
  }
  return refuse(
    nodes,
    (receiver, source) => !links.get(receiver)!.has(source),
  );
}
