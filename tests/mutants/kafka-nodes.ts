/** Small nodes for several-node kafka, each wrong in the way that its name says. */
import { CommittedOffsets, DenseLogs } from "../../lib/stores/logs.ts";
import {
  dictOf,
  entriesOf,
  type Entry,
  type KafkaProtocol,
} from "../../lib/protocols.ts";
import { ErrorCode, type Node } from "../../lib/maelstrom.ts";
import { hasCode } from "../fixtures/has-code.ts";
import type { Json } from "../../lib/node/world.ts";
import { HastyKv } from "./hasty-kv.ts";
import { StripedLog } from "../../challenges/kafka-5c.ts";

type Appended = { key: string; msg: Json };

interface Replicated extends KafkaProtocol {
  append(message: Appended): void;
  forward(request: Appended): { offset: number };
}

/** Commits of one node, which no other ever hears of. */
function ownCommits(node: Node<Replicated>, last: (key: string) => number) {
  const committed = new CommittedOffsets();
  node.on("commit_offsets", ({ offsets }) => {
    committed.raise(offsets, last);
    return {};
  });
  node.on("list_committed_offsets", ({ keys }) => ({
    offsets: committed.of(keys),
  }));
}

/** The first node appends; followers append what it sends them as it comes, or nothing at all. */
export function leader(
  { followersAppend }: { followersAppend: boolean },
): (node: Node<Replicated>) => void {
  return (node) => {
    const logs = new DenseLogs();
    const first = node.ids[0]!;
    const append = ({ key, msg }: Appended) => {
      for (const peer of node.peers) node.send(peer, "append", { key, msg });
      return { offset: logs.append(key, msg) };
    };
    node.on("forward", append);
    node.on("append", ({ key, msg }) => {
      if (followersAppend) logs.append(key, msg);
    });
    node.on("send", async ({ key, msg }) => {
      if (node.id === first) return append({ key, msg });
      for (;;) {
        try {
          return await node.rpc(first, "forward", { key, msg }, {
            timeoutMs: 400,
          });
        } catch (error) {
          if (!hasCode(error, ErrorCode.timeout)) throw error;
        }
      }
    });
    node.on("poll", ({ offsets }) => ({ msgs: logs.from(offsets) }));
    ownCommits(node, () => Infinity);
  };
}

/**
 * Takes an offset from a counter in lin-kv, then writes the message there: a poll between
 * the two finds a hole, and goes on behind it.
 */
export function skipsHoles(node: Node<Replicated>): void {
  const kv = new HastyKv<Json>(node, "lin-kv");
  node.on("send", async ({ key, msg }) => {
    const end = await kv.update(`end ${key}`, (n) => Number(n) + 1, 0);
    const offset = Number(end) - 1;
    await node.sleep(node.random() * 20);
    await kv.write(`${key} ${offset}`, [msg]);
    return { offset };
  });
  const entry = async (key: string, offset: number): Promise<Entry[]> => {
    const found = await kv.readOr(`${key} ${offset}`, null) as [Json] | null;
    return found === null ? [] : [[offset, found[0]]];
  };
  node.on("poll", async ({ offsets }) => {
    const polled = entriesOf(offsets).map(async ([key, from]) => {
      const end = Number(await kv.readOr(`end ${key}`, 0));
      const wanted = Array.from(
        { length: Math.max(0, end - from) },
        (_, i) => entry(key, from + i),
      );
      return [key, (await Promise.all(wanted)).flat()] as const;
    });
    return { msgs: dictOf(await Promise.all(polled)) };
  });
  ownCommits(node, () => Infinity);
}

/** Acknowledges a message, and only then begins to store it. */
export function storesLater(node: Node<Replicated>): void {
  type Logs = { [key: string]: Json[] };
  const kv = new HastyKv<Logs>(node, "lin-kv", { timeoutMs: 4_000 });
  let logs: Promise<Logs> | null = null;
  const load = () => logs ??= kv.readOr<Logs>("logs", {});
  node.on("send", async ({ key, msg }) => {
    const all = await load();
    const log = all[key] ??= [];
    node.after(100, () => kv.write("logs", all).catch(() => {}));
    return { offset: log.push(msg) - 1 };
  });
  node.on("poll", async ({ offsets }) => {
    const all = await load();
    const msgs = entriesOf(offsets).map(([key, from]) => {
      const news = all[key]?.slice(from) ?? [];
      return [key, news.map((msg, i): Entry => [from + i, msg])] as const;
    });
    return { msgs: dictOf(msgs) };
  });
  ownCommits(node, () => Infinity);
}

/** What a gossiping node may get wrong. */
export interface Gossip {
  everyMs: number;
  /** Shows entries as they come instead of waiting for the other nodes' promises. */
  eager?: boolean;
  /** Sends each entry once, whether or not it arrives. */
  forgets?: boolean;
}

interface Gossiping extends KafkaProtocol {
  news(
    message: { key: string; entries: Entry[]; promise: number },
  ): void;
}

/** Striped offsets, as in 5c, but everything is told again and again. */
export function stripes(
  { everyMs, eager = false, forgets = false }: Gossip,
): (node: Node<Gossiping>) => void {
  return (node) => {
    const logs = new Map<string, StripedLog>();
    const own = new Map<string, Entry[]>();
    const known = new Map<string, Map<number, Json>>();
    const committed = new CommittedOffsets();
    const logOf = (key: string) => {
      const log = logs.get(key) ??
        new StripedLog(node.ids.indexOf(node.id), node.ids.length);
      logs.set(key, log);
      return log;
    };
    const note = (key: string, entries: Entry[]) => {
      const all = known.get(key) ?? new Map<number, Json>();
      known.set(key, all);
      const news = entries.filter(([offset]) => !all.has(offset));
      for (const [offset, msg] of news) all.set(offset, msg);
      return news;
    };
    node.on("send", ({ key, msg }) => {
      const entry = logOf(key).append(msg);
      own.set(key, [...own.get(key) ?? [], entry]);
      note(key, [entry]);
      return { offset: entry[0] };
    });
    node.on("news", ({ key, entries, promise }, src) => {
      logOf(key).receive(node.ids.indexOf(src), note(key, entries), promise);
    });
    node.on("poll", ({ offsets }) => {
      const msgs = new Map<string, Entry[]>();
      for (const [key, from] of entriesOf(offsets)) {
        const all = [...known.get(key) ?? []].sort(([a], [b]) => a - b);
        const entries = eager
          ? all.filter(([offset]) => offset >= from)
          : logs.get(key)?.from(from) ?? [];
        if (entries.length > 0) msgs.set(key, entries);
      }
      return { msgs: dictOf(msgs) };
    });
    node.on("commit_offsets", ({ offsets }) => {
      committed.raise(offsets, () => Infinity);
      return {};
    });
    node.on("list_committed_offsets", ({ keys }) => ({
      offsets: committed.of(keys),
    }));
    node.every(everyMs, () => {
      for (const [key, log] of logs) {
        const news = { key, entries: own.get(key) ?? [], promise: log.promise };
        for (const peer of node.peers) node.send(peer, "news", news);
        if (forgets) own.delete(key);
      }
    });
  };
}
