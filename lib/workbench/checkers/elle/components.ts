/** The strongly connected components of graphs whose edges are columns of numbers. */

/**
 * Edges by the vertex they leave: those of vertex v lead to `targets[starts[v]]` and what
 * follows, up to before `targets[starts[v + 1]]`.
 */
export interface Edges {
  starts: Int32Array;
  targets: Int32Array;
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
export function componentsOf({ starts, targets }: Edges): Components {
  const size = starts.length - 1;
  const of = new Int32Array(size).fill(-1);
  /** When each vertex was found, from 1; 0 for those that have not been. */
  const found = new Int32Array(size);
  const low = new Int32Array(size);
  /** Where the edges begin that have not been followed yet. */
  const rest = starts.slice();
  const cyclic: number[][] = [];
  /** The vertices found whose component is not known yet, and those that lead to where we are. */
  const open = new Int32Array(size), path = new Int32Array(size);
  let opened = 0, depth = 0, time = 0, components = 0;

  for (let root = 0; root < size; root++) {
    if (found[root] === 0) path[depth++] = root;
    while (depth > 0) {
      const top = path[depth - 1]!;
      if (found[top] === 0) {
        found[top] = low[top] = ++time;
        open[opened++] = top;
      }
      if (rest[top]! < starts[top + 1]!) {
        const next = targets[rest[top]!++]!;
        if (found[next] === 0) path[depth++] = next;
        else if (of[next] === -1) low[top] = Math.min(low[top]!, found[next]!);
        continue;
      }
      depth--;
      if (depth > 0) {
        const parent = path[depth - 1]!;
        low[parent] = Math.min(low[parent]!, low[top]!);
      }
      if (low[top] !== found[top]) continue;
      const last = opened;
      do of[open[--opened]!] = components; while (open[opened] !== top);
      components++;
      if (last - opened > 1) cyclic.push([...open.slice(opened, last).sort()]);
    }
  }
  return { of, cyclic };
}
