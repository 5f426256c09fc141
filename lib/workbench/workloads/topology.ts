/** Topologies: the neighbours that each node of a broadcast run is told. */

/** By node, its neighbours, in the order in which they are sent. */
export type Topology = { [node: string]: string[] };

/**
 * Returns the indices of the neighbours of node `i` of `count`; indices of nodes that do not exist are
 * dropped later.
 */
type Neighbours = (i: number, count: number) => number[];

/** A matrix of ceil(sqrt(n)) columns, filled row by row: below, above, right, left. */
const grid: Neighbours = (i, count) => {
  const side = Math.ceil(Math.sqrt(count));
  const column = i % side;
  return [
    i + side,
    i - side,
    ...(column < side - 1 ? [i + 1] : []),
    ...(column > 0 ? [i - 1] : []),
  ];
};

/** A chain: the node before, the node after. */
const line: Neighbours = (i) => [i - 1, i + 1];

/** A complete tree, filled level by level: the parent, then the children. */
function tree(branches: number): Neighbours {
  return (i) => [
    Math.floor((i - 1) / branches),
    ...Array.from({ length: branches }, (_, child) => branches * i + child + 1),
  ];
}

/** Everybody else. */
const total: Neighbours = (i, count) =>
  Array.from({ length: count }, (_, j) => j).filter((j) => j !== i);

const kinds: { [kind: string]: Neighbours } = {
  grid,
  line,
  total,
  tree: tree(2),
  tree2: tree(2),
  tree3: tree(3),
  tree4: tree(4),
};

/** The names `--topology` may take. */
export const topologies: readonly string[] = Object.keys(kinds);

/**
 * The neighbours of every node.
 *
 * @param kind one of {@link topologies}
 * @throws {RangeError} there is no such topology
 */
export function topology(kind: string, nodes: readonly string[]): Topology {
  const neighbours = kinds[kind];
  if (neighbours === undefined) {
    throw new RangeError(
      `Cannot lay out topology "${kind}": known are ${topologies.join(", ")}`,
    );
  }
  return Object.fromEntries(nodes.map((node, i) => [
    node,
    neighbours(i, nodes.length).flatMap((j) => nodes[j] ?? []),
  ]));
}
