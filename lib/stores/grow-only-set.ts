/**
 * A set that only grows, one copy on each node: copies send each other what the other lacks, and
 * become equal whatever is lost, repeated or late. A delta-state CRDT (Almeida, Shoker, Baquero,
 * "Delta state replicated data types", 2018).
 *
 * Elements are numbered where they are added, so a version, how many elements of each origin a
 * copy has, says which ones these are.
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

/** By origin, some elements, and how many came before them there. */
export type Delta = [origin: string, [from: number, elements: Json[]]][];

/** One copy. */
export class GrowOnlySet {
  readonly #elements = new Map<string, Json[]>();

  /** All elements. */
  get all(): Json[] {
    return ([] as Json[]).concat(...this.#elements.values());
  }

  /** How many elements of each origin are here. */
  get version(): Vector {
    return new Map(
      [...this.#elements].map(([origin, { length }]) => [origin, length]),
    );
  }

  /** How many elements of one origin are here. */
  size(origin: string): number {
    return this.#elements.get(origin)?.length ?? 0;
  }

  /** An origin exists: it is part of the version, if only with 0. */
  know(origin: string): void {
    this.#of(origin);
  }

  /** Adds an element that is new at its origin. */
  add(origin: string, element: Json): void {
    this.#of(origin).push(element);
  }

  /** Takes in what is new here and follows without a gap; returns whether anything was. */
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
   * What a copy of this version lacks.
   *
   * @param most how many elements of each origin at most
   * @returns it, the version that the copy then has, and whether that is only a part
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
