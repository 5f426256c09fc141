/**
 * Challenge 5c: logs in the style of Kafka, without coordination. https://fly.io/dist-sys/5c
 *
 * Algorithm: node i of n assigns only the offsets i, i + n, i + 2n, ..., always above the
 * highest it has seen, and acknowledges a send at once. Once a period it sends every peer, over
 * reliable links, its new entries and, for each key, a promise: the lowest offset it may still
 * assign. A poll returns what lies below the lowest promise of all nodes, which is Kafka's high
 * watermark without a leader. Committed offsets merge by maximum. Nodes take turns: node i
 * speaks i/n of a period after node 0.
 *
 * Guarantees: no request waits for another node, and each succeeds. No offset is assigned
 * twice; a node's offsets for a key increase. Nothing appears below what a poll has shown, so
 * polls skip nothing and never go back. Without faults an acknowledged message is visible
 * everywhere after two periods, less 1/n of one, and two network latencies: 143 ms for two
 * nodes, at most 190 ms for any number, plus half a period until nodes have found their turns;
 * a committed offset after a period and a latency. Both hold on a machine that does not stall.
 * A node that is cut off or dead freezes visibility, but never a send; one second after a heal
 * every acknowledged message is visible. Offsets are reserved in lin-kv, so a node that lost its
 * memory reuses none. It recovers what it had told another node. Until it has heard from all
 * of them it promises nothing, which freezes visibility, and commits wait.
 *
 * Costs: n (n - 1) messages per 95 ms while there is news, whatever the load, and none when all
 * is known: for two nodes 21.1 messages/s, S <= 21.1 / rate = 0.021 on the official command. A
 * message holds what is unacknowledged, at most 100 items for a peer that does not answer.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { CommittedOffsets } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { Reserve } from "../lib/services/reserve.ts";
import { StripedLog } from "../lib/stores/striped-log.ts";
import {
  array,
  dictOf,
  either,
  entriesOf,
  entry,
  kafkaProtocol,
  natural,
  object,
  oneOf,
  string,
  type TypeOf,
} from "../lib/protocols.ts";

/** Between two messages to one peer: longer saves messages, shorter shows entries sooner. */
const PERIOD_MS = 95;

/** What a node tells the others about a key. */
const news = object({
  key: string,
  /** Its own new entries. */
  entries: array(entry),
  /** The lowest offset it may still give out. */
  promise: natural,
  /** What has been committed there; null if that is no news. */
  committed: either(natural, oneOf(null)),
});

type News = TypeOf<typeof news>;

const protocol = {
  ...kafkaProtocol,
  ...linksProtocol(news),
};

/** A node of a log without a leader. */
const kafka5c = program(protocol, (node) => {
  const logs = new Map<string, StripedLog>();
  const committed = new CommittedOffsets();
  const self = node.ids.indexOf(node.id);
  const reserve = new Reserve(node);
  const links = new Links<News>(node, {
    deliver(all, src) {
      for (const news of all) hear(news, node.ids.indexOf(src));
      if (src === node.ids[0]) keepTurn();
    },
    all: () => [...logs.keys()].map(allOf),
    inOrder: true,
    flushMs: PERIOD_MS,
    capMs: 5 * PERIOD_MS,
  });
  /** What the others have not been told, by key. */
  const untold = new Map<string, News>();
  /** And what they have been promised. */
  const promised = new Map<string, number>();
  let isSettled = false;
  reserve.begun.then(() => {
    for (const log of logs.values()) log.raise(reserve.first);
    if (!reserve.isLater) comeBack();
  });

  function comeBack(): void {
    isSettled = true;
    for (const [key, log] of logs) {
      log.settle();
      newsOf(key);
    }
    reserve.comeBack();
  }

  node.on("send", ({ key, msg }) =>
    reserve.give(() => logOf(key).next, () => {
      const entry = logOf(key).append(msg);
      newsOf(key).entries.push(entry);
      return { offset: entry[0] };
    }));

  node.on("poll", ({ offsets }) => {
    const found = entriesOf(offsets)
      .map(([key, offset]) => [key, logs.get(key)?.from(offset) ?? []] as const)
      .filter(([, entries]) => entries.length > 0);
    return { msgs: dictOf(found) };
  });

  node.on("commit_offsets", async ({ offsets }) => {
    await reserve.whenBack();
    const risen = committed.raise(offsets, (key) => logs.get(key)?.last ?? -1);
    for (const [key, offset] of entriesOf(risen)) {
      newsOf(key).committed = offset;
    }
    return {};
  });

  node.on("list_committed_offsets", async ({ keys }) => {
    await reserve.whenBack();
    return { offsets: committed.of(keys) };
  });

  let stop = node.after(PERIOD_MS, speak);
  /** Whether the next turn is in its place. */
  let kept = false;

  function speak() {
    stop = node.after(PERIOD_MS, speak);
    kept = false;
    if (!isSettled && links.isCaughtUp) comeBack();
    for (const [key, news] of untold) {
      const { promise } = logOf(key);
      links.push({ ...news, promise });
      promised.set(key, promise);
    }
    untold.clear();
    links.flush();
  }

  /** Moves this node's next turn to its place in the first node's period, once a turn. */
  function keepTurn() {
    if (kept) return;
    kept = true;
    stop();
    stop = node.after(PERIOD_MS * self / node.ids.length, speak);
  }

  function hear(
    { key, entries, promise, committed: offset }: News,
    from: number,
  ) {
    const log = logOf(key);
    // What this node gave in an earlier life may have reached only some.
    const own = log.receive(from, entries, promise);
    const isNews = log.promise > (promised.get(key) ?? self);
    if (isNews || own.length > 0) newsOf(key).entries.push(...own);
    if (offset !== null) committed.raise(dictOf([[key, offset]]), () => offset);
  }

  function logOf(key: string): StripedLog {
    const known = logs.get(key);
    if (known !== undefined) return known;
    const log = new StripedLog(self, node.ids.length, isSettled);
    log.raise(reserve.first);
    logs.set(key, log);
    return log;
  }

  /** What a node is told that has lost its memory. */
  function allOf(key: string): News {
    const log = logOf(key);
    const offset = new Map(entriesOf(committed.of([key]))).get(key) ?? null;
    return { key, entries: log.all, promise: log.promise, committed: offset };
  }

  /** The news of a key that will be told next. */
  function newsOf(key: string): News {
    const news = untold.get(key) ??
      { key, entries: [], promise: 0, committed: null };
    untold.set(key, news);
    return news;
  }
});

export default kafka5c;

if (import.meta.main) await run(kafka5c);
