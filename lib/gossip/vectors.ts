/**
 * Version vectors: how far, of each of several growing things, somebody is (Parker et al.,
 * "Detection of Mutual Inconsistency in Distributed Systems", 1983).
 *
 * @module
 */

/** Per thing, how far; what is not in it is at nothing. */
export type Vector = Map<string, number>;

/** Whether the first is everywhere as far as the second, or farther. */
export function covers(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): boolean {
  return [...b].every(([name, far]) => (a.get(name) ?? 0) >= far);
}

/** Takes into a vector what is farther in another. */
export function join(into: Vector, from: ReadonlyMap<string, number>): void {
  for (const [name, far] of from) {
    into.set(name, Math.max(into.get(name) ?? 0, far));
  }
}
