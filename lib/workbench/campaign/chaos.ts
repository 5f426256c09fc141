/**
 * Chaos: faults that Maelstrom lacks, all drawn from one seed. It is made of ingredients, so
 * that a failing seed can be shrunk to those that matter.
 */
import { MS, SECOND } from "../world/clock.ts";
import {
  type FaultContext,
  type Faults,
  recordNemesis,
} from "../world/faults.ts";
import {
  allPartitions,
  describeGrudge,
  grudge,
  nodesStruck,
  TARGETS,
} from "../world/nemesis.ts";
import { nodeOf } from "../history/options.ts";
import type { Packet } from "../world/network.ts";
import type { Random } from "../world/random.ts";

/** What chaos is made of. */
export const INGREDIENTS = [
  /** Up to 30 % of the messages are lost. */
  "loss",
  /** Up to 20 % arrive twice, the second time up to 2 s later. */
  "duplication",
  /** Up to half are held back for up to 300 ms, so that later ones overtake them. */
  "reordering",
  /** All messages to and from one node are delayed by up to 400 ms. */
  "slow-node",
  /** One direction of one link is delayed by up to 1 s. */
  "slow-link",
  /** Partitions of every kind, one-way ones included, come and go every second or so. */
  "partition",
  /** A partition begins during the last operations and lasts until the heal. */
  "last-cut",
  /** Processes are killed and restarted: one or several at once, some of them twice within a second. */
  "kill",
  /** Processes are stopped for up to 8 s, one or several at once. */
  "pause",
  /** Up to six clients a node send requests at the same time. */
  "crowd",
  /** Clocks are wrong by up to an hour, and are set back between two lives of a node. */
  "clock",
] as const;

/** One of {@link INGREDIENTS}. */
export type Ingredient = (typeof INGREDIENTS)[number];

/** Those of the fault profile `partition`. */
export const PARTITION_INGREDIENTS: readonly Ingredient[] = [
  "partition",
  "last-cut",
];

/**
 * The number of clients, as a value of `--concurrency`: one to six a node; lin-kv shares keys
 * among pairs of them.
 */
export function crowd(random: Random, workload: string): string {
  const pairs = workload === "lin-kv";
  return `${pairs ? 2 * (1 + random.int(3)) : 1 + random.int(6)}n`;
}

/**
 * Chaos of these ingredients; each draws its own strength from the seed, which may be none.
 *
 * @param sparing whether kills spare a majority of nodes that have answered clients since they
 * started, for programs that promise to survive no more than that
 */
export function chaos(
  ingredients: readonly Ingredient[],
  { sparing = false } = {},
): Faults {
  return (context) => {
    const active = new Set(ingredients);
    const endings: (() => void)[] = [];
    const forked = (name: string) => context.random.fork(name);
    const weather = rules(active, context.nodes, forked);
    if (weather.length > 0) {
      const luck = forked("weather");
      context.network.weather((packet) => copies(packet, weather, luck));
      endings.push(() => context.network.weather(null));
    }
    if (active.has("partition") || active.has("last-cut")) {
      endings.push(cuts(context, active, forked("cuts")));
    }
    if (active.has("kill")) {
      endings.push(kills(context, forked("kills"), sparing));
    }
    if (active.has("pause")) endings.push(pauses(context, forked("pauses")));
    return {
      end() {
        for (const end of endings) end();
        endings.length = 0;
      },
    };
  };
}

/** Changes what happens to one message: takes the delays of its copies, returns new ones. */
type Rule = (packet: Packet, delays: number[], luck: Random) => number[];

function rules(
  active: ReadonlySet<Ingredient>,
  nodes: readonly string[],
  forked: (name: string) => Random,
): Rule[] {
  const found: Rule[] = [];
  const add = (name: Ingredient, make: (random: Random) => Rule) => {
    if (active.has(name)) found.push(make(forked(name)));
  };
  add("loss", (random) => {
    const probability = random.pick([0, 0.02, 0.1, 0.3]);
    return (_, delays, luck) => delays.filter(() => !luck.chance(probability));
  });
  add("duplication", (random) => {
    const probability = random.pick([0, 0.05, 0.2]);
    return (_, delays, luck) =>
      delays.flatMap((ms) =>
        luck.chance(probability) ? [ms, ms + luck.uniform(0, 2_000)] : [ms]
      );
  });
  add("reordering", (random) => {
    const probability = random.pick([0, 0.1, 0.5]);
    return (_, delays, luck) =>
      delays.map((ms) =>
        luck.chance(probability) ? ms + luck.uniform(0, 300) : ms
      );
  });
  add("slow-node", (random) => {
    const slow = random.chance(0.5) ? random.pick(nodes) : null;
    const upTo = random.uniform(20, 400);
    return ({ src, dest }, delays, luck) =>
      src === slow || dest === slow
        ? delays.map((ms) => ms + luck.uniform(0, upTo))
        : delays;
  });
  add("slow-link", (random) => {
    const [from, to] = random.shuffle(nodes);
    const active = random.chance(0.5);
    const upTo = random.uniform(100, 1_000);
    return ({ src, dest }, delays, luck) =>
      active && src === from && dest === to
        ? delays.map((ms) => ms + luck.uniform(0, upTo))
        : delays;
  });
  return found;
}

function copies(packet: Packet, rules: Rule[], luck: Random): number[] {
  let delays = [0];
  for (const rule of rules) delays = rule(packet, delays, luck);
  return delays;
}

function cuts(
  context: FaultContext,
  active: ReadonlySet<Ingredient>,
  random: Random,
): () => void {
  const { clock, network, nodes, limitNs } = context;
  let over = false;
  const cut = () => {
    const kind = random.pick(allPartitions);
    const refused = grudge(kind, nodes, random);
    network.partition(refused);
    recordNemesis(context, "start-partition", kind, describeGrudge(refused));
  };
  const heal = () => {
    network.heal();
    recordNemesis(context, "stop-partition", null, "network-healed");
  };
  const lastCut = limitNs - Math.floor(random.uniform(0, 1.5) * SECOND);
  if (active.has("partition")) {
    for (let at = 0, open = false; at < lastCut; open = !open) {
      const act = open ? heal : cut;
      clock.schedule(at, () => over || act());
      at += Math.floor(random.uniform(0.05, 3) * SECOND);
    }
  }
  clock.schedule(
    lastCut,
    () => over || (active.has("last-cut") ? cut() : heal()),
  );
  return () => {
    over = true;
    heal();
  };
}

/** Nodes that are struck together: usually one. */
function struck({ nodes }: FaultContext, random: Random): string[] {
  return random.chance(0.7)
    ? [random.pick(nodes)]
    : nodesStruck(random.pick(TARGETS), nodes, random);
}

function kills(
  context: FaultContext,
  random: Random,
  sparing: boolean,
): () => void {
  const { clock, limitNs, nodes, history, options } = context;
  const down = new Set<string>();
  /** By node: the length of the history when it was last killed. */
  const since = new Map<string, number>();
  let over = false;
  // What its last life had answered may still be on the way when it is killed.
  const serves = (node: string) => {
    const asked = new Set<unknown>();
    return !since.has(node) ||
      history.ops.slice(since.get(node)).some(({ type, process }) => {
        if (typeof process !== "number") return false;
        if (nodeOf(process, options) !== node) return false;
        if (type === "invoke") asked.add(process);
        return type === "ok" && asked.has(process);
      });
  };
  const isNeeded = (node: string) =>
    2 * nodes.filter((other) => other !== node && serves(other)).length <=
      nodes.length;
  const restart = (node: string) => {
    if (down.delete(node)) context.restart(node);
  };
  const kill = (node: string, downNs: number) => {
    if (over || down.has(node) || sparing && isNeeded(node)) return;
    down.add(node);
    since.set(node, history.ops.length);
    context.kill(node);
    clock.schedule(downNs, () => restart(node));
  };
  // A kill costs each of its clients 5 s: more kills would leave hardly anything to judge.
  const count = 1 + random.int(Math.ceil(limitNs / (8 * SECOND)));
  for (let i = 0; i < count; i++) {
    const at = Math.floor(random.uniform(0.2 * limitNs, limitNs));
    for (const node of struck(context, random)) {
      const twice = random.chance(0.3);
      // Two in a row are both short: lives may then begin, and serve, in the same second.
      const downMs = random.uniform(1, twice ? 150 : 1_500);
      const downNs = Math.floor(downMs * MS);
      clock.schedule(at, () => kill(node, downNs));
      const again = at + downNs + Math.floor(random.uniform(1, 500) * MS);
      if (twice) clock.schedule(again, () => kill(node, downNs));
    }
  }
  return () => {
    over = true;
    for (const node of [...down]) restart(node);
  };
}

function pauses(context: FaultContext, random: Random): () => void {
  const { clock, nodes, limitNs } = context;
  let over = false;
  for (let i = random.int(3); i > 0; i--) {
    const at = Math.floor(random.uniform(0, limitNs));
    // Clients wait for 5 s: some pauses are longer.
    const upTo = random.chance(0.8) ? 2 : 8;
    const pausedNs = Math.floor(random.uniform(0.05, upTo) * SECOND);
    for (const node of struck(context, random)) {
      clock.schedule(at, () => over || context.pause(node));
      clock.schedule(at + pausedNs, () => over || context.resume(node));
    }
  }
  return () => {
    over = true;
    for (const node of nodes) context.resume(node);
  };
}
