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
 * what is added there. A killed node loses what it has told nobody. When it is back, its reads
 * wait for what the others know, for a second at most; reads lose nothing else.
 *
 * Costs: the first node tells each other node at most once per 920 ms; the others tell it their
 * news, which it acknowledges with its own. For 5 nodes and 5 elements a second S is 0.9 on the
 * command, with its cuts; as it tells by the clock, S is above 1 if fewer operations come.
 * Nothing is sent when all are equal. A version holds one number for each life of a node.
 */
import { CatchUp, latestOf, Life, nodeOf } from "../lib/gossip/life.ts";
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
import { covers, type Vector } from "../lib/stores/stamped-store.ts";

/** How often the first node tells another at most, in milliseconds: longer saves messages, shorter shows elements sooner. */
const SCATTER_MS = 920;

/** How often the others tell it: together with the former, less than a second. */
const GATHER_MS = 25;

/** How long a starting node waits for news before it greets the others, in milliseconds. */
const GREET_MS = 400;

/** After how many milliseconds unacknowledged news is told again. */
const AGAIN_MS = 960;

/** For how many milliseconds an acknowledgement for the first node waits for news to ride on. */
const ACK_MS = 2_600;

/** How often a node checks what is due, in milliseconds. */
const TICK_MS = 25;

const protocol = {
  add: rpc({ element: json }, {}),
  read: rpc({}, { value: array(json) }),
  ...amongNodes({
    merge: message({
      /** By life of a node, elements from a number on, and how many the sender has. */
      delta: dict(tuple(natural, array(json))),
      version: dict(natural),
      /** Whether the sender waits for the receiver's version. */
      asks: boolean,
      /** Whether some of it has been sent before. */
      again: boolean,
    }),
  }),
};

/** What a node knows of another. */
interface Peer {
  id: string;
  /** By life, how many elements it certainly has, and how many it was told. */
  has: Vector;
  told: Vector;
  toldAt: number;
  /** Whether it was told something for the second time, and has not acknowledged that. */
  again: boolean;
  /** Since when it waits for an acknowledgement; Infinity if it does not. */
  asksSince: number;
}

/** A replica of a G-set. */
const gSet = program(protocol, (node) => {
  const life = new Life(node);
  const catchUp = new CatchUp(node, isBack);
  const elements = new Map<string, Json[]>();
  /** The elements added in this life, and its name. */
  let own: Json[] = [], self = "";
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

  const begin = () => elements.set(self = life.nameOf(node.id), own = []);
  begin();
  life.onRaise(begin);

  node.on("add", ({ element }) => {
    own.push(element);
    return {};
  });

  const read = () => ({ value: [...elements.values()].flat() });
  node.on("read", () => catchUp.run(read));

  node.on("merge", ({ delta, version, asks, again }, src) => {
    const peer = peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    peer.has = new Map(entriesOf(version));
    const lives = [...peer.has.keys()];
    life.raise(latestOf(node.id, lives));
    const meeting = life.meet(src, latestOf(src, lives));
    for (const name of lives) {
      if (nodeOf(name) === src && !elements.has(name)) elements.set(name, []);
    }
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
    // A message that only asks for an acknowledgement has waited for it long enough.
    const since = isNews ? node.now() : -Infinity;
    if (asks) peer.asksSince = Math.min(peer.asksSince, since);
    catchUp.look();
    if (isFirst && isNews && again) peers.forEach(tell);
    else if (meeting === "next") tell(peer);
    if (isFirst) peers.filter(({ told }) => told.size === 0).forEach(tell);
  });

  node.every(TICK_MS, () => {
    for (const peer of peers) {
      const sinceMs = node.now() - peer.toldAt;
      const owesMs = node.now() - peer.asksSince;
      const everyMs = peer.told.size === 0 && !isBack()
        ? GREET_MS
        : isFirst
        ? SCATTER_MS
        : peer.again || own.length === (peer.told.get(self) ?? 0)
        ? AGAIN_MS
        : GATHER_MS;
      const news = lacks(peer) || owesMs >= (isFirst ? 0 : ACK_MS);
      if (news && sinceMs >= everyMs) tell(peer);
    }
  });

  /** By life, how many elements are here. */
  function counts(): Vector {
    return new Map([...elements].map(([life, { length }]) => [life, length]));
  }

  /** Whether a peer may lack something, or may not have heard of this life. */
  function lacks({ has }: Peer): boolean {
    return !covers(has, counts()) || !has.has(self);
  }

  /** Whether all that the others know is here: they have spoken, and everything has come. */
  function isBack(): boolean {
    return peers.every(({ has }) => has.size > 0 && covers(counts(), has));
  }

  /** Tells a peer what it may lack. */
  function tell(peer: Peer): void {
    const version = counts();
    const news = [...elements].map(([life, known]) => {
      const from = peer.has.get(life) ?? 0;
      return [life, from, known.slice(from)] as const;
    }).filter(([, , some]) => some.length > 0);
    peer.again = news.some(([life, from]) => from < (peer.told.get(life) ?? 0));
    node.send(peer.id, "merge", {
      delta: dictOf(news.map(([life, ...some]) => [life, some])),
      version: dictOf(version),
      asks: lacks(peer),
      again: peer.again,
    });
    peer.told = version;
    peer.toldAt = node.now();
    peer.asksSince = Infinity;
  }
});

export default gSet;

if (import.meta.main) await run(gSet);
