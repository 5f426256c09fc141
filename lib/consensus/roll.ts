/**
 * The roll of a group of nodes that keep nothing on disk: which of its lives each node is in. A
 * node that starts cannot know by itself whether it has run before, and has then forgotten what it
 * promised. So each start is counted in lin-kv: this count is the one thing about a node that
 * outlives it.
 *
 * The group begins when every node has started, or when a majority has waited for the others for a
 * while. Before that, no node may promise anything. So a node that enters before the group has
 * begun, or for the first time, cannot have forgotten a promise; any other node must ask the others
 * what has been promised.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import { type Caller, Kv } from "../services/kv.ts";

/** How often each node has started, as far as is known, by its position among all nodes. */
export type Lives = number[];

/** The outcome of entering. */
export interface Entered {
  lives: Lives;
  /** Whether the group had begun with an earlier life, which may have made promises. */
  again: boolean;
  /** How long lin-kv takes to answer, in milliseconds: a first guess at how long other nodes will take. */
  tripMs: number;
}

/** What lin-kv holds. */
type Roll = { lives: Lives; begun: boolean };

const KEY = "roll";

/** How often to ask whether the group has begun, in milliseconds; this matters only at the start. */
const ASK_MS = 200;

/** For how long a majority waits for nodes that have never started, in milliseconds. */
const LATE_MS = 500;
const TRIPS = 4; // and for this many round trips

/** The part of a node that enters rolls. */
export type Entrant =
  & Caller
  & Pick<Node<Record<never, never>>, "ids" | "sleep">;

/** Whether every node has started. */
export function isComplete(lives: Lives): boolean {
  return lives.every((life) => life > 0);
}

/** Takes over the higher count of each node. */
export function merge(lives: Lives, others: Lives): void {
  others.forEach((life, i) => lives[i] = Math.max(lives[i] ?? 0, life));
}

/**
 * Enters a node into the roll, with one compare-and-set, which is repeated if others enter at the
 * same time.
 */
export async function enter(node: Entrant): Promise<Entered> {
  const kv = new Kv<Roll>(node, "lin-kv");
  const self = node.ids.indexOf(node.id);
  let entered: Entered | null = null;
  await node.sleep(0); // nothing is sent before the first message arrives, and that wait is no part of a round trip
  for (;;) {
    const roll: Roll | null = await kv.read(KEY);
    const tripMs = kv.leastMs;
    // Only the answer was lost, since no other node counts this node's lives.
    if (entered !== null && roll?.lives[self] === entered.lives[self]) {
      return { ...entered, lives: roll!.lives };
    }
    const before: Lives = roll?.lives ?? node.ids.map(() => 0);
    const begun: boolean = roll?.begun ?? false;
    const lives: Lives = before.with(self, before[self]! + 1);
    const again: boolean = before[self]! > 0 && (begun || isComplete(before));
    entered = { lives, again, tripMs };
    if (await kv.cas(KEY, roll, { lives, begun })) return entered;
  }
}

/**
 * Waits until the group has begun, and begins it if necessary. `isEnough` is given each state of
 * the roll and can end the wait; `tripMs` is how long lin-kv takes to answer.
 */
export async function untilBegun(
  node: Entrant,
  tripMs: number,
  isEnough: (lives: Lives) => boolean,
): Promise<void> {
  const kv = new Kv<Roll>(node, "lin-kv");
  // Entering takes a few round trips.
  const late = node.now() + LATE_MS + TRIPS * tripMs;
  for (;;) {
    const roll = (await kv.read(KEY))!;
    if (isEnough(roll.lives) || roll.begun) return;
    const started = roll.lives.filter((life) => life > 0).length;
    if (node.now() >= late && 2 * started > node.ids.length) {
      await kv.cas(KEY, roll, { ...roll, begun: true });
    } else await node.sleep(ASK_MS);
  }
}
