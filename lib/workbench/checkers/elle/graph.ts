/**
 * Dependency graphs between transactions, after Adya ("Weak Consistency", 1999)
 * and Kingsbury and Alvaro ("Elle", VLDB 2020). A vertex is a transaction, here a
 * number; an edge says that one transaction precedes another, and why.
 */
import type { Json } from "../../history.ts";

/**
 * Why one transaction precedes another:
 * - `ww`: it wrote the version just before one that the other wrote;
 * - `wr`: it wrote a version that the other read;
 * - `rw`: it read the version just before one that the other wrote;
 * - `process`: one process did both, this one first;
 * - `realtime`: it had ended when the other began.
 */
export type EdgeKind = "ww" | "wr" | "rw" | "process" | "realtime";

/** One reason for an edge. */
export interface Dependency {
  kind: EdgeKind;
  /** The object concerned; none for `process` and `realtime`. */
  key?: Json;
  /** The version that the first transaction wrote or read. */
  value?: Json;
  /** For `ww` and `rw`: the version that the second one wrote. */
  next?: Json;
}

/** The order in which reasons are preferred where an edge has several. */
const PRECEDENCE: readonly EdgeKind[] = [
  "ww",
  "wr",
  "rw",
  "process",
  "realtime",
];

const NO_DEPENDENCIES: readonly Dependency[] = [];

/** A graph of transactions 0 .. size - 1. */
export class DependencyGraph {
  readonly size: number;
  /** How many pairs of transactions are linked. */
  edges = 0;
  readonly #out: (Map<number, Dependency[]> | undefined)[] = [];
  readonly #rank: ReadonlyMap<EdgeKind, number>;

  /**
   * @param size the number of transactions
   * @param precedence which kind explains an edge that has several: the first of
   * this list. It decides what a cycle through that edge is called.
   */
  constructor(size: number, precedence: readonly EdgeKind[] = PRECEDENCE) {
    this.size = size;
    this.#rank = new Map(precedence.map((kind, i) => [kind, i]));
  }

  /** Adds a reason for `from` to precede `to`; the first reason of each kind is kept. */
  link(from: number, to: number, dependency: Dependency): void {
    const out = this.#out[from] ??= new Map<number, Dependency[]>();
    const known = out.get(to);
    if (!known) {
      out.set(to, [dependency]);
      this.edges++;
    } else if (!known.some(({ kind }) => kind === dependency.kind)) {
      known.push(dependency);
      known.sort((a, b) => this.#rank.get(a.kind)! - this.#rank.get(b.kind)!);
    }
  }

  /** Whom this transaction immediately precedes, and why: the preferred reason first. */
  successors(from: number): ReadonlyMap<number, readonly Dependency[]> {
    return this.#out[from] ?? new Map();
  }

  /** Why `from` precedes `to`, the preferred reason first; empty if nothing says so. */
  dependencies(from: number, to: number): readonly Dependency[] {
    return this.#out[from]?.get(to) ?? NO_DEPENDENCIES;
  }
}

/** The strongly connected components of a graph. */
export interface Components {
  /** The component of each vertex. No edge leads to a component of a higher number. */
  of: Int32Array;
  /** The components of two or more vertices: every cycle but a loop lies in one of these. */
  cyclic: number[][];
}

/**
 * Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972),
 * without recursion: a history is deeper than the stack.
 *
 * @param size the vertices are 0 .. size - 1
 * @param successors the vertices to which a vertex has an edge
 */
export function stronglyConnected(
  size: number,
  successors: (vertex: number) => Iterable<number>,
): Components {
  const of = new Int32Array(size).fill(-1);
  const found = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const cyclic: number[][] = [];
  const stack: number[] = [];
  const path: { vertex: number; rest: Iterator<number> }[] = [];
  let time = 0;
  let components = 0;

  const enter = (vertex: number) => {
    found[vertex] = low[vertex] = time++;
    stack.push(vertex);
    path.push({ vertex, rest: successors(vertex)[Symbol.iterator]() });
  };
  const leave = (vertex: number) => {
    path.pop();
    const parent = path.at(-1)?.vertex;
    if (parent !== undefined) {
      low[parent] = Math.min(low[parent]!, low[vertex]!);
    }
    if (low[vertex] !== found[vertex]) return;
    const members = stack.splice(stack.lastIndexOf(vertex));
    for (const member of members) of[member] = components;
    components++;
    if (members.length > 1) cyclic.push(members.sort((a, b) => a - b));
  };

  for (let root = 0; root < size; root++) {
    if (found[root] !== -1) continue;
    enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { done, value: next } = top.rest.next();
      if (done) leave(top.vertex);
      else if (found[next] === -1) enter(next);
      else if (of[next] === -1) {
        low[top.vertex] = Math.min(low[top.vertex]!, found[next]!);
      }
    }
  }
  return { of, cyclic };
}
