/**
 * Dependency graphs between transactions, after Adya ("Weak Consistency", 1999)
 * and Kingsbury and Alvaro ("Elle", VLDB 2020). A vertex is a transaction, here a
 * number; an edge says that one transaction precedes another, and why.
 */
import type { Json } from "../../history/json.ts";

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

/**
 * Edges by the vertex they leave: those of vertex v lead to `targets[starts[v]]` and what
 * follows, up to before `targets[starts[v + 1]]`.
 */
interface Edges {
  starts: Int32Array;
  targets: Int32Array;
}

/**
 * A graph of transactions 0 .. size - 1.
 *
 * Most graphs have a hundred thousand edges, no cycle, and nobody asks for their reasons. So
 * links are kept in columns, in the order in which they were added, and are put together only
 * for those who ask.
 */
export class DependencyGraph {
  readonly size: number;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #kinds: EdgeKind[] = [];
  readonly #keys: (Json | undefined)[] = [];
  readonly #values: (Json | undefined)[] = [];
  readonly #nexts: (Json | undefined)[] = [];
  /** The links by vertex, in their order; null when there are new ones. */
  #index: Edges & { links: Int32Array } | null = null;
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

  /** Adds a reason for `from` to precede `to`; the first reason of each kind counts. */
  link(
    from: number,
    to: number,
    { kind, key, value, next }: Dependency,
  ): void {
    this.#index = null;
    this.#from.push(from);
    this.#to.push(to);
    this.#kinds.push(kind);
    this.#keys.push(key);
    this.#values.push(value);
    this.#nexts.push(next);
  }

  /** Whether no two transactions are linked. */
  get isEmpty(): boolean {
    return this.#from.length === 0;
  }

  /** Whom this transaction immediately precedes, and why: the preferred reason first. */
  successors(from: number): Map<number, Dependency[]> {
    const { starts, targets, links } = this.#indexed();
    const found = new Map<number, Dependency[]>();
    for (let at = starts[from]!; at < starts[from + 1]!; at++) {
      const to = targets[at]!, kind = this.#kinds[links[at]!]!;
      const known = found.get(to);
      if (known === undefined) found.set(to, [this.#reason(links[at]!)]);
      else if (!known.some((reason) => reason.kind === kind)) {
        known.push(this.#reason(links[at]!));
      }
    }
    for (const reasons of found.values()) {
      reasons.sort((a, b) => this.#rank.get(a.kind)! - this.#rank.get(b.kind)!);
    }
    return found;
  }

  /** Whom this transaction immediately precedes; one that it precedes for several reasons may come several times. */
  targets(from: number): Int32Array {
    const { starts, targets } = this.#indexed();
    return targets.subarray(starts[from]!, starts[from + 1]!);
  }

  /** Whom this transaction immediately precedes for a reason of this kind. */
  targetsBy(kind: EdgeKind, from: number): Set<number> {
    const { starts, targets, links } = this.#indexed();
    const found = new Set<number>();
    for (let at = starts[from]!; at < starts[from + 1]!; at++) {
      if (this.#kinds[links[at]!] === kind) found.add(targets[at]!);
    }
    return found;
  }

  /** Why `from` precedes `to`, the preferred reason first; empty if nothing says so. */
  dependencies(from: number, to: number): readonly Dependency[] {
    return this.successors(from).get(to) ?? [];
  }

  /** The strongly connected components. */
  components(): Components {
    return componentsOf(this.#indexed());
  }

  #reason(link: number): Dependency {
    const kind = this.#kinds[link]!;
    const key = this.#keys[link], value = this.#values[link];
    const next = this.#nexts[link];
    return {
      kind,
      ...(key !== undefined && { key }),
      ...(value !== undefined && { value }),
      ...(next !== undefined && { next }),
    };
  }

  #indexed(): Edges & { links: Int32Array } {
    if (this.#index !== null) return this.#index;
    const from = this.#from, to = this.#to;
    const starts = new Int32Array(this.size + 1);
    for (let i = 0; i < from.length; i++) starts[from[i]! + 1]!++;
    for (let v = 0; v < this.size; v++) starts[v + 1]! += starts[v]!;
    const free = starts.slice();
    const links = new Int32Array(from.length);
    const targets = new Int32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const at = free[from[i]!]!++;
      links[at] = i;
      targets[at] = to[i]!;
    }
    return this.#index = { starts, targets, links };
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
 * The strongly connected components of any graph.
 *
 * @param size the vertices are 0 .. size - 1
 * @param successors the vertices to which a vertex has an edge
 */
export function stronglyConnected(
  size: number,
  successors: (vertex: number) => Iterable<number>,
): Components {
  const starts = new Int32Array(size + 1);
  const targets: number[] = [];
  for (let vertex = 0; vertex < size; vertex++) {
    for (const next of successors(vertex)) targets.push(next);
    starts[vertex + 1] = targets.length;
  }
  return componentsOf({ starts, targets: Int32Array.from(targets) });
}

/**
 * Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972),
 * without recursion: a history is deeper than the stack.
 */
function componentsOf({ starts, targets }: Edges): Components {
  const size = starts.length - 1;
  const of = new Int32Array(size).fill(-1);
  const found = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  /** Where the edges begin that have not been followed yet. */
  const rest = starts.slice();
  const cyclic: number[][] = [];
  const stack: number[] = [];
  const path: number[] = [];
  let time = 0;
  let components = 0;

  const enter = (vertex: number) => {
    found[vertex] = low[vertex] = time++;
    stack.push(vertex);
    path.push(vertex);
  };
  const leave = (vertex: number) => {
    path.pop();
    const parent = path.at(-1);
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
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      if (rest[top] === starts[top + 1]) {
        leave(top);
        continue;
      }
      const next = targets[rest[top]!++]!;
      if (found[next] === -1) enter(next);
      else if (of[next] === -1) {
        low[top] = Math.min(low[top]!, found[next]!);
      }
    }
  }
  return { of, cyclic };
}
