/**
 * g-set: a grow-only set.
 *
 * Algorithm: a delta-state CRDT (Almeida, Shoker, Baquero, "Delta state replicated data types",
 * 2018). Each life of a node numbers the elements added there; a version says how many of each
 * life a node has. A message holds the sender's version, and what the receiver's last one lacked.
 * The nodes form a star: the first tells the others in its turns, which come at even intervals, and
 * they tell it just before, even if they did not hear the last one. What is not acknowledged is
 * told again: at once, if a turn shows that the first node lacks it, which then passes it on out of
 * turn. A node whose life is missing in a version greets the sender.
 *
 * Guarantees: reads and adds are answered at once, whatever is cut. Without faults every read shows
 * an element a second, plus the network's latency, after it was acknowledged; as long after a heal
 * every element is everywhere, or a round trip later if more than 100 wait. A node that is cut off
 * from the first shows others nothing. A killed node loses what no other has; when it is back, its
 * reads wait for what the others know, for a second at most.
 *
 * Costs: every 940 ms the first node sends each other node one message, and each node with news
 * sends it one. One that does not answer is sent at most 100 elements of a life. For 5 nodes and 5
 * elements a second S is about 0.8 on the command, at most 1. Equal nodes are silent.
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
  json,
  message,
  natural,
  rpc,
  tuple,
} from "../lib/protocols.ts";
import { GrowOnlySet } from "../lib/stores/grow-only-set.ts";
import { covers, type Vector } from "../lib/stores/stamped-store.ts";

/** Times, in milliseconds. */
const MS = {
  turn: 940, // between two turns of the first node: longer saves messages, shorter is sooner
  lead: 40, // by which the others speak before that, beside a round trip: timers are late
  greet: 300, // before the first node greets if it has no news; the others wait twice as long
  again: 960, // before what the first node may lack of other nodes' elements is told again
  ack: 4_000, // for which an acknowledgement for the first node waits for news to ride on
  tick: 10, // between two checks of what is due
};

/** After so many messages in vain a node is sent so many elements of each life. */
const SILENT = 6, PART = 100;

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
  isPart: boolean; // whether that was only a part of what it lacked
  ackAt: number; // when to tell it that it was heard; Infinity if it does not ask
}

/** A replica of a G-set. */
const gSet = program(protocol, (node) => {
  const life = new Life(node);
  const catchUp = new CatchUp(node, isBack);
  const set = new GrowOnlySet();
  /** The name of this life. */
  let self = "";
  const begin = () => set.know(self = life.nameOf(node.id));
  begin();
  life.onRaise(begin);

  const first = node.ids[0]!, isFirst = node.id === first;
  /** When the first node last had its turn, and how long until the next. */
  let turnAt = node.now() + MS.greet - MS.turn, leftMs = MS.turn;
  /** Whether it must pass something on out of turn. */
  let isHurried = false;
  /** How long before a turn to tell the first node news; whether that came too late for the last. */
  let leadMs = MS.lead, isLate = false;
  const none: Vector = new Map(), ackAt = Infinity;
  const peer = { has: none, told: none, toldAt: node.now(), ackAt };
  const peers = (isFirst ? node.peers : [first])
    .map((id): Peer => ({ id, ...peer, times: 0, isPart: false }));

  node.on("add", ({ element }) => {
    set.add(self, element);
    return {};
  });

  node.on("read", () => catchUp.run(() => ({ value: set.all })));

  node.on("merge", ({ delta, version, asks, inTurn }, src) => {
    const now = node.now(), peer = peers.find(({ id }) => id === src);
    if (peer === undefined) return;
    const before = peer.has;
    peer.has = new Map(entriesOf(version));
    if (covers(peer.has, peer.told)) peer.times = 0;
    if (inTurn) turnAt = now;
    const meeting = meet(peer);
    const isNews = set.merge(entriesOf(delta));
    // A message that only asks for an acknowledgement has waited for it long enough.
    const ackMs = isNews && !isFirst ? MS.ack : 0;
    if (asks) peer.ackAt = Math.min(peer.ackAt, now + ackMs);
    catchUp.look();
    // A node that speaks this soon after a turn was late for it, or had been cut off.
    const isSoon = peer.toldAt >= turnAt && now < turnAt + MS.turn / 2;
    isHurried ||= isFirst && isNews && isSoon;
    const isOnItsWay = now < peer.toldAt + leadMs + MS.lead / 2;
    const isMissed = inTurn && lacksOwn(peer) && !isOnItsWay;
    // There is more to say; without progress it would be said without end.
    const goesOn = peer.isPart && !covers(before, peer.has) ||
      isNews && !covers(set.version, peer.has);
    if (meeting === "next" || goesOn || isMissed) tell(peer);
    // The first node heard that so long after its turn: the next time it is told as much earlier.
    if (isLate && isHeard(peer)) leadMs += now - turnAt;
    isLate = inTurn && isOnItsWay && !isHeard(peer);
  });

  node.every(MS.tick, () => {
    const now = node.now(), inTurn = isFirst && now >= turnAt + MS.turn;
    if (inTurn) turnAt = now - (now - turnAt) % MS.turn;
    const before = leftMs;
    leftMs = MS.turn - (now - turnAt) % MS.turn;
    const isSoon = leftMs <= leadMs || leftMs > before; // or it was slept through
    const isDue = (peer: Peer) =>
      lacks(peer) ? inTurn || isHurried : inTurn && now >= peer.ackAt;
    for (const peer of peers) {
      if (isFirst ? isDue(peer) : isTimely(peer, isSoon)) tell(peer, inTurn);
    }
    isHurried = false;
  });

  /** Whether to speak to the first node, whose turn is soon or not: with news only then. */
  function isTimely(peer: Peer, isSoon: boolean): boolean {
    if (!lacks(peer) && node.now() < peer.ackAt) return false;
    const sinceMs = node.now() - peer.toldAt;
    if (lacksOwn(peer)) return isSoon && sinceMs >= MS.turn / 2;
    const hasMet = peer.told.size > 0 || isBack();
    return sinceMs >= (hasMet ? MS.again : 2 * MS.greet);
  }

  /** Learns from a peer's version which lives there are. */
  function meet({ id, has }: Peer) {
    const lives = [...has.keys()];
    life.raise(latestOf(node.id, lives));
    for (const name of lives) if (nodeOf(name) === id) set.know(name);
    return life.meet(id, latestOf(id, lives));
  }

  /** Whether a peer may lack something, or may not have heard of this life. */
  const lacks = ({ has }: Peer) => !covers(has, set.version) || !has.has(self);

  /** Whether it may lack something that was added in this life. */
  const lacksOwn = ({ has }: Peer) => (has.get(self) ?? 0) < set.size(self);

  /** Whether it has acknowledged all that it was told of this life. */
  const isHeard = ({ has, told }: Peer) =>
    (has.get(self) ?? 0) >= (told.get(self) ?? 0);

  /** Whether all that the others know is here: they have spoken, and everything has come. */
  function isBack(): boolean {
    return peers.every(({ has }) => has.size > 0 && covers(set.version, has));
  }

  /** Tells a peer what it may lack. */
  function tell(peer: Peer, inTurn = false): void {
    const most = peer.times++ > SILENT ? PART : Infinity;
    const { delta, reached: told, isPart } = set.beyond(peer.has, most);
    const marks = { version: dictOf(set.version), asks: lacks(peer), inTurn };
    node.send(peer.id, "merge", { delta: dictOf(delta), ...marks });
    Object.assign(peer, { told, toldAt: node.now(), isPart, ackAt });
  }
});

export default gSet;

if (import.meta.main) await run(gSet);
