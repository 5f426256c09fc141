/** Mutants of kafka. */
import kafka5a from "../../challenges/kafka-5a.ts";
import kafka5b from "../../challenges/kafka-5b.ts";
import kafka5c from "../../challenges/kafka-5c.ts";
import {
  dictOf,
  type Entries,
  entriesOf,
  type Entry,
  type KafkaProtocol,
  type Offsets,
} from "../../lib/protocols.ts";
import { ErrorCode, type Node, RpcError } from "../../lib/maelstrom.ts";
import { leader, skipsHoles, storesLater, stripes } from "./kafka-nodes.ts";
import type { Mutant } from "./mutant.ts";
import { twist, type Twists } from "./twist.ts";

/** 5a with another handler here or there. */
const on5a = (twists: (node: Node<KafkaProtocol>) => Twists) =>
  twist<KafkaProtocol>(kafka5a, twists);

/** 5a whose polls give something else. */
function polls(
  change: (
    entries: Entry[],
    from: number,
    node: Node<KafkaProtocol>,
  ) => Entry[],
) {
  return on5a((node) => ({
    poll: (handler) => (request: { offsets: Offsets }, src) => {
      const { msgs } = handler(request, src) as { msgs: Entries };
      const from = new Map(entriesOf(request.offsets));
      const changed = entriesOf(msgs).map(([key, entries]) =>
        [key, change(entries, from.get(key)!, node)] as const
      );
      return { msgs: dictOf(changed) };
    },
  }));
}

/** 5a whose lists of committed offsets give something else. */
function lists(change: (offsets: Offsets, keys: string[]) => Offsets) {
  return on5a(() => ({
    list_committed_offsets: (handler) => (request, src) => ({
      offsets: change(handler(request, src).offsets, request.keys),
    }),
  }));
}

/** Offsets, each so many higher. */
function moved(offsets: Offsets, by: number): Offsets {
  const entries = entriesOf(offsets);
  return dictOf(entries.map(([key, at]) => [key, at + by]));
}

/** Commits that a node keeps to itself: of all that were made of a key, the chosen one. */
function ownCommits(choose: (kept: number, next: number) => number): Twists {
  const committed = new Map<string, number>();
  return {
    commit_offsets: () => ({ offsets }: { offsets: Offsets }) => {
      for (const [key, at] of entriesOf(offsets)) {
        committed.set(key, choose(committed.get(key) ?? at, at));
      }
      return {};
    },
    list_committed_offsets: () => ({ keys }: { keys: string[] }) => ({
      offsets: Object.fromEntries(
        keys.filter((key) => committed.has(key))
          .map((key) => [key, committed.get(key)]),
      ),
    }),
  };
}

const alone = { "time-limit": 5, rate: 200, concurrency: "4n" };
const pair = { "time-limit": 6, rate: 100 };

function mutant(
  name: string,
  bug: string,
  program: unknown,
  caughtAs: string[],
  faithful: Mutant["faithful"],
  more: Partial<Mutant> = {},
): Mutant {
  return {
    name: `kafka-${name}`,
    bug,
    program,
    scenario: "kafka-5a",
    flags: alone,
    faults: "official",
    caughtAs,
    faithful,
    ...more,
  };
}

/** Mutants of kafka-5a, 5b, 5c and their variants. */
export const mutants: Mutant[] = [
  mutant(
    "poll-skip",
    "a later poll sometimes leaves out its first message",
    polls((entries, from, node) =>
      from > 0 && node.random() < 0.2 ? entries.slice(1) : entries
    ),
    ["poll-skip"],
    "caught",
  ),
  mutant(
    "only-from-zero",
    "returns messages only to polls from offset 0",
    polls((entries, from) => from > 0 ? [] : entries),
    ["late-message"],
    "passes",
  ),
  mutant(
    "now-and-then",
    "hides the last message from one poll in five",
    polls((entries, _from, node) =>
      node.random() < 0.2 ? entries.slice(0, -1) : entries
    ),
    ["message-vanished", "late-message"],
    "passes",
  ),
  mutant(
    "poll-below",
    "begins a poll two offsets before the one asked for",
    on5a(() => ({
      poll: (handler) => ({ offsets }: { offsets: Offsets }, src) =>
        handler({ offsets: moved(offsets, -2) }, src),
    })),
    ["poll-below-offset"],
    "caught",
  ),
  mutant(
    "offset-reused",
    "gives one message in twenty the previous offset",
    on5a((node) => ({
      send: (handler) => (request, src) => {
        const { offset } = handler(request, src);
        return {
          offset: node.random() < 0.05 && offset > 0 ? offset - 1 : offset,
        };
      },
    })),
    ["inconsistent-offsets"],
    "caught",
  ),
  mutant(
    "duplicate",
    "stores one message in twenty twice",
    on5a((node) => ({
      send: (handler) => (request, src) => {
        if (node.random() < 0.05) handler(request, src);
        return handler(request, src);
      },
    })),
    ["duplicate"],
    "caught",
  ),
  mutant(
    "stored-though-refused",
    "stores a message, then answers that it did not",
    on5a((node) => ({
      send: (handler) => (request, src) => {
        const reply = handler(request, src);
        if (node.random() > 0.05) return reply;
        throw new RpcError(ErrorCode.temporarilyUnavailable, "not now");
      },
    })),
    ["G1a"],
    "caught",
  ),
  mutant(
    "commit-ignored",
    "acknowledges commits and forgets them",
    on5a(() => ({ commit_offsets: () => () => ({}) })),
    ["commit-lost"],
    "passes",
  ),
  mutant(
    "commit-stays",
    "keeps the first commit instead of the highest",
    on5a(() => ownCommits((first) => first)),
    ["commit-lost"],
    "passes",
  ),
  mutant(
    "commit-refused",
    "refuses one commit in four",
    on5a((node) => ({
      commit_offsets: (handler) => (request, src) => {
        if (node.random() > 0.25) return handler(request, src);
        throw new RpcError(ErrorCode.temporarilyUnavailable, "not now");
      },
    })),
    ["commit-refused"],
    "caught",
  ),
  mutant(
    "zero-for-unknown",
    "lists 0 for keys that were never committed",
    lists((offsets, keys) => ({
      ...Object.fromEntries(keys.map((key) => [key, 0])),
      ...offsets,
    })),
    ["commit-invented"],
    "passes",
  ),
  mutant(
    "commit-off-by-one",
    "lists the offset after the committed one",
    lists((offsets) => moved(offsets, 1)),
    ["commit-invented"],
    "passes",
  ),
  mutant(
    "hole",
    "takes an offset and writes the message in two steps, and polls across the hole between",
    skipsHoles,
    ["poll-skip"],
    "caught",
    { scenario: "kafka-5b", flags: { ...pair, rate: 300, concurrency: "4n" } },
  ),
  mutant(
    "early-ack",
    "acknowledges a message before it is stored",
    storesLater,
    ["lost-message", "inconsistent-offsets"],
    "caught",
    {
      scenario: "kafka-5b",
      flags: { ...alone, "node-count": 1 },
      faults: "chaos",
    },
  ),
  mutant(
    "commits-not-shared",
    "5b, but each node keeps its commits to itself",
    twist<KafkaProtocol>(kafka5b, () => ownCommits(Math.max)),
    ["commit-lost"],
    "passes",
    { scenario: "kafka-5b", flags: { ...pair, rate: 300 } },
  ),
  mutant(
    "empty-follower",
    "forwards sends to the first node, and answers polls from its own empty log",
    leader({ followersAppend: false }),
    ["lost-message"],
    "passes",
    { scenario: "kafka-5c-leader", flags: pair },
  ),
  mutant(
    "follower-out-of-order",
    "a follower appends messages in order of arrival",
    leader({ followersAppend: true }),
    ["inconsistent-offsets"],
    "caught",
    { scenario: "kafka-5c-leader", flags: pair, faults: "chaos" },
  ),
  mutant(
    "forwarded-twice",
    "forwards an unanswered send again, without a number",
    leader({ followersAppend: true }),
    ["duplicate"],
    "caught",
    { scenario: "kafka-5c-leader", flags: pair, faults: "chaos" },
  ),
  mutant(
    "no-watermark",
    "shows entries below which others may still appear",
    stripes({ everyMs: 50, eager: true }),
    ["poll-skip"],
    "caught",
    { scenario: "kafka-5c", flags: { ...pair, rate: 300 } },
  ),
  mutant(
    "slow-gossip",
    "gossips once a second",
    stripes({ everyMs: 1_000 }),
    ["late-message"],
    "passes",
    { scenario: "kafka-5c", flags: { ...pair, rate: 300 } },
  ),
  mutant(
    "forgets-the-tail",
    "sends each entry once, whether or not it arrives",
    stripes({ everyMs: 50, forgets: true }),
    ["lost-message"],
    "caught",
    { scenario: "kafka-5c", flags: pair, faults: "partition" },
  ),
  mutant(
    "commits-not-gossiped",
    "5c, but no node hears of another's commits",
    stripes({ everyMs: 50 }),
    ["commit-lost"],
    "passes",
    { scenario: "kafka-5c", flags: { ...pair, rate: 300 } },
  ),
  mutant(
    "dead-end",
    "5c, but all nodes except one refuse polls in the end",
    twist(kafka5c, (node) => {
      const born = node.now();
      return {
        poll: (handler) => (request, src) => {
          if (node.now() - born < 14_000 || node.id === "n0") {
            return handler(request, src);
          }
          throw new RpcError(ErrorCode.temporarilyUnavailable, "not now");
        },
      };
    }),
    ["no-final-poll"],
    "passes",
    { scenario: "kafka-5c", flags: pair },
  ),
];
