/**
 * g-set: a grow-only set.
 *
 * Algorithm: a delta-state CRDT (Almeida, Shoker, Baquero, "Delta state replicated data types",
 * 2018). Each life of a node numbers the elements added there; a version says how many of each
 * life are known. A message holds the sender's version and what the receiver's last one lacked.
 * The nodes form a star: the first tells the others in its turns, and they tell it just before.
 * Turns come evenly: who hears none knows them too. What is not acknowledged is told again, at once
 * if a turn lacks it, and passed on out of turn. A life that is not in a version greets its sender.
 *
 * Guarantees: reads and adds are answered at once, whatever is cut. Without faults an element is in
 * every read a second, plus the network's latency, after it was acknowledged; as long after a heal
 * every element is everywhere, or a round trip later if more than 100 wait. Nodes that are cut off
 * from the first show others nothing. A killed node loses what no other has; when it is back, its
 * reads wait for what the others know, for a second at most.
 *
 * Costs: every 940 ms the first node tells each other node once, each with news tells it, and who
 * does not answer is told 100 elements of a life at most. For 5 nodes and 5 elements a second S is
 * 0.82 on the command, at most 1. Equal nodes are silent.
 */
import { CatchUp, latestOf, Life, nodeOf } from "../lib/gossip/life.ts";
import { program, run } from "../lib/maelstrom.ts";
import {
  amongNodes,
  array,
  boolean,
  dict,
  dictOf,
  entriesOf,
  type Json,
  json,
  message,
  natural,
  rpc,
  tuple,
} from "../lib/protocols.ts";
import { covers, type Vector } from "../lib/stores/stamped-store.ts";

/** Times, in milliseconds. */
const MS = {
  turn: 940, // between two turns of the first node: longer saves messages, shorter is sooner
  lead: 40, // by how much the others speak before it, beside a round trip: timers are late
  greet: 300, // until the first node greets if it has no news; the others wait twice as long
  again: 960, // until what another node may lack of third ones is told again
  ack: 4_000, // for which an acknowledgement for the first node waits for news to ride on
  tick: 10, // between two checks of what is due
};
const SILENT = 6, PART = 100; // who is told so often in vain is told so many elements

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
      /** Whether the first node speaks in its turn, when it tells all others. */
      inTurn: boolean,
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
  times: number; // how often since it had all that it was told
  isPart: boolean; // whether it was told only a part of what it lacked
  ackAt: number; // when to tell it that it was heard; Infinity if it does not ask
}

/** A replica of a G-set. */
const gSet = program(protocol, (node) => {
  const life = new Life(node), catchUp = new CatchUp(node, isBack);
  const elements = new Map<string, Json[]>();
  /** The elements added in this life, and its name. */
  let own: Json[] = [], self = "";
  const first = node.ids[0]!, isFirst = node.id === first;
  /** When the first node last had its turn; whether it must pass something on out of turn. */
  let turnAt = node.now() + MS.greet - MS.turn, isHurried = false;
  /** How long until the next; how much earlier to tell it news; whether what was told before its last turn came after. */
  let leftMs: number = MS.turn, leadMs = MS.lead, isLate = false;
  const none: Vector = new Map(), ackAt = Infinity;
  const peer = { has: none, told: none, toldAt: node.now(), ackAt };
  const peers = (isFirst ? node.peers : [first])
    .map((id): Peer => ({ id, ...peer, times: 0, isPart: false }));
  const begin = () => elements.set(self = life.nameOf(node.id), own = []);
  begin();
  life.onRaise(begin);
  node.on("add", ({ element }) => {
    own.push(element);
    return {};
  });

  const read = () => ({ value: ([] as Json[]).concat(...elements.values()) });
  node.on("read", () => catchUp.run(read));
  node.on("merge", ({ delta, version, asks, inTurn }, src) => {
    const now = node.now(), peer = peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    const before = peer.has;
    peer.has = new Map(entriesOf(version));
    if (covers(peer.has, peer.told)) peer.times = 0;
    if (inTurn) turnAt = now;
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
      isNews ||= from + some.length > known.length;
      for (const one of some.slice(known.length - from)) known.push(one);
    }
    // A message that only asks for an acknowledgement has waited for it long enough.
    const ackMs = isNews && !isFirst ? MS.ack : 0;
    if (asks) peer.ackAt = Math.min(peer.ackAt, now + ackMs);
    catchUp.look();
    // A node that speaks this soon after a turn was late for it, or had been cut off.
    const isSoon = peer.toldAt >= turnAt && now < turnAt + MS.turn / 2;
    isHurried ||= isFirst && isNews && isSoon;
    const isOnItsWay = now < peer.toldAt + leadMs + MS.lead / 2;
    const isMissed = inTurn && (peer.has.get(self) ?? 0) < own.length;
    // There is more to say; without progress it would be said without end.
    const goesOn = peer.isPart && !covers(before, peer.has) ||
      isNews && !covers(counts(), peer.has);
    if (meeting === "next" || goesOn || isMissed && !isOnItsWay) tell(peer);
    if (isLate && isHeard(peer)) leadMs += now - turnAt;
    isLate = inTurn && isOnItsWay && !isHeard(peer);
  });

  node.every(MS.tick, () => {
    const now = node.now(), inTurn = isFirst && now >= turnAt + MS.turn;
    if (inTurn) turnAt = now - (now - turnAt) % MS.turn;
    const before = leftMs;
    leftMs = MS.turn - (now - turnAt) % MS.turn;
    const isSoon = leftMs <= leadMs || leftMs > before;
    const isDue = (peer: Peer) =>
      lacks(peer) ? inTurn || isHurried : inTurn && now >= peer.ackAt;
    for (const peer of peers) {
      if (isFirst ? isDue(peer) : isTimely(peer, isSoon)) tell(peer, inTurn);
    }
    isHurried = false;
  });

  /** Whether to speak to the first node: with news just before its turn, or when that was slept through. */
  function isTimely(peer: Peer, isSoon: boolean): boolean {
    if (!lacks(peer) && node.now() < peer.ackAt) return false;
    const sinceMs = node.now() - peer.toldAt;
    const isNews = (peer.has.get(self) ?? 0) < own.length;
    if (isNews) return isSoon && sinceMs >= MS.turn / 2;
    const hasMet = peer.told.size > 0 || isBack();
    return sinceMs >= (hasMet ? MS.again : 2 * MS.greet);
  }

  /** Whether a peer has acknowledged all that it was told of this life. */
  const isHeard = ({ has, told }: Peer) =>
    (has.get(self) ?? 0) >= (told.get(self) ?? 0);

  /** By life, how many elements are here. */
  const counts = (): Vector =>
    new Map([...elements].map(([life, { length }]) => [life, length]));

  /** Whether a peer may lack something, or may not have heard of this life. */
  const lacks = ({ has }: Peer) => !covers(has, counts()) || !has.has(self);

  /** Whether all that the others know is here: they have spoken, and everything has come. */
  function isBack(): boolean {
    return peers.every(({ has }) => has.size > 0 && covers(counts(), has));
  }

  /** Tells a peer what it may lack. */
  function tell(peer: Peer, inTurn = false): void {
    const delta = new Map<string, [number, Json[]]>(), told: Vector = new Map();
    const most = peer.times++ > SILENT ? PART : Infinity;
    for (const [life, known] of elements) {
      const from = peer.has.get(life) ?? 0;
      const some = known.slice(from, from + most);
      if (some.length > 0) delta.set(life, [from, some]);
      told.set(life, from + some.length);
    }
    const isPart = delta.values().some(([, some]) => some.length === most);
    const marks = { version: dictOf(counts()), asks: lacks(peer), inTurn };
    node.send(peer.id, "merge", { delta: dictOf(delta), ...marks });
    Object.assign(peer, { told, toldAt: node.now(), isPart, ackAt });
  }
});

export default gSet;

if (import.meta.main) await run(gSet);
