/**
 * Finds the cyclic anomalies that Elle lists, in the order in which Elle looks for them, and leaves out
 * those that Elle does not find (`elle.txn` and `elle.bfs`, version 0.2.2):
 *
 * - Each strongly connected component is searched for each sort of cycle, unless a sort was
 *   found that implies it, or a subgraph without any cycle rules it out.
 * - A search begins at one transaction after another and ends with the first cycle that
 *   it closes. An edge may serve as any of its kinds. Afterwards the cycle is explained, each
 *   edge by the preferred of its kinds; if it then is of another sort, most sorts count
 *   as not found, although there may be a cycle of them elsewhere.
 * - Elle also lists that a subgraph has some cycle, for the weakest models that this refutes, if
 *   nothing else that it found refutes them.
 *
 * Elle gives up on a component after a second; this does after a number of steps.
 */
import { classify, kindsOf } from "./cycles.ts";
import { inOrder, PathSearch, type View } from "./cycle-paths.ts";
import {
  implies,
  type Place,
  type Sort,
  SORTS,
  SUBGRAPHS,
} from "./cycle-sorts.ts";
import { stronglyConnected } from "./components.ts";
import { BIT, type DependencyGraph, type EdgeKind } from "./graph.ts";
import { trieHash } from "./hash-trie.ts";
import { impliedModels } from "./models.ts";

/** Proof that a component has a cycle of edges of these kinds. */
export interface Sign {
  type: string;
  subgraph: readonly EdgeKind[];
  scc: number[];
}

/** Everything that was found, in all components. */
export interface Cases {
  /** The transactions of each cycle, by what it is explained as. */
  cycles: Map<string, number[][]>;
  signs: Sign[];
  /** For which sort a component's searches were given up, and the size of the component. */
  timeouts: { type: string; size: number }[];
}

/** How many steps the searches of a component may take in all before they give up: about half a second. */
const BUDGET = 300_000;

/**
 * Everything that Elle lists about a graph's cycles, whether or not it is asked for.
 *
 * @param indexOf the position of a transaction's completion in the history: it decides the
 * order in which Elle meets transactions
 */
export function cyclicCases(
  graph: DependencyGraph,
  indexOf: (vertex: number) => number,
  budget = BUDGET,
): Cases {
  const found: Cases = { cycles: new Map(), signs: [], timeouts: [] };
  const { cyclic } = graph.components();
  const hashes = new Map(
    cyclic.flat().map((vertex) => [vertex, trieHash(indexOf(vertex))]),
  );
  const hashOf = (vertex: number) => hashes.get(vertex)!;
  for (const vertices of cyclic) {
    const part = new Part(graph, vertices, hashOf);
    const refuted = new Set<string>();
    for (const { type, model, kinds, apart } of SUBGRAPHS) {
      if (!refuted.isDisjointFrom(impliedModels(model))) continue;
      const scc = part.cyclic(kinds, apart);
      if (scc === null) continue;
      refuted.add(model);
      found.signs.push({ type, subgraph: kinds, scc });
    }
    const done: Place[] = [];
    let left = budget;
    for (const sort of SORTS) {
      const possible = !refuted.isDisjointFrom(impliedModels(sort.model));
      if (!possible || done.some((place) => implies(place, sort))) continue;
      const search = part.search(sort, left);
      left = search.left;
      if (left < 0) {
        found.timeouts.push({ type: sort.type, size: vertices.length });
        break;
      }
      const { cycle } = search;
      if (cycle === null) continue;
      const type = classify(kindsOf(graph, cycle));
      if (sort.exact && type !== sort.type) continue;
      done.push(sort);
      found.cycles.set(type, [...found.cycles.get(type) ?? [], cycle]);
    }
  }
  return found;
}

/** A strongly connected component. */
class Part {
  readonly #vertices: readonly number[];
  readonly #place: ReadonlyMap<number, number>;
  readonly #hashOf: (vertex: number) => number;
  readonly #edges: View["edges"];
  readonly #views = new Map<number, View>();
  /** The kinds of all edges, as bits; and what is known of subgraphs by theirs. */
  readonly #kinds: number;
  readonly #cyclic = new Map<string, number[] | null>();

  constructor(
    graph: DependencyGraph,
    vertices: readonly number[],
    hashOf: (vertex: number) => number,
  ) {
    this.#vertices = vertices;
    this.#place = new Map(vertices.map((vertex, place) => [vertex, place]));
    this.#hashOf = hashOf;
    this.#edges = new Map(vertices.map((from) => [
      from,
      [...graph.kinds(from)].filter(([to]) => this.#place.has(to)),
    ]));
    this.#kinds = [...this.#edges.values()].flat()
      .reduce((all, [, kinds]) => all | kinds, 0);
  }

  /**
   * The smallest component of the edges of these kinds; null if none has a cycle. Vertices
   * are doubled for `apart`: one is where a path arrives by an anti-dependency and may not
   * leave by another.
   */
  cyclic(kinds: readonly EdgeKind[], apart: boolean): number[] | null {
    const asked = kinds.reduce((all, kind) => all | BIT[kind], 0);
    const usable = asked & this.#kinds, name = `${usable} ${apart}`;
    const known = this.#cyclic.get(name);
    if (known !== undefined) return known;
    const found = this.#smallest(usable, apart);
    this.#cyclic.set(name, found);
    return found;
  }

  #smallest(usable: number, apart: boolean): number[] | null {
    const vertices = this.#vertices;
    const isAnti = (kinds: number) => apart && (kinds & usable) === BIT.rw;
    for (const [vertex, out] of this.#edges) {
      // A transaction that precedes itself is a cycle too.
      const loops = out.some(([to, kinds]) =>
        to === vertex && kinds & usable && !isAnti(kinds)
      );
      if (loops) return [vertex];
    }
    const { cyclic } = stronglyConnected(2 * vertices.length, (state) => {
      const next: number[] = [];
      for (const [to, kinds] of this.#edges.get(vertices[state >> 1]!)!) {
        const anti = isAnti(kinds);
        if ((kinds & usable) === 0 || (anti && state & 1)) continue;
        next.push(2 * this.#place.get(to)! + (anti ? 1 : 0));
      }
      return next;
    });
    const smallest = cyclic.toSorted((a, b) => a.length - b.length)[0];
    return smallest
      ? [...new Set(smallest.map((state) => vertices[state >> 1]!))]
      : null;
  }

  /** The first cycle of a sort that is closed, from one transaction after the other. */
  search(
    sort: Sort,
    budget: number,
  ): { cycle: number[] | null; left: number } {
    const anti = sort.anti === "none" ? 0 : BIT.rw;
    const usable = sort.wanted.reduce((all, set) => all | set, sort.legal);
    const search = new PathSearch(sort, this.#hashOf, budget);
    const cycle = search.in(this.#view(usable | anti));
    return { cycle, left: search.left };
  }

  /** The edges of these kinds, in the order in which Elle meets them. */
  #view(kinds: number): View {
    const known = this.#views.get(kinds);
    if (known) return known;
    const edges = new Map<number, [to: number, kinds: number][]>();
    const vertices = new Set<number>();
    for (const [from, out] of this.#edges) {
      const usable = out.flatMap(([to, all]): [number, number][] =>
        all & kinds ? [[to, all & kinds]] : []
      );
      if (usable.length === 0) continue;
      edges.set(from, usable);
      vertices.add(from);
      for (const [to] of usable) vertices.add(to);
    }
    const view = inOrder({ vertices: [...vertices], edges }, this.#hashOf);
    this.#views.set(kinds, view);
    return view;
  }
}
