/**
 * What the nemesis does, and when: which nodes refuse whose messages, and which are killed or
 * paused. Only links between nodes are cut, never those to clients and services.
 */
import type { Json } from "../history/json.ts";
import type { Random } from "./random.ts";

/** For each receiver, the nodes whose messages it refuses; every node has an entry. */
export type Grudge = Map<string, Set<string>>;

/** The ways to part nodes; each is explained where it is made. */
export type PartitionKind =
  | "one"
  | "majority"
  | "minority-third"
  | "majorities-ring"
  | "one-way"
  | "bridge"
  | "isolate-each";

/** The kinds Maelstrom draws from, all equally likely. */
export const maelstromPartitions: readonly PartitionKind[] = [
  "one",
  "majority",
  "minority-third",
  "majorities-ring",
];

/** Those, and the ones that only our chaos has. */
export const allPartitions: readonly PartitionKind[] = [
  ...maelstromPartitions,
  "one-way",
  "bridge",
  "isolate-each",
];

/** Who refuses whom in a partition of this kind; it may leave small clusters whole. */
export function grudge(
  kind: PartitionKind,
  nodes: readonly string[],
  random: Random,
): Grudge {
  return kinds[kind](nodes, random);
}

/**
 * A grudge as the value of the nemesis's operation in a history, `["isolated", {"n0": ["n1"],
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

/** What Maelstrom's nemesis can do, in the words of `--nemesis`. */
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

/** The words for which nodes a kill or a pause strikes. */
export type Target =
  | "some"
  | "one"
  | "minority-third"
  | "minority"
  | "majority"
  | "all";

/** All equally likely. `some` stands for Jepsen's nil: any nodes, at least one. */
export const TARGETS: readonly Target[] = [
  "some",
  "one",
  "minority-third",
  "minority",
  "majority",
  "all",
];

/** The nodes that a target strikes; small clusters may have no minority. */
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

/** A fault's beginning and its end, which alternate. */
export type Alternation = readonly [start: string, stop: string];

/** How many acts a plan may have: it lies in memory, and each becomes two operations of the history. */
const MOST_ACTS = 100_000;

/** One act of the nemesis: `"start-partition"`, `"kill"`, `"resume"`, ... */
export interface NemesisStep {
  /** Nanoseconds since the main phase began. */
  atNs: number;
  f: string;
}

/**
 * Acts from time 0 until the limit, at gaps uniform between 0 and twice the interval. Each is
 * the next act of an alternation, drawn at random where there are several. What ends all faults
 * before a final phase is not among them.
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
 * Refuses an interval at which nothing can be planned.
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

  /** Less than a third against the rest: nobody, with three nodes or fewer. */
  "minority-third": (nodes, random) =>
    split(nodes, random, minorityThirdOf(nodes)),

  /** Everybody hears a majority, but no two of them the same. */
  "majorities-ring": (nodes, random) =>
    nodes.length <= 5
      ? exactRing(nodes, random)
      : stochasticRing(nodes, random),

  /** Messages are lost in one direction only: between two nodes, or all to one node, or all from it. */
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

  /** Two halves, and one node between them that hears both. */
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

/** This many random nodes against the rest. */
function split(nodes: Nodes, random: Random, count: number): Grudge {
  const side = new Set(random.shuffle(nodes).slice(0, count));
  return refuse(
    nodes,
    (receiver, source) => side.has(receiver) !== side.has(source),
  );
}

/** As many as are less than a third. */
function minorityThirdOf(nodes: Nodes): number {
  return Math.floor((nodes.length - 1) / 3);
}

function majorityOf(nodes: Nodes): number {
  return Math.floor(nodes.length / 2) + 1;
}

/**
 * Nodes in a random ring, and a majority window for each: the node in the middle of a window
 * refuses everybody outside it. Windows of even length have no middle, hence three nodes hear
 * only the one before them.
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
