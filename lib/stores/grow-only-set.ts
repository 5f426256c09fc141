/**
 * A set that only grows, with one copy on each node: copies send each other what the other lacks,
 * and become equal even if messages are lost, repeated or late. It is a delta-state CRDT (Almeida,
 * Shoker, Baquero, "Delta state replicated data types", 2018).
 *
 * Elements are numbered by the node that adds them, their origin. So a copy's version, which is how
 * many elements of each origin it has, says which elements these are.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { GrowOnlySet } from "./grow-only-set.ts";
 *
 * const one = new GrowOnlySet(), other = new GrowOnlySet();
 * one.add("n1", "a");
 * other.add("n2", "b");
 * other.merge(one.beyond(other.version).delta);
 * assertEquals(other.all, ["b", "a"]);
 * ```
 *
 * @module
 */
import type { Json } from "../node/world.ts";
import type { Vector } from "./stamped-store.ts";

/** By origin, some elements, and how many elements of that origin precede them. */
export type Delta = [origin: string, [from: number, elements: Json[]]][];

/** One copy. */
export class GrowOnlySet {
  readonly #elements = new Map<string, Json[]>();

  /** All elements. */
  get all(): Json[] {
    return ([] as Json[]).concat(...this.#elements.values());
  }

  /** How many elements of each origin this copy has. */
  get version(): Vector {
    return new Map(
      [...this.#elements].map(([origin, { length }]) => [origin, length]),
    );
  }

  /** How many elements of one origin this copy has. */
  size(origin: string): number {
    return this.#elements.get(origin)?.length ?? 0;
  }

  /** Makes an origin part of the version, with 0 if it has no elements. */
  know(origin: string): void {
    this.#of(origin);
  }

  /** Adds a new element of an origin. */
  add(origin: string, element: Json): void {
    this.#of(origin).push(element);
  }

  /** Adds the elements that are new here and follow without a gap; returns whether there were any. */
  merge(delta: Delta): boolean {
    let isNews = false;
    for (const [origin, [from, elements]] of delta) {
      const known = this.#of(origin);
      if (from > known.length) continue;
      isNews ||= from + elements.length > known.length;
      for (const one of elements.slice(known.length - from)) known.push(one);
    }
    return isNews;
  }

  /**
   * What a copy with this version lacks.
   *
   * @param most how many elements of each origin at most
   * @returns the elements, the version that the copy has after taking them, and whether it may
   *   still lack some
   */
  beyond(
    version: Vector,
    most = Infinity,
  ): { delta: Delta; reached: Vector; isPart: boolean } {
    const delta: Delta = [], reached: Vector = new Map();
    let isPart = false;
    for (const [origin, known] of this.#elements) {
      const from = version.get(origin) ?? 0;
      const elements = known.slice(from, from + most);
      if (elements.length > 0) delta.push([origin, [from, elements]]);
      reached.set(origin, from + elements.length);
      isPart ||= elements.length === most;
    }
    return { delta, reached, isPart };
  }

  #of(origin: string): Json[] {
    const known = this.#elements.get(origin) ?? [];
    if (known.length === 0) this.#elements.set(origin, known);
    return known;
  }
}
