/** Trees and topologies along which values flood. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import {
  givenNeighbours,
  treeNeighbours,
} from "../../lib/gossip/neighbours.ts";
import { dictOf } from "../../lib/schema.ts";
import {
  topologies,
  topology,
} from "../../lib/workbench/workloads/topology.ts";

/** Nodes as they see themselves. */
function members(count: number) {
  const ids = Array.from({ length: count }, (_, i) => `n${i}`);
  return ids.map((id) => ({ id, ids, peers: ids.filter((b) => b !== id) }));
}

type Member = ReturnType<typeof members>[number];

/** How many edges there are, having asserted that each is known at both ends, and that a walk from any node reaches all. */
function edges(
  nodes: Member[],
  neighboursOf: (node: Member) => string[],
): { count: number; diameter: number } {
  const lists = new Map(nodes.map((node) => [node.id, neighboursOf(node)]));
  for (const [id, list] of lists) {
    assertEquals(new Set(list).size, list.length);
    assertEquals(list.filter((b) => b === id || !lists.has(b)), []);
    for (const b of list) assertEquals(lists.get(b)!.includes(id), true);
  }
  let diameter = 0;
  for (const { id } of nodes) {
    const distance = new Map([[id, 0]]);
    for (const [a, hops] of distance) {
      diameter = Math.max(diameter, hops);
      for (const b of lists.get(a)!) {
        if (!distance.has(b)) distance.set(b, hops + 1);
      }
    }
    assertEquals(distance.size, nodes.length);
  }
  return { count: [...lists.values()].flat().length / 2, diameter };
}

Deno.test("a tree connects any number of nodes with one edge fewer, whatever the number of children", () => {
  for (const count of [1, 2, 3, 4, 5, 6, 25, 100]) {
    for (const children of [1, 2, 4, 10]) {
      const { count: found } = edges(
        members(count),
        (node) => treeNeighbours(node, children),
      );
      assertEquals(found, count - 1);
    }
  }
});

Deno.test("a tree with four children per node is as low as 3b says: 2 hops for 5 nodes, 6 for 25, 8 for 100", () => {
  for (const [count, hops] of [[5, 2], [25, 6], [100, 8]]) {
    const { diameter } = edges(
      members(count!),
      (node) => treeNeighbours(node, 4),
    );
    assertLessOrEqual(diameter, hops!);
  }
});

Deno.test("neighbours are those of the given topology, for each of Maelstrom's", () => {
  for (const kind of topologies) {
    for (const count of [1, 2, 5, 25]) {
      const nodes = members(count);
      const given = topology(kind, nodes[0]!.ids);
      for (const node of nodes) {
        assertEquals(
          givenNeighbours(node, dictOf(Object.entries<string[]>(given))).sort(),
          given[node.id]!.sort(),
        );
      }
    }
  }
});

Deno.test("an edge that one end lists is one for both, and names that are no nodes are none", () => {
  const given = { n0: ["n1", "n9", "n0"], n2: ["n1"], n7: ["n0"] };
  assertEquals(
    members(3).map((node) =>
      givenNeighbours(node, dictOf(Object.entries<string[]>(given)))
    ),
    [["n1"], ["n0", "n2"], ["n1"]],
  );
});

Deno.test("a topology in pieces, or none at all, makes everybody a neighbour", () => {
  const useless = [
    { n0: ["n1"], n2: ["n3"] },
    { n0: [], n1: [], n2: [], n3: [] },
    {},
  ];
  for (const given of useless) {
    for (const node of members(4)) {
      assertEquals(
        givenNeighbours(node, dictOf(Object.entries<string[]>(given))),
        node.peers,
      );
    }
  }
});

Deno.test("whatever the topology, its edges connect all nodes, and are known at both ends", () => {
  const names = fc.constantFrom("n0", "n1", "n2", "n3", "n4", "n5", "c1");
  const given = fc.dictionary(names, fc.array(names, { maxLength: 4 }));
  fc.assert(fc.property(fc.integer({ min: 1, max: 5 }), given, (count, map) => {
    edges(
      members(count),
      (node) => givenNeighbours(node, dictOf(Object.entries(map))),
    );
  }));
});
