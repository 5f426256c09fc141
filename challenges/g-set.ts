/**
 * g-set: a grow-only set.
 *
 * Algorithm: a delta-state CRDT (Almeida, Shoker, Baquero, "Delta state replicated data types",
 * 2018). Each life of a node numbers the elements added there; a version says how many elements
 * of each life are known. A message holds the sender's version and what the receiver's last
 * version lacked. The nodes form a star: the first tells the others, and they tell the first.
 * What is not known to have arrived is told again. News that arrives on a second try comes from
 * a node that was cut off, and the first node passes it on at once. A version that lacks a life
 * has not heard of it: that life greets its sender. A node's later life is told all at once.
 *
 * Guarantees: reads and adds are answered at once, whatever is cut. Without faults an element is
 * in every read a second, plus the network's latency, after it was acknowledged; a second after
 * a heal every element is everywhere. While a node is cut off from the first, others do not see
 * what is added there. Reads of one life never lose an element. A killed node loses what it has
 * told nobody; its reads hold the rest a second and a round trip after its start.
 *
 * Costs: the first node tells each other node at most once per 920 ms; the others tell it their
 * news, which it acknowledges with its own. For 5 nodes and 5 elements a second S is 0.9 on the
 * command, at most 1 with its cuts, and nothing is sent when all are equal. A version holds one
 * number for each life of a node.
 */
import { Life, nodeOf } from "../lib/gossip/life.ts";
import { type Json, program, run } from "../lib/maelstrom.ts";
import {
  amongNodes,
  array,
  boolean,
  dict,
  dictOf,
  entriesOf,
  json,
  message,
  natural,
  rpc,
  tuple,
} from "../lib/schema.ts";

/** How often the first node tells another at most, in milliseconds: longer saves messages, shorter shows elements sooner. */
const SCATTER_MS = 920;

/** How often the others tell it: with the former, less than a second. */
const GATHER_MS = 25;

/** What is not acknowledged is told again after so many milliseconds. */
const AGAIN_MS = 960;

/** An acknowledgement for the first node waits so many milliseconds for news to ride on. */
const ACK_MS = 2_000;

/** How often a node looks what is due, in milliseconds. */
const TICK_MS = 25;

const protocol = {
  add: rpc({ element: json }, {}),
  read: rpc({}, { value: array(json) }),
  ...amongNodes({
    merge: message({
      /** By life of a node, elements from a number on, and how many the sender has. */
      delta: dict(tuple(natural, array(json))),
      version: dict(natural),
      /** Whether the sender waits to hear what the receiver has. */
      asks: boolean,
      /** Whether some of it has been sent before. */
      again: boolean,
    }),
  }),
};

/** What a node knows of another that it speaks to. */
interface Peer {
  id: string;
  /** By life, how many elements it certainly has, and how many it was told. */
  has: ReadonlyMap<string, number>;
  told: ReadonlyMap<string, number>;
  toldAt: number;
  /** Whether it was told something for the second time, and has not acknowledged that. */
  again: boolean;
  /** Since when it waits for an acknowledgement; Infinity if it does not. */
  asksSince: number;
}

/** A replica of a G-set. */
const gSet = program(protocol, (node) => {
  const life = new Life(node).nameOf(node.id);
  const own: Json[] = [];
  const elements = new Map([[life, own]]);
  const first = node.ids[0]!;
  const isFirst = node.id === first;
  const peers = (isFirst ? node.peers : [first]).map((id): Peer => ({
    id,
    has: new Map(),
    told: new Map(),
    toldAt: node.now(), // a greeting waits for news to ride on
    again: false,
    asksSince: Infinity,
  }));

  node.on("add", ({ element }) => {
    own.push(element);
    return {};
  });

  node.on("read", () => ({ value: [...elements.values()].flat() }));

  node.on("merge", ({ delta, version, asks, again }, src) => {
    const peer = peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    peer.has = new Map(entriesOf(version));
    const isReturn = isNewLife(src, peer.has);
    let isNews = false;
    for (const [life, [from, some]] of entriesOf(delta)) {
      const known = elements.get(life) ?? [];
      elements.set(life, known);
      if (from > known.length) continue;
      const unknown = some.slice(known.length - from);
      known.push(...unknown);
      isNews ||= unknown.length > 0;
    }
    peer.again = false;
    // Who asks for nothing but an acknowledgement has waited for it long enough.
    const since = isNews ? node.now() : -Infinity;
    if (asks) peer.asksSince = Math.min(peer.asksSince, since);
    if (isFirst && isNews && again) peers.forEach(tell);
    else if (isReturn) tell(peer);
  });

  node.every(TICK_MS, () => {
    for (const peer of peers) {
      const sinceMs = node.now() - peer.toldAt;
      const owesMs = node.now() - peer.asksSince;
      const everyMs = isFirst
        ? SCATTER_MS
        : peer.again || has(peer.told)
        ? AGAIN_MS
        : GATHER_MS;
      const news = lacks(peer) || owesMs >= (isFirst ? 0 : ACK_MS);
      if (news && sinceMs >= everyMs) tell(peer);
    }
  });

  /** Learns of a node's life; tells whether an earlier one was known. */
  function isNewLife(id: string, version: ReadonlyMap<string, number>) {
    const lives = (names: Iterable<string>) =>
      [...names].filter((life) => nodeOf(life) === id);
    const known = lives(elements.keys());
    const unknown = lives(version.keys()).filter((life) => !elements.has(life));
    for (const life of unknown) elements.set(life, []);
    return known.length > 0 && unknown.length > 0;
  }

  /** Whether a peer has not said that it has all, and has heard of this life. */
  function lacks({ has: version }: Peer): boolean {
    return !has(version) || !version.has(life);
  }

  /** Whether a version lacks no element. */
  function has(version: ReadonlyMap<string, number>): boolean {
    return [...elements].every(([life, { length }]) =>
      (version.get(life) ?? 0) >= length
    );
  }

  /** Tells a peer what it may lack. */
  function tell(peer: Peer): void {
    const version = [...elements].map(([life, known]) =>
      [life, known.length] as const
    );
    const news = version.map(([life, count]) =>
      [life, peer.has.get(life) ?? 0, count] as const
    ).filter(([, from, count]) => count > from);
    peer.again = news.some(([life, from]) => from < (peer.told.get(life) ?? 0));
    node.send(peer.id, "merge", {
      delta: dictOf(
        news.map(([life, from]) =>
          [life, [from, elements.get(life)!.slice(from)]] as [
            string,
            [number, Json[]],
          ]
        ),
      ),
      version: dictOf(version),
      asks: lacks(peer),
      again: peer.again,
    });
    peer.told = new Map(version);
    peer.toldAt = node.now();
    peer.asksSince = Infinity;
  }
});

export default gSet;

if (import.meta.main) await run(gSet);
