/**
 * What the nodes' clocks show. Within a life of a node its clock never goes backwards; between
 * two lives it may be set, by an operator, by NTP, or because a virtual machine has moved.
 */
import type { Random } from "./random.ts";

/**
 * Says what a node's clock shows as a life of it starts, in milliseconds since the Unix epoch.
 *
 * @param nowMs what a right clock would show
 */
export type WallClocks = (node: string, nowMs: number) => number;

/** Clocks that are right. */
export const rightClocks: WallClocks = (_node, nowMs) => nowMs;

/** How wrong a clock may be, in milliseconds. */
const WRONG_MS = 3_600_000;

/**
 * Clocks that are wrong by up to an hour. Half of all restarts find the clock set back to where
 * an earlier life of the node started: whoever tells lives apart by their time takes both for one.
 */
export function wrongClocks(random: Random): WallClocks {
  const starts = new Map<string, number[]>();
  return (node, nowMs) => {
    const earlier = starts.get(node) ?? [];
    const shown = earlier.length > 0 && random.chance(0.5)
      ? random.pick(earlier)
      : nowMs + random.uniform(-WRONG_MS, WRONG_MS);
    starts.set(node, [...earlier, shown]);
    return shown;
  };
}
