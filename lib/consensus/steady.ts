/**
 * A clock to measure waits by, made of one that may be set back.
 *
 * @module
 */

/** The part of a node that this needs. */
type World = { now(): number };

/**
 * The node's clock without its leaps back, in milliseconds: what was noted is never in the
 * future, so no wait is longer than it was meant to be, once for each leap.
 */
export function steady(node: World): () => number {
  let last = -Infinity, backMs = 0;
  return () => {
    const now = node.now();
    if (now < last) backMs += last - now;
    last = now;
    return now + backMs;
  };
}
