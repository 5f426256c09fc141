/** Faults of a run: who brings them, and Maelstrom's own kind, partitions that come and go. */
import type { Clock } from "./clock.ts";
import type { Json, Options } from "../history.ts";
import { NEMESIS } from "../history.ts";
import {
  describeGrudge,
  grudge,
  maelstromPartitions,
  nemesisSchedule,
} from "./nemesis.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { History } from "../history.ts";

/** What faults may touch. */
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
  /** Ends a node's process. */
  kill(node: string): void;
  /** Starts it again. */
  restart(node: string): void;
}

/** Faults that have begun. */
export interface ActiveFaults {
  /** Ends all of them, once and for all: the network heals, and every node is started that is down. */
  end(): void;
}

/** Begins faults at the start of the main phase. */
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

/** Maelstrom's nemesis: partitions of random kinds that alternate with healing, the first one at once. */
export const partitions: Faults = (context) => {
  const { clock, network, nodes, random, options, limitNs } = context;
  const interval = Number(options["nemesis-interval"] ?? 10);
  const choose = random.fork("partitions");
  const times = random.fork("schedule");
  let over = false;
  const heal = () => {
    network.heal();
    recordNemesis(context, "stop-partition", null, "network-healed");
  };
  for (const { atNs, f } of nemesisSchedule(times, interval, limitNs / 1e9)) {
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
      if (over) return;
      over = true;
      heal();
    },
  };
};
