/** Mutants of what tells a node's lives apart: what is wrong with one that comes back without its memory. */
import broadcast3b from "../../challenges/broadcast-3b.ts";
import broadcast3c from "../../challenges/broadcast-3c.ts";
import gSet from "../../challenges/g-set.ts";
import kafka5c from "../../challenges/kafka-5c.ts";
import {
  sharedSums,
  type SumsProtocol,
} from "../../challenges/counter-4-crdt.ts";
import txn6b from "../../challenges/txn-6b.ts";
import { latestOf } from "../../lib/gossip/life.ts";
import txn6bWrites from "../../challenges/txn-6b-writes.ts";
import type { Saying } from "../../lib/gossip/conversation.ts";
import type { Json } from "../../lib/node/world.ts";
import type { Node } from "../../lib/maelstrom.ts";
import type { JsonObject } from "../../lib/workbench/history/json.ts";
import { gossip } from "./counter.ts";
import type { Mutant } from "./mutant.ts";
import { sending, twist } from "./twist.ts";
import { withMethods } from "../fixtures/with-methods.ts";

/** Takes every life of a peer for the first. */
const ignoresEpochs = twist(broadcast3c, () => {
  const lives = new Map<string, number>();
  return {
    say: (handler) => (saying: Saying<Json>, src) => {
      const { hello } = saying;
      if (hello === undefined) return handler(saying, src);
      const me = lives.get(src) ?? hello.me;
      lives.set(src, me);
      return handler({ ...saying, hello: { ...hello, me } }, src);
    },
  };
});

/** Keeps what it has reserved where its next life does not look for it. */
function reservesAnew(node: Node<Record<never, never>>): void {
  const life = Math.floor(node.random() * 1e9);
  const call = (to: string, body: JsonObject, ...rest: unknown[]) =>
    (node.call as (...call: unknown[]) => Promise<unknown>)(
      to,
      { ...body, key: `${body["key"]} in ${life}` },
      ...rest,
    );
  (kafka5c as unknown as (node: unknown) => void)(withMethods(node, { call }));
}

/** Answers reads as soon as it runs: the timer that ends waiting for others fires at once. */
const readsAtOnce = (program: unknown) => (node: Node<never>) => {
  const after = (ms: number, task: () => void) =>
    node.after(ms === 1_000 ? 0 : ms, task);
  (program as (node: unknown) => void)(withMethods(node, { after }));
};

/** A program on a clock that stands still. */
const onStoppedClock = (program: unknown) => (node: Node<never>) =>
  (program as (node: unknown) => void)(withMethods(node, { now: () => 0 }));

/** Leaves out some of what a peer that has come back is told. */
const tellsBack = (
  program: unknown,
  change: (item: never, dest: string) => unknown,
) =>
  sending(program, (_type, message, dest) => {
    const { hello, v } = message as unknown as Saying<Json>;
    if (hello?.back !== true) return message;
    const left = v.map((item) => change(item as never, dest));
    return { ...message, v: left };
  });

/** Shows the sums of the latest life of each node, and none of those before it. */
function oneLifeEach(node: Node<PnCounter>): void {
  const { name, add, sums, catchUp } = sharedSums(node);
  node.on("add", ({ delta }) => {
    add(delta < 0 ? `-${name()}` : name(), Math.abs(delta));
    return {};
  });
  node.on("read", () =>
    catchUp.run(() => {
      let value = 0;
      const lives = [...sums.keys()].map((life) => life.replace("-", ""));
      for (const [life, sum] of sums) {
        const own = life.replace("-", "");
        const [id, stamp] = own.split("@");
        const isLatest = latestOf(id!, lives) === parseInt(stamp!, 36);
        if (isLatest) value += own === life ? Number(sum) : -Number(sum);
      }
      return { value };
    }));
}

interface PnCounter extends SumsProtocol {
  add(request: { delta: number }): Record<never, never>;
  read(): { value: number };
}

/** Mutants of the programs that survive restarts. */
export const mutants: Mutant[] = [
  {
    name: "life-epoch-ignored",
    bug: "continues with a peer that has lost its memory as if it had not",
    program: ignoresEpochs,
    scenario: "broadcast-3c",
    flags: { "time-limit": 8 },
    faults: "chaos",
    caughtAs: ["lost-value"],
    faithful: "caught",
  },
  {
    name: "life-counter-forgotten",
    bug:
      "a restarted node counts from zero under its old name, and peers keep the higher sum",
    program: (node: Parameters<typeof gossip>[0]) => gossip(node, Math.max),
    scenario: "counter-4-crdt",
    flags: { "time-limit": 8, rate: 50 },
    faults: "chaos",
    caughtAs: ["divergent-replicas"],
    faithful: "passes",
  },
  {
    name: "life-offsets-given-twice",
    bug: "a restarted node forgets which offsets it has reserved",
    program: reservesAnew,
    scenario: "kafka-5c",
    flags: { "time-limit": 8, rate: 100 },
    faults: "chaos",
    caughtAs: ["inconsistent-offsets"],
    faithful: "caught",
  },
  {
    name: "life-reads-too-soon",
    bug: "a restarted node answers reads before it has heard what others know",
    program: readsAtOnce(gSet),
    scenario: "g-set",
    flags: { "time-limit": 8, rate: 50 },
    faults: "chaos",
    caughtAs: ["value-forgotten"],
    faithful: "passes",
  },
  {
    name: "life-tells-nothing-back",
    bug: "tells a restarted node nothing of what its earlier life had told",
    program: twist(
      broadcast3b as never,
      (() => ({
        recall:
          (handler: (request: object, src: string) => object) =>
          (request: object, src: string) => ({
            ...handler(request, src),
            known: [],
          }),
      })) as never,
    ),
    scenario: "broadcast-3b",
    flags: { "time-limit": 8 },
    faults: "chaos",
    caughtAs: ["lost-value", "value-forgotten"],
    faithful: "passes",
  },
  {
    name: "life-stamps-again",
    bug:
      "a new life stamps its writes like the last: by a count, under the same name",
    program: onStoppedClock(txn6bWrites),
    scenario: "txn-6b-writes",
    flags: { "time-limit": 8, rate: 100 },
    faults: "chaos",
    caughtAs: ["divergent-replicas"],
    faithful: "passes",
  },
  {
    name: "life-entries-not-told-back",
    bug: "tells a restarted node none of the messages that it had itself taken",
    program: tellsBack(
      kafka5c,
      (news: { entries: [number, Json][] }, dest) => ({
        ...news,
        entries: news.entries.filter(([offset]) => `n${offset % 2}` !== dest),
      }),
    ),
    scenario: "kafka-5c",
    flags: { "time-limit": 8, rate: 100 },
    faults: "chaos",
    caughtAs: ["lost-message", "poll-skip"],
    faithful: "passes",
  },
  {
    name: "life-commits-not-told-back",
    bug: "tells a restarted node nothing of the offsets that were committed",
    program: tellsBack(
      kafka5c,
      (news: JsonObject) => ({ ...news, committed: null }),
    ),
    scenario: "kafka-5c",
    flags: { "time-limit": 8, rate: 100 },
    faults: "chaos",
    caughtAs: ["commit-lost", "commit-regressed"],
    faithful: "passes",
  },
  {
    name: "life-sums-forgotten",
    bug: "forgets what a node has counted as soon as it has begun another life",
    program: oneLifeEach,
    scenario: "pn-counter",
    flags: { "time-limit": 8, rate: 50 },
    faults: "chaos",
    caughtAs: ["read-too-low", "read-too-high", "inexact-read"],
    faithful: "caught",
  },
  {
    name: "life-versions-not-told-back",
    bug: "tells a restarted node nothing of the transactions that it had run",
    program: tellsBack(txn6b, (transaction: { node: string }, dest) => ({
      ...transaction,
      ...(transaction.node.startsWith(`${dest}@`) && { changes: [] }),
    })),
    scenario: "txn-6b",
    flags: { "time-limit": 8, rate: 100 },
    faults: "chaos",
    caughtAs: ["divergent-replicas", "vanished-value"],
    faithful: "passes",
  },
];
