/**
 * Challenge 5c, variant: every key has an owner. https://fly.io/dist-sys/5c
 *
 * Algorithm: a hash of the key names its owner, so the load spreads over the nodes. Only the owner
 * appends to a key's log. It stores a message and assigns the offset in one step, and sends the
 * message over reliable links to the others, which append it in the same order. Other nodes forward
 * sends to the owner, and get the offsets back, over the same links, each once. Polls are answered
 * from the node's own copy. Committed offsets merge by maximum.
 *
 * Guarantees: a follower's log is a prefix of the owner's, so a poll skips nothing. Offsets are 0,
 * 1, 2, ..., with a hole where an owner lost its memory: owners reserve offsets in lin-kv, so none
 * is assigned twice. An acknowledged message is visible at its owner at once, elsewhere after a
 * period and the network's latency, or within one second of a heal. A send to an owner that is
 * known to be silent is refused with error 11; a send that the owner does not answer ends in a
 * timeout, since its outcome is unknown. A node that lost its memory recovers what it had told
 * another. Until it has heard from all others, commits, lists of commits and sends to its keys
 * wait, and polls for a second at most. Sends also wait for lin-kv, when their owner has just
 * started, or when lin-kv has been silent until a log has doubled. What waits for 4 s ends then:
 * the owner drops a send, and refuses it if it is from a client. Nothing else waits.
 *
 * Costs: a forwarded send, 1 - 1/n of all, is 2 messages; links cost n (n - 1) messages per period
 * of 100 ms while there is news: S <= 0.5 (1/2) 2 + 20 / rate = 0.52 for two nodes on the official
 * command. A message holds what is unacknowledged.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { ErrorCode, program, RpcError, run } from "../lib/maelstrom.ts";
import {
  dictOf,
  either,
  type Entries,
  entries,
  entriesOf,
  isEmpty,
  type Json,
  json,
  kafkaProtocol,
  natural,
  object,
  type Offsets,
  offsets,
  string,
  type TypeOf,
} from "../lib/protocols.ts";
import { inTime } from "../lib/services/patience.ts";
import { Reserve } from "../lib/services/reserve.ts";
import { CommittedOffsets, DenseLogs } from "../lib/stores/logs.ts";

/** The time between two messages on a link, in milliseconds: longer saves messages, shorter shows entries sooner. */
const PERIOD_MS = 100;

/** After how many milliseconds a forwarded send is forgotten: clients give up sooner. */
const FORGET_MS = 6_000;

/** What nodes tell each other. */
const news = either(
  /** Entries that the receiver may lack, and what has been committed. */
  object({ entries, committed: offsets }),
  either(
    /** A send to the owner, and its answer. */
    object({ send: natural, key: string, msg: json }),
    object({ sent: natural, offset: natural }),
  ),
);

type News = TypeOf<typeof news>;

const protocol = { ...kafkaProtocol, ...linksProtocol(news) };

/** A node that owns some of the keys. */
const kafka5cLeader = program(protocol, (node) => {
  const logs = new DenseLogs();
  const committed = new CommittedOffsets();
  const reserve = new Reserve(node);
  const links = new Links<News>(node, {
    deliver: (all, src) => all.forEach((news) => hear(news, src)),
    all: () => [{
      entries: logs.from(dictOf(logs.keys.map((key) => [key, 0]))),
      committed: committed.all,
    }],
    inOrder: true,
    flushMs: PERIOD_MS,
    capMs: 5 * PERIOD_MS,
  });
  /** Forwarded sends that their owners have not answered. */
  const open = new Map<number, (offset: number) => void>();
  let sends = 0;

  node.on("send", async ({ key, msg }) => {
    const owner = ownerOf(key, node.ids);
    const offset = owner === node.id
      ? await append(key, msg)
      : await inTime(node, forward(owner, key, msg));
    return { offset };
  });

  node.on(
    "poll",
    ({ offsets }) => links.catchUp.run(() => ({ msgs: logs.from(offsets) })),
  );

  node.on("commit_offsets", async ({ offsets }) => {
    await reserve.whenBack();
    const risen = committed.raise(offsets, (key) => logs.size(key) - 1);
    if (!isEmpty(risen)) tell(dictOf([]), risen);
    return {};
  });

  node.on("list_committed_offsets", async ({ keys }) => {
    await reserve.whenBack();
    return { offsets: committed.of(keys) };
  });

  node.every(PERIOD_MS, () => {
    if (links.isCaughtUp) reserve.comeBack();
    links.flush();
  });

  async function append(key: string, msg: Json): Promise<number> {
    const next = () =>
      reserve.isBack ? Math.max(logs.size(key), reserve.first) : null;
    return await reserve.give(next, () => {
      const offset = logs.append(key, msg, reserve.first);
      tell(dictOf([[key, [[offset, msg]]]]));
      return offset;
    });
  }

  function forward(owner: string, key: string, msg: Json): Promise<number> {
    if (links.isSilent(owner)) {
      const text = `${owner}, which owns the key, cannot be reached`;
      throw new RpcError(ErrorCode.temporarilyUnavailable, text);
    }
    const send = sends++;
    const { promise, resolve } = Promise.withResolvers<number>();
    open.set(send, resolve);
    node.after(FORGET_MS, () => open.delete(send));
    links.tell(owner, { send, key, msg });
    return promise;
  }

  function tell(entries: Entries, committed: Offsets = dictOf([])): void {
    links.push({ entries, committed });
  }

  function hear(news: News, src: string): void {
    if ("sent" in news) {
      open.get(news.sent)?.(news.offset);
      open.delete(news.sent);
    } else if ("send" in news) {
      const answer = (offset: number) =>
        links.tell(src, { sent: news.send, offset });
      append(news.key, news.msg).then(
        answer,
        () => {/* the client has given up */},
      );
    } else {
      committed.raise(news.committed, () => Infinity);
      for (const [key, entries] of entriesOf(news.entries)) {
        const missing = logs.add(key, entries);
        // Entries that this node appended in an earlier life may have reached only some nodes.
        const isOwn = ownerOf(key, node.ids) === node.id;
        if (isOwn && missing.length > 0) tell(dictOf([[key, missing]]));
      }
    }
  }
});

export default kafka5cLeader;

/** The node that a hash of the key (FNV-1a) falls on. */
function ownerOf(key: string, nodes: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return nodes[(hash >>> 0) % nodes.length]!;
}

if (import.meta.main) await run(kafka5cLeader);
