/**
 * A clock to measure waits by, made of one that may be set back.
 *
 * @module
 */
import type { World } from "./world.ts";

/**
 * A world's clock without its leaps back, in milliseconds: what was noted is never in the
 * future, so no wait is longer than it was meant to be, once for each leap.
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
