/** Mutants of Viewstamped Replication: what breaks its changes of view, and its recovery. */
import linKvVr, { Vr } from "../../challenges/lin-kv-vr.ts";
import type { LogState } from "../../lib/consensus/log.ts";
import type { Node } from "../../lib/maelstrom.ts";
import { amnesia, lastWords } from "../fixtures/worst-moments.ts";
import type { Mutant } from "./mutant.ts";
import { believesItself, mutantsOf, replica } from "./replica.ts";
import { sending } from "./twist.ts";

const mutant = mutantsOf("lin-kv-vr");

class OneIsEnough extends Vr {
  protected override get majority(): number {
    return 1;
  }
}
class NeverCompactsVr extends Vr {
  protected override kept = Infinity;
}
class ForgetfulVr extends Vr {
  protected override normal = true;
}
class StormsVr extends Vr {
  constructor(node: Node<never>) {
    super(node as never);
    this.node.every(500, () => this.onEpoch(this.epoch + 1));
  }
}
function onlyCommitted(message: Record<string, unknown>) {
  const { log, commit } = message as unknown as Brought;
  const { base, entries } = log;
  return {
    ...message,
    log: { base, entries: entries.slice(0, commit - base.index) },
  };
}

type Brought = { log: LogState; commit: number };

/** See the module. */
export const mutants: Mutant[] = [
  mutant(
    "vr-one-is-enough",
    "counts one node as a majority",
    replica(OneIsEnough),
    {},
  ),
  mutant(
    "vr-recovers-too-soon",
    "a restarted node is satisfied with the first answer",
    sending(linKvVr, (_type, message) => message, (node) => ({
      known: (handler) => (message, src) => {
        const fake = {
          ...message,
          leads: true,
          commit: 0,
          log: {
            base: {
              index: 0,
              epoch: 0,
              snapshot: { registers: [], sessions: [] },
            },
            entries: [],
          },
        };
        for (const id of node.ids) {
          if (id !== node.id) handler({ ...fake, leads: id === src }, id);
        }
      },
    })),
    {
      flags: { "time-limit": 40, rate: 50 },
      script: amnesia,
      caughtAs: ["commits-differ"],
    },
  ),
  mutant(
    "vr-stale-primary",
    "a primary that was cut off still answers reads",
    believesItself(linKvVr, Infinity),
    {},
  ),
  mutant(
    "vr-skips-recovery",
    "a restarted node takes part at once, with an empty log",
    replica(ForgetfulVr),
    {
      flags: { "time-limit": 40, rate: 50 },
      script: amnesia,
      caughtAs: ["commits-differ"],
      faithful: "passes",
    },
  ),
  mutant(
    "vr-follower-tells",
    "a restarted node takes any node's log, not the primary's",
    replica(Vr, (self) => ({
      send: (type, message) =>
        type === "known"
          ? { ...message, leads: true, log: self().log.state() }
          : message,
    })),
    {
      flags: { "time-limit": 40, rate: 50 },
      script: amnesia,
      caughtAs: ["commits-differ"],
      faithful: "passes",
    },
  ),
  mutant(
    "vr-brings-too-little",
    "brings only committed entries into a view",
    replica(Vr, () => ({
      send: (type, message) =>
        type === "do_view_change" ? onlyCommitted(message) : message,
    })),
    {
      flags: { "time-limit": 40, rate: 50 },
      script: lastWords,
      caughtAs: ["commits-differ"],
      faithful: "passes",
    },
  ),
  mutant(
    "vr-prefers-its-own-log",
    "a new primary prefers its own log",
    replica(Vr, () => ({
      twists: {
        do_view_change: (handler) => (message, src) =>
          handler({
            ...message,
            normal: 0,
            log: { ...message.log, entries: [] },
          }, src),
      },
    })),
    {
      flags: { "time-limit": 40, rate: 50 },
      script: lastWords,
      caughtAs: ["not-linearizable", "commits-differ"],
      faithful: "caught",
    },
  ),
  mutant(
    "vr-never-compacts",
    "keeps every entry for ever",
    replica(NeverCompactsVr),
    {
      flags: { "time-limit": 40, rate: 100, "node-count": 3 },
      caughtAs: ["unbounded-log"],
      faithful: "passes",
    },
  ),
  mutant(
    "vr-storms",
    "leaves its view every half second",
    replica(StormsVr),
    {
      flags: { "time-limit": 15, rate: 20 },
      faults: "official",
      caughtAs: ["election-storm"],
      faithful: "passes",
    },
  ),
];
