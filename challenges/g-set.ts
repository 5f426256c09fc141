/**
 * g-set: a grow-only set.
 *
 * Algorithm: a delta-state CRDT (Almeida, Shoker, Baquero, "Delta state replicated data types",
 * 2018). Each life of a node numbers the elements added there; a version says how many elements of
 * each life a node has. A message holds the sender's version, and the elements that were missing in
 * the last version that came from the receiver. The nodes form a star: the first node sends to all
 * others in its turns, which come at even intervals, and they send to it just before each turn,
 * even if they did not hear the last one. What is not acknowledged is resent: at once, if a turn
 * shows a node that the first node lacks elements added there; the first node then passes them on
 * out of turn. A node that gets a version in which its life is missing greets the sender.
 *
 * Guarantees: reads and adds are answered at once, whatever is cut. Without faults every read shows
 * an element from a second, plus the network's latency, after its acknowledgement on. As long after
 * a heal every element is everywhere, or a round trip later if more than 100 wait. What is added at
 * a node that is cut off from the first is not shown by others. A killed node loses what no other
 * has; when it is back, its reads wait for what the others know, for a second at most.
 *
 * Costs: every 940 ms the first node sends each other node one message, and each node with new
 * elements sends it one. A node that does not answer is sent at most 100 elements of each life. For
 * 5 nodes and 5 elements a second S is about 0.8 on the command, at most 1. Nodes with equal sets
 * send nothing.
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
  turn: 940, // between two turns of the first node: more saves messages, less shows elements sooner
  lead: 40, // how long before a turn the others speak, plus a round trip: timers run late
  greet: 300, // until the first node greets if it has no news; the others wait twice as long
  again: 960, // until the first node is resent what it may lack of other nodes' elements
  ack: 4_000, // for how long an acknowledgement for the first node waits for news to ride on
  tick: 10, // between two checks of what is due
};

/** After SILENT messages in vain, a node is sent at most PART elements of each life at a time. */
const SILENT = 6, PART = 100;

const protocol = {
  add: rpc({ element: json }, {}),
  read: rpc({}, { value: array(json) }),
  ...amongNodes({
    merge: message({
      /** By life of a node, some elements and the number of the first; below, how many the sender has. */
      delta: dict(tuple(natural, array(json))),
      version: dict(natural),
      /** Whether the sender waits for the receiver's version. */
      asks: boolean,
      /** Whether this is from the first node in its turn, when it sends to all others. */
      inTurn: boolean,
    }),
  }),
};

/** What a node knows of another. */
interface Peer {
  id: string;
  /** By life, how many elements it certainly has, and how many it has been sent. */
  has: Vector;
  told: Vector;
  toldAt: number;
  times: number; // how many messages since it last had acknowledged all that it was sent
  isPart: boolean; // whether the last message held only a part of what it lacked
  ackAt: number; // when to send it an acknowledgement; Infinity if it has not asked
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
  /** Whether the first node must pass something on out of turn. */
  let isHurried = false;
  /** How long before a turn to send news to the first node; whether the last news was late for it. */
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
    // A node whose news comes this soon after a turn was late for that turn, or had been cut off.
    const isSoon = peer.toldAt >= turnAt && now < turnAt + MS.turn / 2;
    isHurried ||= isFirst && isNews && isSoon;
    const isOnItsWay = now < peer.toldAt + leadMs + MS.lead / 2;
    const isMissed = inTurn && lacksOwn(peer) && !isOnItsWay;
    // There is more to send; progress is required, or the same would be sent without end.
    const goesOn = peer.isPart && !covers(before, peer.has) ||
      isNews && !covers(set.version, peer.has);
    if (meeting === "next" || goesOn || isMissed) tell(peer);
    // The first node's acknowledgement came this long after its turn: send that much earlier.
    if (isLate && isHeard(peer)) leadMs += now - turnAt;
    isLate = inTurn && isOnItsWay && !isHeard(peer);
  });

  node.every(MS.tick, () => {
    const now = node.now(), inTurn = isFirst && now >= turnAt + MS.turn;
    if (inTurn) turnAt = now - (now - turnAt) % MS.turn;
    const before = leftMs;
    leftMs = MS.turn - (now - turnAt) % MS.turn;
    const isSoon = leftMs <= leadMs || leftMs > before; // or a stall has made it past
    const isDue = (peer: Peer) =>
      lacks(peer) ? inTurn || isHurried : inTurn && now >= peer.ackAt;
    for (const peer of peers) {
      if (isFirst ? isDue(peer) : isTimely(peer, isSoon)) tell(peer, inTurn);
    }
    isHurried = false;
  });

  /** Whether to speak to the first node: with elements of this life, only if its turn is soon. */
  function isTimely(peer: Peer, isSoon: boolean): boolean {
    if (!lacks(peer) && node.now() < peer.ackAt) return false;
    const sinceMs = node.now() - peer.toldAt;
    if (lacksOwn(peer)) return isSoon && sinceMs >= MS.turn / 2;
    const hasMet = peer.told.size > 0 || isBack();
    return sinceMs >= (hasMet ? MS.again : 2 * MS.greet);
  }

  /** Learns from a peer's version which lives this node and the peer have had. */
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

  /** Whether all that the others know is here: each has sent its version, and this set covers it. */
  function isBack(): boolean {
    return peers.every(({ has }) => has.size > 0 && covers(set.version, has));
  }

  /** Sends a peer what it may lack. */
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
