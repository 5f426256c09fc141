/**
 * A clock that never goes back, made of one that may be set back.
 *
 * @module
 */
import type { World } from "./world.ts";

/**
 * A world's clock without its leaps back, in milliseconds: a time noted earlier is never in the
 * future. Each leap makes elapsed time come out too short, but by no more than the time between the
 * last reading and the leap.
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
