/** When nodes that had been killed came back, began to act, and were in touch with the others again. */
import { isClient, type Recording, visit } from "../history/history.ts";
import { originOf } from "./origin.ts";

/** When a node acts for itself if no message comes, in ns after its start. */
const UNSPOKEN_NS = 5e9;

/** A node that has come back. */
export interface Return {
  node: string;
  /**
   * When it was started, when it began to act, and when it had heard from all nodes that it had heard
   * from before; in ns of the history.
   */
  at: number;
  actsAt: number;
  inTouchAt: number;
}

/** The returns of nodes after kills. */
export function returnsOf(recording: Recording): Return[] {
  const { incidents = [], journal } = recording;
  const restarts = incidents.filter(({ type }) => type === "restart");
  if (restarts.length === 0) return [];
  const origin = originOf(recording);
  const heard = new Map<string, { at: number; src: string }[]>();
  const said = new Map<string, number[]>();
  for (const { node } of restarts) {
    heard.set(node, []);
    said.set(node, []);
  }
  visit(journal, (kind, time, _id, src, dest) => {
    const at = time - origin;
    if (kind === "recv") heard.get(dest)?.push({ at, src });
    else said.get(src)?.push(at);
  });
  return restarts.map(({ node, time }) => {
    const all = heard.get(node)!;
    // The first message in is init, the first out its reply: messages in between wait.
    const since = all.filter(({ at }) => at >= time).slice(1);
    const begun = said.get(node)!.find((at) => at >= time) ?? Infinity;
    const spokenTo = Math.max(begun, since[0]?.at ?? Infinity);
    const friends = new Set(
      all.map(({ src }) => src).filter((src) => !isClient(src)),
    );
    const inTouch = since.find(({ src }) =>
      friends.delete(src) && friends.size === 0
    );
    return {
      node,
      at: time,
      actsAt: Math.min(spokenTo, begun + UNSPOKEN_NS),
      inTouchAt: inTouch?.at ?? Infinity,
    };
  });
}
