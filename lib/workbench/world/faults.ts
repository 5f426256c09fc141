/** The faults of a run: their interface, and those of Maelstrom's nemesis: partitions, kills and pauses. */
import type { Clock } from "./clock.ts";
import { type History, NEMESIS } from "../history/history.ts";
import type { Options } from "../history/options.ts";
import type { Json } from "../history/json.ts";
import {
  type Alternation,
  checkInterval,
  describeGrudge,
  grudge,
  maelstromPartitions,
  type NemesisFault,
  nemesisFaults,
  nemesisSchedule,
  type NemesisStep,
  nodesStruck,
  TARGETS,
} from "./nemesis.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

/** What faults may use and change. */
export interface FaultContext {
  clock: Clock;
  /** When the main phase began, on the clock. */
  originNs: number;
  /** How long the main phase lasts. */
  limitNs: number;
  network: Network;
  nodes: readonly string[];
  options: Options;
  random: Random;
  history: History;
  /** Ends a node's process, if it runs. */
  kill(node: string): void;
  /** Restarts a node, if it is not running. */
  restart(node: string): void;
  /** Stops a node's process without ending it, as SIGSTOP does. */
  pause(node: string): void;
  /** Lets it continue. */
  resume(node: string): void;
}

/** Faults that have been started. */
export interface ActiveFaults {
  /** Ends all of them for good: the network heals, and every node that was down or paused runs again. */
  end(): void;
}

/** Starts faults, at the beginning of the main phase. */
export type Faults = (context: FaultContext) => ActiveFaults;

/** Nothing goes wrong. */
export const noFaults: Faults = () => ({ end() {} });

/** Writes a nemesis operation into the history, as its invocation and its completion. */
export function recordNemesis(
  { history, clock, originNs }: FaultContext,
  f: string,
  asked: Json,
  done: Json,
): void {
  const line = { type: "info" as const, process: NEMESIS, f };
  for (const value of [asked, done]) {
    history.add({ time: clock.now() - originNs, ...line, value });
  }
}

/**
 * Maelstrom's nemesis: the faults that `--nemesis` lists, each starting and stopping in turn, the
 * first at once.
 */
export const maelstromNemesis: Faults = (context) => {
  const { random, options } = context;
  const faults = nemesisFaults(String(options.nemesis));
  const active = [
    ...(faults.includes("partition") ? [partitions(context)] : []),
    ...processFaults(
      context,
      faults.filter((fault) => fault !== "partition"),
      random.fork("processes"),
    ),
  ];
  return {
    end() {
      for (const fault of active) fault.end();
      active.length = 0;
    },
  };
};

/** Plans when the faults of one package start and stop. */
function schedule(
  { options, limitNs }: FaultContext,
  random: Random,
  alternations: readonly Alternation[],
): NemesisStep[] {
  return nemesisSchedule(
    random,
    intervalOf(options),
    limitNs / 1e9,
    alternations,
  );
}

function intervalOf(options: Options): number {
  return Number(options["nemesis-interval"] ?? 10);
}

/**
 * Checks that the faults that the options ask for can be planned.
 *
 * @throws {RangeError} as {@link checkInterval}
 */
export function checkFaults(options: Options): void {
  if (options.nemesis === undefined) return;
  checkInterval(intervalOf(options), Number(options["time-limit"] ?? 60));
}

/** Partitions of random kinds, alternating with heals. */
function partitions(context: FaultContext): ActiveFaults {
  const { clock, network, nodes, random } = context;
  const choose = random.fork("partitions");
  let over = false;
  const heal = () => {
    network.heal();
    recordNemesis(context, "stop-partition", null, "network-healed");
  };
  const steps = schedule(context, random.fork("schedule"), [
    ["start-partition", "stop-partition"],
  ]);
  for (const { atNs, f } of steps) {
    clock.schedule(atNs, () => {
      if (over) return;
      if (f === "stop-partition") return heal();
      const kind = choose.pick(maelstromPartitions);
      const cut = grudge(kind, nodes, choose);
      network.partition(cut);
      recordNemesis(context, f, kind, describeGrudge(cut));
    });
  }
  return {
    end() {
      over = true;
      heal();
    },
  };
}

/**
 * Kills and pauses: each strikes a random target, and ends for all nodes at once. Together they
 * are one package, of which one is drawn each time.
 */
function processFaults(
  context: FaultContext,
  kinds: readonly NemesisFault[],
  random: Random,
): ActiveFaults[] {
  if (kinds.length === 0) return [];
  const { clock, nodes } = context;
  let over = false;
  const act = (f: string) => {
    const ends = f === "start" || f === "resume";
    const target = ends ? "all" : random.pick(TARGETS);
    const struck = nodesStruck(target, nodes, random);
    const done = struck.toSorted().map((node) =>
      [node, processActs[f]!(context, node)] as const
    );
    recordNemesis(
      context,
      f,
      target === "some" ? null : target,
      Object.fromEntries(done),
    );
  };
  const alternations = kinds.map((kind): Alternation =>
    kind === "kill" ? ["kill", "start"] : ["pause", "resume"]
  );
  for (const { atNs, f } of schedule(context, random, alternations)) {
    clock.schedule(atNs, () => over || act(f));
  }
  return [{
    end() {
      over = true;
      // Paused processes are resumed before killed ones are restarted, since a paused process cannot
      // answer init.
      for (const [, stop] of alternations.toReversed()) act(stop);
    },
  }];
}

/** By act: performs it on a node, and returns what the history calls the result. */
const processActs: {
  readonly [f: string]: (context: FaultContext, node: string) => string;
} = {
  kill(context, node) {
    context.kill(node);
    return "killed";
  },
  start(context, node) {
    context.restart(node);
    return "started";
  },
  pause(context, node) {
    context.pause(node);
    return "paused";
  },
  resume(context, node) {
    context.resume(node);
    return "resumed";
  },
};
