import { Links, type LinksProtocol } from "../lib/links.ts";
import {
  CommittedOffsets,
  type Entries,
  type Entry,
  type KafkaProtocol,
} from "../lib/logs.ts";
import { type Node, run } from "../lib/maelstrom.ts";
import { StripedLog } from "../lib/striped-log.ts";

const PERIOD_MS = 100;

/** What a node tells the others about a key. */
type News = {
  key: string;
  /** Its own new entries. */
  entries: Entry[];
  /** The lowest offset it may still give out. */
  promise: number;
  /** What has been committed there, if that has risen. */
  committed: number | null;
};

/** A node of a log without a leader. */
export default function kafka5c(
  node: Node<KafkaProtocol & LinksProtocol<News>>,
): void {
  const logs = new Map<string, StripedLog>();
  const committed = new CommittedOffsets();
  const news = new Map<string, News>();
  const links = new Links<News>(
    node,
    (all, src) => all.forEach((n) => hear(n, src)),
  );

  node.on("send", ({ key, msg }) => {
    const entry = logOf(key).append(msg);
    newsOf(key).entries.push(entry);
    return { offset: entry[0] };
  });

  node.on("poll", ({ offsets }) => {
    const msgs: Entries = {};
    for (const [key, offset] of Object.entries(offsets)) {
      const entries = logs.get(key)?.from(offset) ?? [];
      if (entries.length > 0) msgs[key] = entries;
    }
    return { msgs };
  });

  node.on("commit_offsets", ({ offsets }) => {
    const risen = committed.raise(offsets, (key) => logs.get(key)?.last ?? -1);
    for (const [key, offset] of Object.entries(risen)) {
      newsOf(key).committed = offset;
    }
    return {};
  });

  node.on("list_committed_offsets", ({ keys }) => ({
    offsets: committed.of(keys),
  }));

  function hear(
    { key, entries, promise, committed: offset }: News,
    src: string,
  ) {
    const log = logOf(key);
    const before = log.promise;
    log.receive(node.ids.indexOf(src), entries, promise);
    if (log.promise > before) newsOf(key);
    if (offset !== null) committed.raise({ [key]: offset }, () => offset);
  }

  node.every(PERIOD_MS, () => {
    for (const [key, item] of news) {
      links.push({ ...item, promise: logOf(key).promise });
    }
    news.clear();
    links.flush();
  });

  function logOf(key: string): StripedLog {
    let log = logs.get(key);
    if (log === undefined) {
      log = new StripedLog(node.ids.indexOf(node.id), node.ids.length);
      logs.set(key, log);
    }
    return log;
  }

  function newsOf(key: string): News {
    let item = news.get(key);
    if (item === undefined) {
      item = { key, entries: [], promise: 0, committed: null };
      news.set(key, item);
    }
    return item;
  }
}

if (import.meta.main) await run(kafka5c);
