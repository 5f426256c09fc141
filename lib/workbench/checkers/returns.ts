/** When nodes that had been killed came back, began to act, and were in touch with the others again. */
import { isClient, type Recording, visit } from "../history/history.ts";
import { originOf } from "./origin.ts";

/** When a node acts for itself if no message comes, in ns after its start. */
const UNSPOKEN_NS = 5e9;

/** A node that has come back. */
export interface Return {
  node: string;
  /** When it was started, in ns of the history. */
  at: number;
  /** When it began to act, in ns of the history. */
  actsAt: number;
  /**
   * By when all nodes that it had heard from before had answered this life: each had sent it a
   * message after one of this life's had arrived there; in ns of the history.
   */
  inTouchAt: number;
}

/** A message that a node has sent or got, and when, in ns of the history. */
interface Arrived {
  peer: string;
  sent: number;
  at: number;
}

/** The returns of nodes after kills. */
export function returnsOf(recording: Recording): Return[] {
  const { incidents = [], journal } = recording;
  const restarts = incidents.filter(({ type }) => type === "restart");
  if (restarts.length === 0) return [];
  const origin = originOf(recording);
  const gotBy = new Map<string, Arrived[]>();
  const sentBy = new Map<string, Arrived[]>();
  const said = new Map<string, number[]>();
  for (const { node } of restarts) {
    for (const by of [gotBy, sentBy, said]) by.set(node, []);
  }
  const sentAt = new Map<number, number>();
  visit(journal, (kind, time, id, src, dest) => {
    if (!gotBy.has(src) && !gotBy.has(dest)) return;
    const at = time - origin;
    if (kind === "send") {
      sentAt.set(id, at);
      said.get(src)?.push(at);
      return;
    }
    const sent = sentAt.get(id) ?? at;
    gotBy.get(dest)?.push({ peer: src, sent, at });
    sentBy.get(src)?.push({ peer: dest, sent, at });
  });
  return restarts.map(({ node, time }) => {
    const got = gotBy.get(node)!;
    // The first message in is init, the first out its reply: messages in between wait.
    const second = got.filter(({ at }) => at >= time)[1];
    const begun = said.get(node)!.find((at) => at >= time) ?? Infinity;
    const spokenTo = Math.max(begun, second?.at ?? Infinity);
    const friends = new Set(
      got.map(({ peer }) => peer).filter((peer) => !isClient(peer)),
    );
    const answeredAt = [...friends].map((friend) => {
      const reached = firstAfter(time, friend, sentBy.get(node)!);
      return firstAfter(reached, friend, got);
    });
    return {
      node,
      at: time,
      actsAt: Math.min(spokenTo, begun + UNSPOKEN_NS),
      inTouchAt: friends.size === 0 ? Infinity : Math.max(...answeredAt),
    };
  });
}

/** When the first message to or from a peer that was sent after this time arrived, or Infinity. */
function firstAfter(
  time: number,
  peer: string,
  messages: readonly Arrived[],
): number {
  const first = messages.find((one) => one.peer === peer && one.sent >= time);
  return first?.at ?? Infinity;
}
