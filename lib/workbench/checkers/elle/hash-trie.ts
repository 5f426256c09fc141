/**
 * The iteration order of a hash trie (Steindorfer and Vinju, OOPSLA 2015) whose keys are positions
 * in a history, as in Elle's graphs. It decides which cycle Elle meets first, and so what it reports.
 */
import { clojureHash } from "../clojure-order.ts";

/** The hash by which the trie places a position in a history. */
export function trieHash(position: number): number {
  return spread(clojureHash(position) | 0);
}

/** The hash by which the trie places a value whose own hash is this signed 32-bit integer. */
export function spread(long: number): number {
  // The trie folds hashes that are longs into ints: here the upper half is the sign.
  let hash = (long >> 31) ^ long;
  hash ^= (hash >>> 20) ^ (hash >>> 12);
  return hash ^ (hash >>> 7) ^ (hash >>> 4);
}

/** Elements in the trie's order: on each level, first those that are alone in their slot, then the others. */
export function trieOrder<T>(
  elements: Iterable<T>,
  hashOf: (element: T) => number,
  shift = 0,
): T[] {
  const all = [...elements];
  if (all.length < 2 || shift > 30) return all;
  const places = new Map<number, T[]>();
  for (const element of all) {
    const place = (hashOf(element) >>> shift) & 31;
    const others = places.get(place);
    if (others) others.push(element);
    else places.set(place, [element]);
  }
  const ordered = [...places].sort(([a], [b]) => a - b).map(([, here]) => here);
  return [
    ...ordered.filter((here) => here.length === 1).flat(),
    ...ordered.filter((here) => here.length > 1)
      .flatMap((here) => trieOrder(here, hashOf, shift + 5)),
  ];
}
