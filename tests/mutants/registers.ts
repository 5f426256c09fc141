/** Mutants of lin-kv's programs: at their surface, of Raft and of Viewstamped Replication. */
import linKvProxy from "../../challenges/lin-kv-proxy.ts";
import linKvRaft, { Raft } from "../../challenges/lin-kv-raft.ts";
import linKvVr, { Vr } from "../../challenges/lin-kv-vr.ts";
import type { Entry } from "../../lib/consensus/log.ts";
import type { Ack, Append } from "../../lib/consensus/messages.ts";
import gSet from "../../challenges/g-set.ts";
import pnCounter from "../../challenges/pn-counter.ts";
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import type { Mutant } from "./mutant.ts";
import { twist, type Twists } from "./twist.ts";

/** Changes what a node sends: gives the message to be sent instead. */
function sending(
  program: unknown,
  change: (
    type: string,
    message: Record<string, unknown>,
    dest: string,
  ) => Record<string, unknown>,
  twists: (node: Node<never>) => Twists = () => ({}),
): unknown {
  return (node: Node<never>) => {
    const send = (dest: string, type: string, message: object) =>
      (node.send as (dest: string, type: string, message: object) => void)
        .call(node, dest, type, change(type, { ...message }, dest));
    const proxy = new Proxy(node, {
      get(target, name) {
        if (name === "send") return send;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    (twist(program as never, twists as never) as (node: unknown) => void)(
      proxy,
    );
  };
}

const surface = (twists: (node: Node<never>) => Twists) =>
  twist(linKvProxy as never, twists as never);

/** What a leader would get from a follower that has heard all of this. */
const echo = (message: Append): Ack => ({
  lives: message.lives,
  epoch: message.epoch,
  round: message.round,
  match: 0,
  gap: false,
  commands: [],
  read: 0,
});

/** A leader that takes its word for everybody's answer, for so long after the last real one. */
const believesItself = (forMs: number) => (node: Node<never>) => {
  const real = new Map<string, number>();
  let handle: (message: Ack, src: string) => void = () => {};
  const program = sending(linKvRaft, (type, message, dest) => {
    const lately = node.now() < (real.get(dest) ?? -Infinity) + forMs;
    const fake = echo(message as unknown as Append);
    if (type === "append" && lately) node.after(1, () => handle(fake, dest));
    return message;
  }, () => ({
    ack: (handler) => {
      handle = handler;
      return (message, src) => {
        real.set(src, node.now());
        handler(message, src);
      };
    },
  }));
  (program as (node: Node<never>) => void)(node);
};

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

class OneIsEnough extends Vr {
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

const raft = (Class: new (node: never) => Raft) => (node: Node<never>) =>
  void new Class(node as never);

/** Where it takes more nodes and more time to go wrong. */
const long = { "time-limit": 25, rate: 150, "node-count": 5 };

const short = { "time-limit": 15, rate: 100 };
const wrong = ["not-linearizable", "null-after-write", "cas-succeeded-twice"];

function mutant(
  name: string,
  bug: string,
  program: unknown,
  rest: Partial<Mutant> = {},
): Mutant {
  return {
    name,
    bug,
    program,
    scenario: "lin-kv-raft",
    flags: short,
    faults: "chaos",
    caughtAs: wrong,
    faithful: "caught",
    ...rest,
  };
}

const atSurface: Partial<Mutant> = {
  scenario: "lin-kv-proxy",
  flags: { "time-limit": 8, rate: 100 },
  faults: "official",
};

/** See the module. */
export const mutants: Mutant[] = [
  mutant(
    "lin-null-reads",
    "every read is null",
    surface(() => ({ read: () => () => ({ value: null }) })),
    { ...atSurface, caughtAs: ["null-after-write"], faithful: "passes" },
  ),
  mutant(
    "lin-denies",
    "every other read finds no such key",
    surface((node) => ({
      read: (handler) => (request, src) => {
        if (node.random() < 0.5) return handler(request, src);
        throw new RpcError(ErrorCode.keyDoesNotExist, "no such key");
      },
    })),
    { ...atSurface, caughtAs: ["null-after-write"], faithful: "passes" },
  ),
  mutant(
    "lin-invents",
    "one read in ten is of a value that nobody wrote",
    surface((node) => ({
      read: (handler) => (request, src) =>
        node.random() < 0.1 ? { value: 7 } : handler(request, src),
    })),
    { ...atSurface, caughtAs: ["read-of-unwritten"] },
  ),
  mutant(
    "lin-cas-agrees",
    "one cas in five succeeds without having been tried",
    surface((node) => ({
      cas: (handler) => (request, src) =>
        node.random() < 0.2 ? {} : handler(request, src),
    })),
    { ...atSurface, caughtAs: wrong },
  ),
  mutant(
    "lin-cas-refuses",
    "a cas in three is refused without having been tried",
    surface((node) => ({
      cas: (handler) => (request, src) => {
        if (node.random() > 0.3) return handler(request, src);
        throw new RpcError(ErrorCode.preconditionFailed, "another value");
      },
    })),
    { ...atSurface, caughtAs: ["wrong-refusal"], faithful: "passes" },
  ),
  mutant(
    "lin-early-ack",
    "acknowledges writes before they are done",
    surface(() => ({
      write: (handler) => (request, src) => {
        handler(request, src)?.catch(() => {});
        return {};
      },
    })),
    { scenario: "lin-kv-proxy", flags: short },
  ),
  mutant(
    "lin-cached-reads",
    "reads what it read itself up to half a second ago",
    surface((node) => {
      const cache = new Map<unknown, { at: number; reply: unknown }>();
      return {
        read: (handler) => async (request, src) => {
          const known = cache.get(request.key);
          if (known && node.now() < known.at + 500) return known.reply;
          const reply = await handler(request, src);
          cache.set(request.key, { at: node.now(), reply });
          return reply;
        },
      };
    }),
    atSurface,
  ),
  mutant(
    "lin-blind-retry",
    "asks the service once more when a write's outcome is unknown",
    surface(() => ({
      write: (handler) => async (request, src) => {
        try {
          return await handler(request, src);
        } catch {
          return await handler(request, src);
        }
      },
    })),
    { scenario: "lin-kv-proxy", flags: short },
  ),
  mutant(
    "raft-stale-leader",
    "a leader that was cut off still answers reads",
    believesItself(Infinity),
  ),
  mutant(
    "raft-long-lease",
    "a leader takes a lease of three seconds, longer than an election",
    believesItself(3_000),
  ),
  mutant(
    "raft-votes-for-old-logs",
    "votes for candidates whose log lacks what is committed",
    raft(VotesForAll),
  ),
  mutant(
    "raft-leads-alone",
    "takes one node for a majority",
    raft(LeadsAlone),
  ),
  mutant(
    "raft-truncates",
    "a late message cuts off what has come after it",
    raft(Truncates),
    { flags: long, faithful: "passes" },
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
    { flags: long, faithful: "passes" },
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
    { flags: long },
  ),
  mutant(
    "raft-retries-are-new",
    "takes a request that comes again for another one",
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
    "vr-one-is-enough",
    "takes one node for a majority",
    (node: Node<never>) => void new OneIsEnough(node as never),
    { scenario: "lin-kv-vr" },
  ),
  mutant(
    "vr-recovers-too-soon",
    "a restarted node takes the first answer for all that it must hear",
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
    { scenario: "lin-kv-vr" },
  ),
  {
    name: "gset-tells-once",
    bug: "never tells again what was lost",
    program: sending(
      gSet,
      (_type, message) => message.again ? { ...message, delta: {} } : message,
    ),
    scenario: "g-set",
    faults: "partition",
    caughtAs: ["lost", "lost-value"],
    faithful: "caught",
  },
  {
    name: "gset-shows-twice",
    bug: "shows what it has heard twice",
    program: twist(
      gSet as never,
      (() => ({
        read: (handler: () => { value: unknown[] }) => () => {
          const { value } = handler();
          return { value: [...value, ...value.slice(-1)] };
        },
      })) as never,
    ),
    scenario: "g-set",
    faults: "official",
    caughtAs: ["duplicate-value"],
    faithful: "passes",
  },
  {
    name: "pn-takes-nothing-away",
    bug: "acknowledges what is taken away, and forgets it",
    program: twist(
      pnCounter as never,
      (() => ({
        add:
          (handler: (request: { delta: number }) => object) =>
          (request: { delta: number }) =>
            request.delta < 0 ? {} : handler(request),
      })) as never,
    ),
    scenario: "pn-counter",
    faults: "official",
    caughtAs: ["read-too-high"],
    faithful: "caught",
  },
];
