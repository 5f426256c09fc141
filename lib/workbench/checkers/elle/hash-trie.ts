/**
 * The order of a hash trie (Steindorfer and Vinju, OOPSLA 2015) keyed by positions in a
 * history, as Elle's graphs have it: which cycle is met first decides what it is called.
 */

/** Murmur3 of a whole number from 0 to 2^31 - 1, as Clojure hashes it; 0 stays 0. */
function murmur3(value: number): number {
  if (value === 0) return 0;
  const mixKey = (key: number) =>
    Math.imul(rotate(Math.imul(key, 0xcc9e2d51), 15), 0x1b873593);
  const mixHash = (hash: number, key: number) =>
    (Math.imul(rotate(hash ^ key, 13), 5) + 0xe6546b64) | 0;
  let hash = mixHash(mixHash(0, mixKey(value)), mixKey(0)) ^ 8;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** The hash by which the trie places a position. */
export function trieHash(position: number): number {
  return spread(murmur3(position));
}

/** The hash by which the trie places a value that has this hash, signed and of 32 bits. */
export function spread(long: number): number {
  // The hash is a long there, folded into an int: its upper half is the sign.
  let hash = (long >> 31) ^ long;
  hash ^= (hash >>> 20) ^ (hash >>> 12);
  return hash ^ (hash >>> 7) ^ (hash >>> 4);
}

/** Elements in the trie's order: of each level first those that are alone in their place, then the others. */
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
