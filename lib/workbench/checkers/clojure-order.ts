/**
 * The iteration order of Clojure's hash sets and maps. Jepsen's results depend on it where Jepsen
 * takes the `first` of a set, or the first of several maxima.
 *
 * A hash map is a trie over the hash, five bits a level from the lowest, and each
 * node is walked in ascending order. Hashes are Murmur3 (32 bits, seed 0) of a
 * long, or of a string's Java hash code.
 */

/** Values whose Clojure hash is known. */
export type Hashable = string | number | boolean | null;

/** A Clojure map with at most this many entries keeps the order of insertion. */
const ARRAY_MAP_SIZE = 8;

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function mix(h: number, k: number): number {
  k = Math.imul(rotateLeft(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotateLeft(h ^ k, 13), 5) + 0xe6546b64) | 0;
}

function finish(h: number, bytes: number): number {
  h ^= bytes;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Clojure's hash of an integer, string, boolean or nil, as an unsigned 32-bit integer. */
export function clojureHash(value: Hashable): number {
  if (value === null || value === 0) return 0;
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (typeof value === "number") {
    const high = Math.floor(value / 2 ** 32);
    return finish(mix(mix(0, value | 0), high | 0), 8);
  }
  const code = javaHash(value);
  return code === 0 ? 0 : finish(mix(0, code), 4);
}

/** Java's hash of a number, boolean, string or list of these, as a signed 32-bit integer; 0 for anything else. */
export function javaHash(value: unknown): number {
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (typeof value === "number") {
    return (value | 0) ^ Math.floor(value / 2 ** 32);
  }
  if (Array.isArray(value)) {
    return value.reduce(
      (code, element) => (Math.imul(code, 31) + javaHash(element)) | 0,
      1,
    );
  }
  let code = 0;
  if (typeof value !== "string") return code;
  for (let i = 0; i < value.length; i++) {
    code = (Math.imul(code, 31) + value.charCodeAt(i)) | 0;
  }
  return code;
}

function compareHashes(a: number, b: number): number {
  for (let shift = 0; shift < 32; shift += 5) {
    const order = ((a >>> shift) & 31) - ((b >>> shift) & 31);
    if (order !== 0) return order;
  }
  return 0;
}

/** The elements in the order of a Clojure hash set that holds them. */
export function setOrder<T extends Hashable>(elements: Iterable<T>): T[] {
  const list = [...elements];
  if (list.length < 2) return list;
  return list
    .map((element) => ({ element, hash: clojureHash(element) }))
    .sort((a, b) => compareHashes(a.hash, b.hash))
    .map(({ element }) => element);
}

/** The keys in the order of a Clojure map into which they were put in the given order. */
export function mapOrder<T extends Hashable>(keys: readonly T[]): readonly T[] {
  return keys.length <= ARRAY_MAP_SIZE ? keys : setOrder(keys);
}
