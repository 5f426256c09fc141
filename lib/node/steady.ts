/**
 * A clock that never goes back, made of one that may be set back.
 *
 * @module
 */
import type { World } from "./world.ts";

/**
 * A world's clock without its leaps back, in milliseconds: what was noted is never in the
 * future, and a wait takes longer only by the time since the last look before each leap.
 */
export function steady(world: Pick<World, "now">): () => number {
  let last = -Infinity, backMs = 0;
  return () => {
    const now = world.now();
    if (now < last) backMs += last - now;
    last = now;
    return now + backMs;
  };
}
