/** Mutants of Raft: what breaks the rules that its paper proves. */
import linKvRaft, { Raft } from "../../challenges/lin-kv-raft.ts";
import type { Entry } from "../../lib/consensus/log.ts";
import type { Ack, Append } from "../../lib/consensus/messages.ts";
import type { Node } from "../../lib/maelstrom.ts";
import { amnesia, figure8, lastWords } from "../fixtures/worst-moments.ts";
import { leaping } from "../fixtures/wrong-clocks.ts";
import type { Mutant } from "./mutant.ts";
import { WRONG } from "./registers.ts";
import { believesItself, far, five, mutantsOf, replica } from "./replica.ts";
import { sending, twist } from "./twist.ts";

const mutant = mutantsOf("lin-kv-raft");

class VotesForAll extends Raft {
  protected override mayVote(): boolean {
    return true;
  }
}

class LeadsAlone extends Raft {
  protected override get majority(): number {
    return 1;
  }
}
class Truncates extends Raft {
  constructor(node: Node<never>) {
    super(node as never);
    const { log } = this;
    log.join = (after: number, entries: readonly Entry[]) => {
      const { base, entries: own } = log.state();
      const kept = own.slice(0, Math.max(0, after - base.index));
      log.restore({ base, entries: [...kept, ...entries] });
    };
  }
}

/** Commits by counting, and puts nothing of its own term first, which would hide that. */
class CommitsOldTerms extends Raft {
  protected override mayCommit(): boolean {
    return true;
  }

  protected override lead(): void {
    Object.getPrototypeOf(Raft.prototype).lead.call(this);
  }
}

class VotesTwice extends Raft {
  protected override mayVote(...args: Parameters<Raft["mayVote"]>): boolean {
    this.votedFor = null;
    return super.mayVote(...args);
  }
}

class KeepsConflicts extends Raft {
  constructor(node: Node<never>) {
    super(node as never);
    const { log } = this;
    log.join = (after: number, entries: readonly Entry[]) => {
      for (const entry of entries.slice(Math.max(0, log.last - after))) {
        log.push(entry);
      }
    };
  }
}

class ReadsTooSoon extends Raft {
  protected override get knowsAll(): boolean {
    return true;
  }
}

class Compacts extends Raft {
  protected override kept = 20;
}

class NeverCompacts extends Raft {
  protected override kept = Infinity;
}
class Forgetful extends Raft {
  protected override normal = true;
}
class Storms extends Raft {
  constructor(node: Node<never>) {
    super(node as never);
    this.node.every(500, () => this.onEpoch(this.epoch + 1));
  }
}
/** A message whose snapshots, wherever they are, know no requests. */
function withoutSessions(message: Record<string, unknown>) {
  return JSON.parse(
    JSON.stringify(message),
    (name, value) => name === "sessions" ? [] : value,
  );
}

/** See the module. */
export const mutants: Mutant[] = [
  mutant(
    "raft-mute-node",
    "one node of three answers no client, though it does its part in the log",
    twist(
      linKvRaft as never,
      ((node: Node<never>) => {
        const mute = () => new Promise(() => {});
        const all = { read: () => mute, write: () => mute, cas: () => mute };
        return node.id === node.ids.at(-1) ? all : {};
      }) as never,
    ),
    {
      caughtAs: ["unanswered-request"],
      faults: "official",
      faithful: "passes",
    },
  ),
  mutant(
    "raft-stale-leader",
    "a leader that was cut off still answers reads",
    believesItself(linKvRaft, Infinity),
  ),
  mutant(
    "raft-long-lease",
    "a leader takes a lease of three seconds, longer than an election",
    believesItself(linKvRaft, 3_000),
  ),
  mutant(
    "raft-lease-outlives-its-clock",
    "a leader takes a lease that is shorter than an election, by the machine's clock, which leaps",
    believesItself(linKvRaft, 290, (node) => leaping(node, 5_000)),
    {
      flags: {
        "time-limit": 60,
        rate: 100,
        nemesis: "partition",
        "nemesis-interval": 1.5,
      },
      faults: "official",
    },
  ),
  mutant(
    "raft-votes-for-old-logs",
    "votes for candidates whose log lacks what is committed",
    replica(VotesForAll),
  ),
  mutant(
    "raft-leads-alone",
    "counts one node as a majority",
    replica(LeadsAlone),
  ),
  mutant(
    "raft-truncates",
    "a late message truncates what came after it",
    replica(Truncates),
    {
      flags: five,
      caughtAs: ["commits-differ", "logs-differ"],
      faithful: "passes",
    },
  ),
  mutant(
    "raft-acks-gaps",
    "acknowledges entries whose predecessors are missing",
    (node: Node<never>) => {
      let match = 0;
      const program = sending(
        linKvRaft,
        (type, message) =>
          type === "ack" && message.gap
            ? { ...message, match, gap: false }
            : message,
        () => ({
          append: (handler) => (message: Append, src) => {
            match = message.after + message.entries.length;
            handler(message, src);
          },
        }),
      );
      (program as (node: Node<never>) => void)(node);
    },
    { flags: five, faithful: "passes" },
  ),
  mutant(
    "raft-applies-uncommitted",
    "a follower applies entries as soon as it has them",
    twist(
      linKvRaft as never,
      (() => ({
        append:
          (handler: (message: Append, src: string) => void) =>
          (message: Append, src: string) =>
            handler({
              ...message,
              commit: message.after + message.entries.length,
            }, src),
      })) as never,
    ),
    { flags: five },
  ),
  mutant(
    "raft-retries-are-new",
    "treats a repeated request as a new one",
    twist(
      linKvRaft as never,
      ((node: Node<never>) => ({
        ack:
          (handler: (message: Ack, src: string) => void) =>
          (message: Ack, src: string) => {
            handler(message, src);
            const commands = message.commands.map((command) => ({
              ...command,
              serial: command.serial + 1_000_000,
            }));
            if (commands.length === 0) return;
            node.after(150, () => handler({ ...message, commands }, src));
          },
      })) as never,
    ),
  ),
  mutant(
    "raft-figure-8",
    "commits entries of an earlier term as soon as a majority has them",
    replica(CommitsOldTerms),
    {
      flags: { "time-limit": 60, rate: 8, "node-count": 5 },
      script: figure8,
      caughtAs: ["commits-differ"],
      faithful: "passes",
    },
  ),
  mutant(
    "raft-votes-twice",
    "votes for everybody who asks in a term",
    replica(VotesTwice),
    {
      flags: far,
      caughtAs: ["two-leaders"],
      faithful: "passes",
    },
  ),
  mutant(
    "raft-keeps-conflicts",
    "keeps its own entries that contradict the leader's",
    replica(KeepsConflicts),
    {
      flags: { "time-limit": 60, rate: 20, "node-count": 5 },
      script: figure8,
    },
  ),
  mutant(
    "raft-heeds-old-leaders",
    "accepts entries from a leader of an earlier term",
    replica(Raft, (self) => ({
      twists: {
        append: (handler) => (message: Append, src) =>
          handler({
            ...message,
            epoch: Math.max(message.epoch, self().epoch),
          }, src),
      },
    })),
    {
      flags: five,
      faithful: "passes",
      caughtAs: [...WRONG, "commits-differ", "two-leaders"],
    },
  ),
  mutant(
    "raft-reads-too-soon",
    "a new leader answers reads before it knows what is committed",
    replica(ReadsTooSoon),
    { flags: { "time-limit": 40, rate: 50 }, script: lastWords },
  ),
  mutant(
    "raft-followers-read",
    "a follower answers reads from its own state while it hears its leader",
    replica(Raft, () => ({
      twists: {
        append: (handler) => (message: Append, src) =>
          handler({ ...message, read: [1e9, 0] }, src),
      },
    })),
  ),
  mutant(
    "raft-snapshot-forgets-requests",
    "a snapshot has the registers, but not the results of requests",
    replica(Compacts, () => ({
      send: (_type, message) => withoutSessions(message),
    })),
    { flags: five },
  ),
  mutant(
    "raft-never-compacts",
    "keeps every entry for ever",
    replica(NeverCompacts),
    {
      flags: { "time-limit": 40, rate: 100, "node-count": 3 },
      caughtAs: ["unbounded-log"],
      faithful: "passes",
    },
  ),
  mutant(
    "raft-storms",
    "stands for election every half second, whoever leads",
    replica(Storms),
    {
      flags: { "time-limit": 15, rate: 20 },
      faults: "official",
      caughtAs: ["election-storm"],
      faithful: "passes",
    },
  ),
  mutant(
    "raft-skips-recovery",
    "a restarted node takes part at once, with an empty log",
    replica(Forgetful),
    {
      flags: { "time-limit": 40, rate: 50 },
      script: amnesia,
      caughtAs: ["commits-differ"],
    },
  ),
];
