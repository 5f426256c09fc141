/**
 * Which nodes pass values on to which: the edges along which values flood.
 *
 * @module
 */
import type { Node } from "../maelstrom.ts";
import { type Dict, entriesOf } from "../schema.ts";

/** The part of a node that has neighbours. */
export type Member = Pick<Node<Record<never, never>>, "id" | "ids" | "peers">;

/**
 * A node's neighbours in a tree of all nodes that follows from their order alone: the first is the
 * root, the next `children` nodes are its children, and so on, level by level.
 */
export function treeNeighbours(node: Member, children: number): string[] {
  const parent = (i: number) => Math.ceil(i / children) - 1;
  const self = node.ids.indexOf(node.id);
  return node.ids.filter((_, i) => i === parent(self) || parent(i) === self);
}

/**
 * A node's neighbours in a topology as Maelstrom gives it: for every node a list of others. An edge
 * counts in both directions, whichever end lists it. If a topology does not connect all nodes, it
 * is ignored, and every node is a neighbour.
 */
export function givenNeighbours(
  node: Member,
  topology: Dict<string[]>,
): string[] {
  const lists = new Map(entriesOf(topology));
  const tells = (a: string, b: string) => lists.get(a)?.includes(b) === true;
  const neighboursOf = (a: string) =>
    node.ids.filter((b) => b !== a && (tells(a, b) || tells(b, a)));
  // Iteration over a set also visits what is added meanwhile.
  const reached = new Set([node.id]);
  for (const id of reached) neighboursOf(id).forEach((b) => reached.add(b));
  return reached.size < node.ids.length ? node.peers : neighboursOf(node.id);
}
