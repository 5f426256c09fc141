/**
 * Challenge 5c: logs in the style of Kafka, without asking anybody.
 * https://fly.io/dist-sys/5c
 *
 * Algorithm: node i of n gives out only the offsets i, i + n, i + 2n, ..., none below one
 * it has heard of, and acknowledges a send at once. Periodically it tells every peer, over
 * reliable links, its new entries and with them, key by key, the lowest offset it may still
 * give out. A poll shows what lies below the lowest such promise of all nodes: Kafka's high
 * watermark, without a leader. Hearing of an entry raises a node's own promise above it, so
 * two messages after a send its entry is shown. Committed offsets merge by maximum and ride
 * along. Nodes take turns: node i speaks i/n of a period after the first one.
 *
 * Guarantees: no request waits for another node, and each succeeds. No offset is given
 * twice; those a node gives for a key rise. Nothing ever appears below what a poll has
 * shown, so polls skip nothing and never go back. Without faults an acknowledged message is
 * visible everywhere after two periods but the nth part of one, and two network latencies:
 * 143 ms for two nodes, at most 190 ms for any number, and half a period more before nodes
 * have fallen into turn; a committed offset after a period and a latency (on a quiet machine:
 * what stands still makes that later by as long). A node that is cut
 * off, or dead, freezes visibility on all nodes, never sends; one second after a heal
 * everything acknowledged before is visible. A node reserves its offsets in lin-kv, so one
 * that has lost its memory gives none again, whoever is cut off. It gets back what it had
 * told another, and until it has met all the others again it makes no promise, which
 * freezes visibility, and lets commits wait.
 *
 * Costs: n (n - 1) messages per 95 ms while there is something new, whatever the load, and
 * none when all is known: for two nodes 21.1 messages/s, S <= 21.1 / rate = 0.021 on the
 * official command. A message is bounded by what is unacknowledged, and to a peer that does
 * not answer by 100 items.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { CommittedOffsets } from "../lib/stores/logs.ts";
import { program, run } from "../lib/maelstrom.ts";
import { inTime } from "../lib/services/patience.ts";
import { Reserve } from "../lib/services/reserve.ts";
import { StripedLog } from "../lib/stores/striped-log.ts";
import { entry, kafkaProtocol } from "../lib/protocols.ts";
import {
  array,
  dictOf,
  either,
  entriesOf,
  natural,
  object,
  oneOf,
  string,
  type TypeOf,
} from "../lib/schema.ts";

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
  /** Resolves when this node has all that it knew in earlier lives. */
  const back = Promise.withResolvers<void>();
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
    back.resolve();
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
    await inTime(node, back.promise);
    const risen = committed.raise(offsets, (key) => logs.get(key)?.last ?? -1);
    for (const [key, offset] of entriesOf(risen)) {
      newsOf(key).committed = offset;
    }
    return {};
  });

  node.on("list_committed_offsets", async ({ keys }) => {
    await inTime(node, back.promise);
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
