/**
 * The roll of a group of nodes that keep nothing on disk: which of its lives each node is
 * in. A node that starts cannot know by itself whether it ever ran before, and has then
 * forgotten what it promised; so each start is counted in lin-kv, the one thing about a
 * node that outlives it.
 *
 * As long as some node has never started nobody may promise anything. So who enters a roll
 * that is not complete has nothing to have forgotten, and who enters a complete one must ask the
 * others what has been promised.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import { type Caller, Kv } from "../services/kv.ts";

/** By a node's place among all nodes: how often it has started, as far as is known. */
export type Lives = number[];

/** What a start is. */
export interface Entered {
  lives: Lives;
  /** Whether the group had begun, so that an earlier life may have made promises. */
  again: boolean;
}

const KEY = "roll";

/** How often it is asked whether all have started, in milliseconds; only at first does it matter. */
const COMPLETE_MS = 300;

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

/** Enters a node into the roll: one compare-and-set, repeated while others enter too. */
export async function enter(node: Entrant): Promise<Entered> {
  const kv = new Kv<Lives>(node, "lin-kv");
  const self = node.ids.indexOf(node.id);
  let entered: Entered | null = null;
  for (;;) {
    const roll: Lives | null = await kv.read(KEY);
    // Only an answer was lost: nobody else counts this node's lives.
    if (entered !== null && roll?.[self] === entered.lives[self]) {
      return { ...entered, lives: roll! };
    }
    const lives: Lives = [...roll ?? node.ids.map(() => 0)];
    lives[self]!++;
    entered = { lives, again: roll !== null && isComplete(roll) };
    if (await kv.change(KEY, roll, lives)) return entered;
  }
}

/** Waits until every node has started; tells of every new state of the roll. */
export async function untilComplete(
  node: Entrant,
  tell: (lives: Lives) => boolean,
): Promise<void> {
  const kv = new Kv<Lives>(node, "lin-kv");
  while (!tell(await kv.read(KEY) ?? [])) await node.sleep(COMPLETE_MS);
}
