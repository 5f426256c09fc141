/** Searches a strongly connected component for a cycle of a given sort, and names cycles. */
import { stronglyConnected } from "./components.ts";
import { BIT, type DependencyGraph, type EdgeKind } from "./graph.ts";

/** A sort of cycle: a first edge, and a path back over other edges. */
export interface CycleSpec {
  /** The kinds of the first edge. */
  first: readonly EdgeKind[];
  /** The kinds of all other edges. */
  rest: readonly EdgeKind[];
  /** One of these must be among the other edges. */
  needs?: readonly EdgeKind[];
  /** No two `rw` edges may follow each other, the last and the first included. */
  nonadjacent?: boolean;
}

/** The result of a search. */
export interface CycleSearch {
  /** The transactions of a cycle, each preceding the next and the last the first; a loop is one transaction. */
  cycle: number[] | null;
  /** False when the search was given up before everything had been seen. */
  complete: boolean;
}

function bits(kinds: readonly EdgeKind[]): number {
  return kinds.reduce((all, kind) => all | BIT[kind], 0);
}

/** How many edges one search follows before it gives up: about a tenth of a second. */
const BUDGET = 3_000_000;

/** What a path has had, as bits: an edge that its sort needs; and last of all an `rw` edge. */
const HAD = 2, AFTER_RW = 1;

/**
 * A part of a dependency graph, packed for searching. Each edge counts as what it
 * is explained by, the preferred of its kinds, and as nothing else.
 */
export class Component {
  readonly #vertices: readonly number[];
  /** The edges of local vertex v are those from `#start[v]` to before `#start[v + 1]`. */
  readonly #start: Int32Array;
  readonly #target: Int32Array;
  readonly #kind: Uint8Array;

  /** @param vertices the transactions of the part; edges to others are left out */
  constructor(graph: DependencyGraph, vertices: readonly number[]) {
    this.#vertices = vertices;
    const local = new Map(vertices.map((vertex, i) => [vertex, i]));
    this.#start = new Int32Array(vertices.length + 1);
    const targets: number[] = [], kinds: number[] = [];
    vertices.forEach((vertex, v) => {
      for (const [to, all] of graph.kinds(vertex)) {
        const target = local.get(to);
        if (target === undefined) continue;
        targets.push(target);
        kinds.push(BIT[graph.preferred(all)]);
      }
      this.#start[v + 1] = targets.length;
    });
    this.#target = Int32Array.from(targets);
    this.#kind = Uint8Array.from(kinds);
  }

  /**
   * The shortest cycle of this sort, and of several the first in the order of transactions:
   * breadth first from each transaction, over pairs of a transaction and what the path so far
   * has had. A path that comes back to one of its transactions with something more is not one
   * cycle but two that meet: shorter ones, each of some sort itself.
   *
   * @param budget how many edges may be followed; then the best so far is given
   */
  find(spec: CycleSpec, budget = BUDGET): CycleSearch {
    const size = this.#vertices.length;
    const [first, rest] = [bits(spec.first), bits(spec.rest)];
    const needs = bits(spec.needs ?? []);
    const apart = spec.nonadjacent ? BIT.rw : 0;
    const rank = this.#ranks(rest);
    /** Where a path stands: at a vertex, with what is needed or without, after an edge of a kind. */
    const stateOf = (vertex: number, had: number, kind: number) =>
      4 * vertex + had + (kind & apart ? AFTER_RW : 0);
    const seen = new Int32Array(4 * size).fill(-1);
    const parent = new Int32Array(4 * size);
    const queue = new Int32Array(4 * size);
    let best: number[] | null = null;
    let left = budget;

    const search = (origin: number): number[] | null => {
      let head = 0, tail = 0;
      const visit = (state: number, from: number) => {
        if (seen[state] === origin) return;
        seen[state] = origin;
        parent[state] = from;
        queue[tail++] = state;
      };
      for (let e = this.#start[origin]!; e < this.#start[origin + 1]!; e++) {
        const kind = this.#kind[e]!, to = this.#target[e]!;
        if (!(kind & first)) continue;
        if (to === origin && !needs) return [origin];
        if (rank[to]! < rank[origin]!) continue;
        visit(stateOf(to, needs ? 0 : HAD, kind), -1);
      }
      // Shorter than the best so far, or not at all: the path gets one edge longer a level.
      const limit = best ? best.length - 1 : Infinity;
      for (let length = 2, level = tail; head < tail && length <= limit;) {
        const state = queue[head++]!, vertex = state >> 2;
        for (let e = this.#start[vertex]!; e < this.#start[vertex + 1]!; e++) {
          const kind = this.#kind[e]!, to = this.#target[e]!;
          left--;
          if (!(kind & rest) || rank[to]! < rank[origin]!) continue;
          if (state & AFTER_RW && kind & apart) continue;
          const had = state & HAD || kind & needs ? HAD : 0;
          if (to !== origin) {
            visit(stateOf(to, had, kind), state);
          } else if (had && !(kind & apart)) {
            const path = [origin, ...this.#path(parent, state)];
            if (new Set(path).size === path.length) return path;
          }
        }
        if (left < 0) return null;
        if (head === level) {
          level = tail;
          length++;
        }
      }
      return null;
    };

    for (let origin = 0; origin < size && left >= 0; origin++) {
      best = search(origin) ?? best;
      if (best && best.length <= 2) break;
    }
    return {
      cycle: best && best.map((vertex) => this.#vertices[vertex]!),
      complete: left >= 0,
    };
  }

  /** Vertices from which a path over these edges leads only to equal or lower ranks. */
  #ranks(kinds: number): Int32Array {
    return stronglyConnected(
      this.#vertices.length,
      (vertex) => this.#successors(vertex, kinds),
    ).of;
  }

  *#successors(vertex: number, kinds: number): Generator<number> {
    for (let e = this.#start[vertex]!; e < this.#start[vertex + 1]!; e++) {
      if (this.#kind[e]! & kinds) yield this.#target[e]!;
    }
  }

  #path(parent: Int32Array, last: number): number[] {
    const path: number[] = [];
    for (let state = last; state >= 0; state = parent[state]!) {
      path.push(state >> 2);
    }
    return path.reverse();
  }
}

/** What explains each edge of a cycle: the preferred of its kinds. */
export function kindsOf(
  graph: DependencyGraph,
  cycle: readonly number[],
): EdgeKind[] {
  return cycle.map((from, i) =>
    graph.preferred(graph.kinds(from).get(cycle[(i + 1) % cycle.length]!)!)
  );
}

/**
 * The name of a cycle, by the kinds of its edges in order: `G0` (writes only), `G1c`
 * (information flow), `G-single-item` (one anti-dependency), `G-nonadjacent-item` (several, no
 * two in a row), `G2-item` (others), with `-process` or `-realtime` appended when it needs an
 * edge of that kind.
 */
export function classify(kinds: readonly EdgeKind[]): string {
  const suffix = kinds.includes("realtime")
    ? "-realtime"
    : kinds.includes("process")
    ? "-process"
    : "";
  const count = kinds.filter((kind) => kind === "rw").length;
  if (count === 0) return (kinds.includes("wr") ? "G1c" : "G0") + suffix;
  if (count === 1) return "G-single-item" + suffix;
  const adjacent = kinds.some((kind, i) =>
    kind === "rw" && kinds[(i + 1) % kinds.length] === "rw"
  );
  return (adjacent ? "G2-item" : "G-nonadjacent-item") + suffix;
}
