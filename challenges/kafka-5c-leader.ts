/**
 * Challenge 5c, variant: every key has an owner. https://fly.io/dist-sys/5c
 *
 * Algorithm: a hash of the key names its owner, so the load spreads over the nodes. The
 * owner alone appends to a key's log. It keeps what it appends and gives the offset in one
 * step, and sends it over reliable links to the others, which append it in the same order.
 * Other nodes forward sends to the owner; each forwarded send has a number by which the
 * owner knows it again when it is repeated. Polls are answered from what a node has.
 * Committed offsets merge by maximum and ride on the same links.
 *
 * Guarantees: offsets are 0, 1, 2, ... on all nodes; a follower is a prefix of the owner,
 * so a poll skips nothing. An acknowledged message is visible at its owner at once,
 * elsewhere after a period and the network's latency, or within one second after a heal.
 * When the owner does not answer, a send ends in error 11 if nothing was sent to it, as it
 * was known to be silent, and otherwise, its outcome being unknown, in a timeout. Polls and
 * commits never wait. A killed node loses its logs.
 *
 * Costs: a send that is forwarded, 1 - 1/n of them, is 2 messages; links cost n (n - 1)
 * messages per period of 100 ms while there is something new: S <= 0.5 (1/2) 2 + 20 / rate
 * = 0.52 for two nodes on the official command. A message holds what is unacknowledged.
 */
import { Links, linksProtocol } from "../lib/gossip/links.ts";
import { CommittedOffsets, DenseLogs } from "../lib/stores/logs.ts";
import {
  ErrorCode,
  hasCode,
  type Json,
  program,
  RpcError,
  run,
} from "../lib/maelstrom.ts";
import { Patience } from "../lib/services/patience.ts";
import { kafkaProtocol, offsets } from "../lib/protocols.ts";
import {
  amongNodes,
  either,
  entriesOf,
  json,
  natural,
  object,
  rpc,
  string,
  type TypeOf,
} from "../lib/schema.ts";

/** Between two messages on a link: longer saves messages, shorter shows new entries sooner. */
const PERIOD_MS = 100;

/**
 * How long an owner may leave a send unanswered before its client is told, in milliseconds;
 * with a probe before, clients wait for less than 5 s.
 */
const FORWARD_MS = 3_000;

/** How long a silent owner gets for a sign of life before a send is refused, in milliseconds. */
const PROBE_MS = 1_500;

/** What owners tell the others. */
const news = either(
  object({ key: string, msg: json }),
  object({ committed: offsets }),
);

type News = TypeOf<typeof news>;

/** What an owner keeps of a node that forwards to it. */
interface Forwarder {
  /** Below it no send is open any more. */
  oldest: number;
  /** The offsets of those that may be. */
  offsets: Map<number, number>;
}

const protocol = {
  ...kafkaProtocol,
  ...linksProtocol(news),
  ...amongNodes({
    /** A send to the owner. Its node has none open below `oldest`. */
    forward: rpc(
      { key: string, msg: json, number: natural, oldest: natural },
      { offset: natural },
    ),
    probe: rpc({}, {}),
  }),
};

/** A node that owns some of the keys. */
const kafka5cLeader = program(protocol, (node) => {
  const logs = new DenseLogs();
  const committed = new CommittedOffsets();
  const patience = new Patience(node);
  const links = new Links<News>(node, {
    deliver: (news) => news.forEach(apply),
    all: () => [],
    inOrder: true,
    flushMs: PERIOD_MS,
    capMs: 5 * PERIOD_MS,
  });
  const forwarders = new Map<string, Forwarder>();
  const open = new Set<number>();
  const silent = new Set<string>();
  let next = 0;
  node.on("send", async ({ key, msg }) => {
    const owner = ownerOf(key, node.ids);
    const offset = owner === node.id
      ? append(key, msg)
      : await forward(owner, key, msg);
    return { offset };
  });

  node.on("poll", ({ offsets }) => ({ msgs: logs.from(offsets) }));
  node.on("commit_offsets", ({ offsets }) => {
    const risen = committed.raise(offsets, (key) => logs.size(key) - 1);
    if (entriesOf(risen).length > 0) links.push({ committed: risen });
    return {};
  });

  node.on("list_committed_offsets", ({ keys }) => ({
    offsets: committed.of(keys),
  }));

  node.on("forward", ({ key, msg, number, oldest }, src) => {
    const from = forwarders.get(src) ?? { oldest: 0, offsets: new Map() };
    forwarders.set(src, from);
    from.oldest = Math.max(from.oldest, oldest);
    for (const known of from.offsets.keys()) {
      if (known < from.oldest) from.offsets.delete(known);
    }
    if (number < from.oldest) {
      throw new RpcError(ErrorCode.abort, "nobody waits for this any more");
    }
    const offset = from.offsets.get(number) ?? append(key, msg);
    from.offsets.set(number, offset);
    return { offset };
  });

  node.on("probe", () => ({}));
  node.every(PERIOD_MS, () => links.flush());
  function append(key: string, msg: Json): number {
    links.push({ key, msg });
    return logs.append(key, msg);
  }

  /** Does what another node has done. */
  function apply(news: News): void {
    if ("key" in news) logs.append(news.key, news.msg);
    else committed.raise(news.committed, () => Infinity);
  }

  async function forward(owner: string, key: string, msg: Json) {
    if (silent.has(owner)) await probe(owner);
    const number = next++;
    open.add(number);
    try {
      const { offset } = await patience.until((options) => {
        const oldest = Math.min(...open);
        return node.rpc(
          owner,
          "forward",
          { key, msg, number, oldest },
          options,
        );
      }, FORWARD_MS);
      silent.delete(owner);
      return offset;
    } catch (error) {
      if (hasCode(error, ErrorCode.timeout)) silent.add(owner);
      throw error;
    } finally {
      open.delete(number);
    }
  }

  /** Waits for a sign of life. */
  async function probe(owner: string): Promise<void> {
    try {
      await patience.until(
        (options) => node.rpc(owner, "probe", {}, options),
        PROBE_MS,
      );
      silent.delete(owner);
    } catch {
      const text = `${owner}, which owns the key, cannot be reached`;
      throw new RpcError(ErrorCode.temporarilyUnavailable, text);
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
