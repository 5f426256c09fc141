/** A search for a cycle of one sort, path by path in Elle's order. */
import type { Sort } from "./cycle-sorts.ts";
import { BIT } from "./graph.ts";
import { trieOrder } from "./hash-trie.ts";

/** Some of a graph's edges, with all kinds of each as bits. */
export interface View {
  vertices: readonly number[];
  edges: ReadonlyMap<number, readonly [to: number, kinds: number][]>;
}

/** A path, from its end to its beginning. */
interface Path {
  vertex: number;
  state: number;
  before: Path | null;
  length: number;
}

/**
 * Searches breadth first over all paths that visit no transaction twice. A path that comes back to where
 * it has been is done: it is a cycle, or there is one among the transactions of its loop, or it leads
 * nowhere.
 */
export class PathSearch {
  /** How many steps are left; negative when the search was given up. */
  left: number;

  constructor(
    private readonly sort: Sort,
    private readonly hashOf: (vertex: number) => number,
    budget: number,
  ) {
    this.left = budget;
  }

  in(view: View): number[] | null {
    for (const origin of view.vertices) {
      const cycle = this.#from(origin, view);
      if (cycle !== null || this.left < 0) return cycle;
    }
    return null;
  }

  #from(origin: number, view: View): number[] | null {
    const state = initialState(this.sort);
    let paths: Path[] = [{ vertex: origin, state, before: null, length: 1 }];
    while (paths.length > 0) {
      const longer: Path[] = [];
      for (const path of paths) {
        for (const [to, kinds] of view.edges.get(path.vertex) ?? []) {
          for (
            const state of step(this.sort, path.state, kinds, !path.before)
          ) {
            if (this.left-- < 0) return null;
            const length = path.length + 1;
            longer.push({ vertex: to, state, before: path, length });
          }
        }
      }
      paths = [];
      for (const path of longer) {
        const loop = loopOf(path);
        if (loop === null) paths.push(path);
        else if (isClosed(path.state)) {
          if (loop.length === path.length - 1) return loop;
          const cycle = this.#within(loop, view);
          if (cycle !== null || this.left < 0) return cycle;
        }
      }
    }
    return null;
  }

  /** A cycle among the transactions of a loop to which a path has led. */
  #within(loop: readonly number[], view: View): number[] | null {
    const members = new Set(loop);
    const edges = loop.map((vertex) =>
      [
        vertex,
        (view.edges.get(vertex) ?? []).filter(([to]) => members.has(to)),
      ] as const
    );
    const part = { vertices: loop, edges: new Map(edges) };
    return this.in({ ...inOrder(part, this.hashOf), vertices: loop });
  }
}

/** The transactions from where a path has been before to its end, in order; null if it has not. */
function loopOf({ vertex, before }: Path): number[] | null {
  const loop: number[] = [];
  for (let path = before; path !== null; path = path.before) {
    loop.push(path.vertex);
    if (path.vertex === vertex) return loop.reverse();
  }
  return null;
}

/** Vertices and edges in the order in which a hash trie has them, as Elle's graphs are. */
export function inOrder(
  { vertices, edges }: View,
  hashOf: (vertex: number) => number,
): View {
  return {
    vertices: trieOrder(vertices, hashOf),
    edges: new Map(
      [...edges].map(([from, out]) => [
        from,
        trieOrder(out, ([to]) => hashOf(to)),
      ]),
    ),
  };
}

/**
 * Where a path stands: which of the wanted kinds it still lacks (two bits), how many
 * anti-dependencies it still lacks (0 to 2), and whether it may take one that is not legal:
 * 0 no, 1 a single one, 2 one that is apart from others, 3 not before another edge.
 */
const stateOf = (lacking: number, anti: number, mode: number) =>
  lacking + 4 * anti + 12 * mode;

function initialState({ wanted, anti }: Sort): number {
  const lacking = (1 << wanted.length) - 1;
  return {
    none: stateOf(lacking, 0, 0),
    one: stateOf(lacking, 1, 1),
    several: stateOf(lacking, 2, 0),
    apart: stateOf(lacking, 2, 2),
  }[anti];
}

/** Whether a path that is back at its origin is a cycle of its sort. */
function isClosed(state: number): boolean {
  const mode = Math.floor(state / 12);
  return state % 12 === 0 && mode !== 3;
}

/** Where an edge of these kinds leads a path. */
function step(
  { legal, wanted }: Sort,
  state: number,
  kinds: number,
  isFirst: boolean,
): number[] {
  const reached: number[] = [];
  const lacking = state & 3;
  const anti = Math.floor(state / 4) % 3, mode = Math.floor(state / 12);
  const antiMask = anti > 0 || mode === 1 || mode === 2 ? BIT.rw : 0;
  /** One step by one kind of edge. */
  const by = (kind: number): number | null => {
    const met = wanted.findIndex((set, i) =>
      lacking & (1 << i) && (set & kind) !== 0
    );
    const lacks = met < 0 ? lacking : lacking & ~(1 << met);
    const isAnti = kind === BIT.rw;
    const fewer = isAnti ? Math.max(0, anti - 1) : anti;
    if (kind & legal) return stateOf(lacks, fewer, mode === 3 ? 2 : mode);
    if (!isAnti || mode === 0 || mode === 3) return null;
    return mode === 1 ? stateOf(lacks, 0, 0) : stateOf(lacks, fewer, 3);
  };
  const go = (kind: number) => {
    const next = by(kind);
    if (next !== null) reached.push(next);
  };
  if (kinds & antiMask) go(BIT.rw);
  // A cycle can always begin with what it must have.
  if (isFirst && anti > 0) return reached;
  let wants = 0;
  wanted.forEach((set, i) => wants |= lacking & (1 << i) ? set : 0);
  wants &= ~antiMask;
  for (const kind of KINDS) {
    if (kinds & wants & kind) go(kind);
  }
  if (isFirst && lacking !== 0) return reached;
  const others = kinds & legal & ~antiMask & ~wants;
  const kind = KINDS.find((kind) => others & kind);
  if (kind !== undefined) go(kind);
  return reached;
}

const KINDS: readonly number[] = Object.values(BIT);
