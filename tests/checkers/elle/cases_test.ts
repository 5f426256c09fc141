/** The cycles that Elle lists: its order, and what it stops at. */
import { assertEquals } from "@std/assert";
import { cyclicCases } from "../../../lib/workbench/checkers/elle/cases.ts";
import {
  BIT,
  DependencyGraph,
  type EdgeKind,
} from "../../../lib/workbench/checkers/elle/graph.ts";
import {
  trieHash,
  trieOrder,
} from "../../../lib/workbench/checkers/elle/hash-trie.ts";

/** What is listed of a graph, written as `"0 ww 1"`; an edge may have several kinds. */
function listed(size: number, ...edges: string[]) {
  const graph = new DependencyGraph(size);
  for (const edge of edges) {
    const [from, kinds, to] = edge.split(" ");
    for (const kind of kinds!.split("+")) {
      graph.link(Number(from), Number(to), BIT[kind as EdgeKind]);
    }
  }
  const { cycles, signs, timeouts } = cyclicCases(graph, (vertex) => vertex);
  assertEquals(timeouts, []);
  return [...cycles.keys(), ...signs.map(({ type }) => type)].join(" ");
}

Deno.test("transactions come in the order of the hash trie in which Elle keeps them", () => {
  assertEquals(trieOrder([0, 1, 2, 3, 4, 5], trieHash), [0, 5, 1, 3, 2, 4]);
  // The recorded run rw-early names a cycle of these two from the second one on.
  assertEquals(trieOrder([499, 501], trieHash), [501, 499]);
});

Deno.test("a cycle of writes hides cycles of reads, but not those with edges in time", () => {
  assertEquals(listed(2, "0 ww 1", "1 ww 0"), "G0 PL-1-cycle-exists");
  assertEquals(
    listed(3, "0 ww 1", "1 ww 0", "1 realtime 2", "2 rw 1"),
    "G0 G-single-item-realtime PL-1-cycle-exists",
  );
  assertEquals(listed(2, "0 wr 1", "1 ww 0"), "G1c PL-2-cycle-exists");
});

Deno.test("an edge may serve as any of its kinds, but is explained as the preferred one: then the sort counts as not found", () => {
  // A lost update: each read what the other wrote over, and the writes have an order too.
  assertEquals(
    listed(2, "0 ww+rw 1", "1 rw 0"),
    "G-single-item PL-SI-cycle-exists PL-2.99-cycle-exists",
  );
  assertEquals(listed(2, "0 ww+rw 1", "1 ww+rw 0"), "G0 PL-1-cycle-exists");
});

Deno.test("a transaction that precedes itself is a cycle among others", () => {
  assertEquals(
    listed(2, "0 wr 0", "0 wr 1", "1 rw 0"),
    "G1c G-single-item PL-2-cycle-exists",
  );
});
