/**
 * What a node had told another before it was killed, as far as the journal shows it: two
 * nodes that talk to each other have told each other what they know once nothing that they
 * sent was lost or late for as long as their program takes after a heal.
 */
import {
  networkMs,
  nodesOf,
  type Recording,
  visit,
} from "../history/history.ts";
import { originOf } from "./origin.ts";

/** A kill of a node, in ns of the history. */
export interface Kill {
  node: string;
  time: number;
}

/** How much longer a message may take than the network says, and still be in time, in ns. */
const IN_TIME_NS = 50e6;

/** What begins a time in which a node cannot speak, and what ends it. */
const AWAY: { readonly [begin: string]: string } = {
  "kill": "restart",
  "pause": "resume",
};

/** A stretch of time in ns of the history. */
type Stretch = { from: number; to: number };

/** The messages between two nodes. */
interface Link {
  /** The nodes that have spoken. */
  speakers: Set<string>;
  /** When something was lost or late. */
  broken: Stretch[];
}

/**
 * Returns, for a kill, up to when everything that its node had acknowledged was known to another
 * node that was not killed later; in ns of the history, -Infinity if there is no such time.
 *
 * @param boundMs how soon after a heal nodes have told each other everything, network latency
 *   excluded
 */
export function toldBefore(
  recording: Recording,
  kills: readonly Kill[],
  boundMs: number,
): (kill: Kill) => number {
  const { options } = recording;
  const bound = (boundMs + networkMs(options)) * 1e6 + 2 * IN_TIME_NS;
  const links = linksOf(recording);
  const away = absences(recording);
  return ({ node, time }) => {
    let told = -Infinity;
    for (const [peer, { speakers, broken }] of links.get(node) ?? []) {
      if (speakers.size < 2) continue;
      const trouble = [
        ...broken,
        ...away.get(node) ?? [],
        ...away.get(peer) ?? [],
      ].sort((a, b) => a.from - b.from);
      const calm = lastCalm(trouble, time, bound);
      const dies = kills.some((kill) =>
        kill.node === peer && kill.time >= calm
      );
      if (!dies) told = Math.max(told, calm - bound);
    }
    return told;
  };
}

/** The end of the last calm of this length before a time; -Infinity if there was none. */
function lastCalm(
  trouble: readonly Stretch[],
  time: number,
  least: number,
): number {
  let last = -Infinity, since = 0;
  for (const { from, to } of [...trouble, { from: time, to: time }]) {
    if (from > time) continue;
    if (from - since >= least) last = from;
    since = Math.max(since, to);
  }
  return last;
}

/** By node and peer, the fate of their messages. */
function linksOf(recording: Recording): Map<string, Map<string, Link>> {
  const origin = originOf(recording);
  const nodes = new Set(nodesOf(recording.options));
  const inTime = networkMs(recording.options, 1) * 1e6 + IN_TIME_NS;
  const links = new Map<string, Map<string, Link>>();
  const put = (node: string, peer: string, link: Link) => {
    const own = links.get(node) ?? new Map<string, Link>();
    links.set(node, own.set(peer, link));
  };
  const linkOf = (a: string, b: string): Link => {
    const known = links.get(a)?.get(b);
    if (known !== undefined) return known;
    const link = { speakers: new Set<string>(), broken: [] };
    put(a, b, link);
    put(b, a, link);
    return link;
  };
  const underway = new Map<number, Stretch & { link: Link }>();
  visit(recording.journal, (kind, time, id, src, dest) => {
    if (!nodes.has(src) || !nodes.has(dest)) return;
    if (kind === "send") {
      const link = linkOf(src, dest);
      link.speakers.add(src);
      const from = time - origin;
      const message = { from, to: from, link };
      // Until it arrives, it is lost.
      link.broken.push(message);
      underway.set(id, message);
      return;
    }
    const message = underway.get(id);
    if (message === undefined) return;
    underway.delete(id);
    const { from, link } = message;
    message.to = time - origin;
    if (message.to - from > inTime) return;
    const place = link.broken.lastIndexOf(message);
    link.broken.splice(place, 1);
  });
  return links;
}

/** By node, when it was down or paused. */
function absences({ incidents = [] }: Recording): Map<string, Stretch[]> {
  const found = new Map<string, Stretch[]>();
  const open = new Map<string, Stretch>();
  for (const { type, node, time } of incidents) {
    const end = AWAY[type];
    if (end !== undefined) {
      const stretch = { from: time, to: Infinity };
      open.set(`${end} ${node}`, stretch);
      const own = found.get(node) ?? [];
      own.push(stretch);
      found.set(node, own);
    } else {
      const stretch = open.get(`${type} ${node}`);
      if (stretch !== undefined) stretch.to = time;
    }
  }
  return found;
}
