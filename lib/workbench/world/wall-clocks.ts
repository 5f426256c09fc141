/**
 * What the nodes' clocks show. Within one life of a node, its clock never goes backwards; between two
 * lives it may be set by an operator or by NTP, or because a virtual machine has moved.
 */
import type { Random } from "./random.ts";

/**
 * Returns what a node's clock shows when a life of the node starts, in milliseconds since the Unix
 * epoch.
 *
 * @param nowMs what a correct clock would show
 */
export type WallClocks = (node: string, nowMs: number) => number;

/** Clocks that are correct. */
export const rightClocks: WallClocks = (_node, nowMs) => nowMs;

/** How wrong a clock may be, in milliseconds. */
const WRONG_MS = 3_600_000;

/**
 * Clocks that are wrong by up to an hour. At half of all restarts, the clock shows exactly what it
 * showed when an earlier life of the node started, so programs that tell lives apart by the time of
 * their start take the two for one.
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
