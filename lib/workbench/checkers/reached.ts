/**
 * What a node had told other nodes before it was killed, as far as the journal shows it. Two nodes
 * that talk to each other have told each other everything once none of their messages has been lost or
 * late for as long as their program needs after a heal.
 */
import { type Recording, visit } from "../history/history.ts";
import { networkMs, nodesOf } from "../history/options.ts";
import { absences, type Trouble } from "./faults.ts";
import { originOf } from "./origin.ts";
import { returnsOf } from "./returns.ts";

/** A kill of a node, in ns of the history. */
export interface Kill {
  node: string;
  time: number;
}

/** How much longer than the network's latency a message may take without being late, in ns. */
const IN_TIME_NS = 50e6;

/** The messages between two nodes. */
interface Link {
  /** Which of the two have sent something. */
  speakers: Set<string>;
  /** When messages were lost or late. */
  broken: Trouble[];
}

/**
 * Returns a function that says, for a kill, up to what time everything that its node had acknowledged
 * was known to another node that was not killed later. It is in ns of the history, and -Infinity if
 * there is no such time.
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
  // A node that has come back is silent until somebody speaks to it.
  for (const { node, at, actsAt } of returnsOf(recording)) {
    away.get(node)?.push({ from: at, to: actsAt });
  }
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

/**
 * The end of the last stretch without trouble that has this length and lies before a time;
 * -Infinity if there is none.
 */
function lastCalm(
  trouble: readonly Trouble[],
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

/** By node and peer, what became of the messages between them. */
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
  const underway = new Map<number, Trouble & { link: Link }>();
  visit(recording.journal, (kind, time, id, src, dest) => {
    if (!nodes.has(src) || !nodes.has(dest)) return;
    if (kind === "send") {
      const link = linkOf(src, dest);
      link.speakers.add(src);
      const from = time - origin;
      const message = { from, to: from, link };
      // It counts as lost until it arrives.
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
