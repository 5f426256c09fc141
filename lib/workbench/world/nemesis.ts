/**
 * What the nemesis does to the network: who refuses whose messages, and when. Only links
 * between nodes are ever cut, never those of clients and services.
 */
import type { Json } from "../history.ts";
import type { Random } from "./random.ts";

/** For each receiver, the nodes whose messages it refuses; every node has an entry. */
export type Grudge = Map<string, Set<string>>;

/** The ways to part nodes; what each means is said where it is made. */
export type PartitionKind =
  | "one"
  | "majority"
  | "minority-third"
  | "majorities-ring"
  | "one-way"
  | "bridge"
  | "isolate-each";

/** The kinds Maelstrom draws from, each as likely as the others. */
export const maelstromPartitions: readonly PartitionKind[] = [
  "one",
  "majority",
  "minority-third",
  "majorities-ring",
];

/** Those, and the ones only our chaos has. */
export const allPartitions: readonly PartitionKind[] = [
  ...maelstromPartitions,
  "one-way",
  "bridge",
  "isolate-each",
];

/** Who refuses whom in a partition of this kind; small clusters may be left whole by it. */
export function grudge(
  kind: PartitionKind,
  nodes: readonly string[],
  random: Random,
): Grudge {
  return kinds[kind](nodes, random);
}

/** A grudge as the value of the nemesis' operation in a history, `["isolated", {"n0": ["n1"], "n1": ["n0"]}]`. */
export function describeGrudge(grudge: Grudge): Json {
  return [
    "isolated",
    Object.fromEntries(
      [...grudge].map(([receiver, sources]) => [receiver, [...sources]]),
    ),
  ];
}

/** One act of the nemesis. */
export interface NemesisStep {
  /** Nanoseconds since the main phase began. */
  atNs: number;
  f: "start-partition" | "stop-partition";
}

/**
 * Starts and stops of partitions in turn, from time 0 on, at gaps uniform between 0 and
 * twice the interval, as far as they fall within the limit. The heal before a
 * final phase is not among them.
 *
 * @throws {RangeError} the interval is not positive
 */
export function nemesisSchedule(
  random: Random,
  intervalSeconds: number,
  limitSeconds: number,
): NemesisStep[] {
  if (!(intervalSeconds > 0)) {
    throw new RangeError(
      `Cannot plan partitions: the interval of ${intervalSeconds} s is not positive`,
    );
  }
  const steps: NemesisStep[] = [];
  let atNs = 0;
  while (atNs < limitSeconds * 1e9) {
    const f = steps.length % 2 === 0 ? "start-partition" : "stop-partition";
    steps.push({ atNs, f });
    atNs += Math.floor(random.uniform(0, 2 * intervalSeconds * 1e9));
  }
  return steps;
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

  /** Somewhat less than a third against the rest: nobody, of three nodes and fewer. */
  "minority-third": (nodes, random) =>
    split(nodes, random, Math.floor((nodes.length - 1) / 3)),

  /** Everybody hears a majority, but no two of them the same. */
  "majorities-ring": (nodes, random) =>
    nodes.length <= 5
      ? exactRing(nodes, random)
      : stochasticRing(nodes, random),

  /** Messages get lost in one direction only: between two nodes, or all to a node, or all from it. */
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

  /** Two halves that only one node between them can hear both of. */
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

  /** Everybody alone. */
  "isolate-each": (nodes) => refuse(nodes, () => true),
};

/** The grudge of these refusals; nobody refuses itself. */
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

/** So many random nodes against the rest. */
function split(nodes: Nodes, random: Random, count: number): Grudge {
  const side = new Set(random.shuffle(nodes).slice(0, count));
  return refuse(
    nodes,
    (receiver, source) => side.has(receiver) !== side.has(source),
  );
}

function majorityOf(nodes: Nodes): number {
  return Math.floor(nodes.length / 2) + 1;
}

/**
 * Nodes in a random ring, and a majority window for each: the node in the middle of a
 * window refuses everybody outside of it. Windows of even length have no middle, hence
 * three nodes hear only the one before them.
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
 * Links grown until everybody hears a majority, always between a least-connected node and
 * the least-connected that it has no link to yet.
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
