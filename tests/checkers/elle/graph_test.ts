/** Dependency graphs, their components and cycles, and the order of models, under Elle's checkers. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  classify,
  Component,
  type CycleSpec,
} from "../../../lib/workbench/checkers/elle/cycles.ts";
import {
  BIT,
  DependencyGraph,
  type EdgeKind,
} from "../../../lib/workbench/checkers/elle/graph.ts";
import { stronglyConnected } from "../../../lib/workbench/checkers/elle/components.ts";
import {
  forbiddenBy,
  modelNamed,
  ruledOutBy,
} from "../../../lib/workbench/checkers/elle/models.ts";
import { linkRealtimeOrder } from "../../../lib/workbench/checkers/elle/order.ts";
import { findCycles } from "../../../lib/workbench/checkers/elle/search.ts";
import type { Transaction } from "../../../lib/workbench/checkers/elle/txn.ts";
import { CheckerError } from "../../../lib/workbench/checkers/verdict.ts";
import type { Op } from "../../../lib/workbench/history/history.ts";
import { type Random, seeded } from "../../../lib/workbench/world/random.ts";

/** A graph from lines such as `0 ww 1`. */
function graphOf(size: number, ...edges: string[]): DependencyGraph {
  const graph = new DependencyGraph(size);
  for (const edge of edges) {
    const [from, kind, to] = edge.split(" ");
    graph.link(Number(from), Number(to), BIT[kind as EdgeKind]);
  }
  return graph;
}

function everything(graph: DependencyGraph): Component {
  return new Component(graph, Array.from({ length: graph.size }, (_, i) => i));
}

const KINDS: readonly EdgeKind[] = ["ww", "wr", "rw", "process", "realtime"];

function randomGraph(random: Random, size: number): DependencyGraph {
  const graph = new DependencyGraph(size);
  for (let from = 0; from < size; from++) {
    for (let to = 0; to < size; to++) {
      if (from === to || !random.chance(0.3)) continue;
      graph.link(from, to, BIT[random.pick(KINDS)]);
    }
  }
  return graph;
}

/** Every simple cycle, as the kinds of its edges. */
function* allCycles(
  graph: DependencyGraph,
  path: number[] = [],
): Generator<EdgeKind[]> {
  if (path.length === 0) {
    for (let v = 0; v < graph.size; v++) yield* allCycles(graph, [v]);
    return;
  }
  for (const next of graph.successors(path.at(-1)!).keys()) {
    if (next === path[0]) {
      yield path.map((from, i) =>
        graph.dependencies(from, path[i + 1] ?? next)[0]!.kind
      );
    } else if (!path.includes(next)) yield* allCycles(graph, [...path, next]);
  }
}

Deno.test("components are found in a path of 200,000 transactions without running out of stack", () => {
  const size = 200_000;
  const path = stronglyConnected(size, (v) => v + 1 < size ? [v + 1] : []);
  assertEquals(path.cyclic, []);
  const ring = stronglyConnected(size, (v) => [(v + 1) % size]);
  assertEquals(ring.cyclic.map((scc) => scc.length), [size]);
});

Deno.test("components are the vertices that reach each other, and no edge leads to a higher component", () => {
  const edges = [[1], [2], [0, 3], [4], [3], [0]];
  const { cyclic, of } = stronglyConnected(6, (v) => edges[v]!);
  assertEquals(cyclic.sort(), [[0, 1, 2], [3, 4]]);
  edges.forEach((targets, from) => {
    for (const to of targets) assert(of[from]! >= of[to]!);
  });
});

Deno.test("an edge with several reasons is explained by the preferred one", () => {
  const lists = graphOf(2, "0 rw 1", "0 wr 1", "0 ww 1", "0 wr 1");
  assertEquals(
    lists.dependencies(0, 1).map(({ kind }) => kind),
    ["ww", "wr", "rw"],
  );
  assertEquals([...lists.successors(0).keys()], [1]);
  assertEquals([...lists.kinds(0)], [[1, BIT.ww | BIT.wr | BIT.rw]]);
  assertEquals(lists.dependencies(1, 0), []);
  const registers = new DependencyGraph(2, {
    precedence: ["wr", "ww", "rw"],
  });
  registers.link(0, 1, BIT.ww);
  registers.link(0, 1, BIT.wr);
  assertEquals(registers.dependencies(0, 1)[0]?.kind, "wr");
});

Deno.test("cycles are named by the kinds of their edges", () => {
  const names: [string, string][] = [
    ["ww ww", "G0"],
    ["ww wr", "G1c"],
    ["rw ww wr", "G-single-item"],
    ["rw wr rw ww", "G-nonadjacent-item"],
    ["rw rw", "G2-item"],
    ["rw wr rw", "G2-item"],
    ["ww realtime", "G0-realtime"],
    ["wr process", "G1c-process"],
    ["rw realtime", "G-single-item-realtime"],
    ["rw process rw wr", "G-nonadjacent-item-process"],
    ["rw rw realtime process", "G2-item-realtime"],
  ];
  for (const [kinds, name] of names) {
    assertEquals(classify(kinds.split(" ") as EdgeKind[]), name, kinds);
  }
});

Deno.test("the shortest cycle of a sort is found", () => {
  const graph = graphOf(
    6,
    "0 ww 1",
    "1 ww 2",
    "2 ww 0",
    "1 rw 3",
    "3 wr 4",
    "4 wr 1",
    "4 rw 5",
    "5 ww 4",
  );
  const find = (spec: CycleSpec) => everything(graph).find(spec).cycle;
  assertEquals(find({ first: ["ww"], rest: ["ww"] }), [0, 1, 2]);
  assertEquals(find({ first: ["rw"], rest: ["ww", "wr"] }), [4, 5]);
  assertEquals(find({ first: ["wr"], rest: ["ww", "wr"] }), null);
  assertEquals(
    find({ first: ["wr"], rest: ["ww", "wr", "rw"] }),
    [3, 4, 1],
  );
  const apart: CycleSpec = {
    first: ["rw"],
    rest: ["ww", "wr", "rw"],
    nonadjacent: true,
    needs: ["rw"],
  };
  assertEquals(find(apart), null);
});

Deno.test("a search that follows more edges than it may says so", () => {
  const ring = Array.from({ length: 9 }, (_, i) => `${i} ww ${(i + 1) % 9}`);
  const graph = graphOf(9, ...ring);
  const spec: CycleSpec = { first: ["ww"], rest: ["ww"] };
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  assertEquals(everything(graph).find(spec), { cycle: all, complete: true });
  assertEquals(everything(graph).find(spec, 3), {
    cycle: null,
    complete: false,
  });
});

Deno.test("a cycle that no search finds in time is reported without a name", () => {
  const graph = graphOf(4, "0 ww 1", "1 ww 2", "2 ww 3", "3 ww 0");
  const reportable = new Set(["G0", "PL-1-cycle-exists"]);
  assertEquals(findCycles(graph, reportable, 1), {
    cycles: new Map(),
    timeouts: [{ type: "G0", size: 4 }],
    unnamed: { type: "PL-1-cycle-exists", subgraph: ["ww"], scc: [0, 1, 2, 3] },
  });
  assertEquals(findCycles(graph, reportable).cycles.get("G0"), [[0, 1, 2, 3]]);
});

Deno.test("searches find the same sorts of cycle as trying all paths (300 random graphs)", () => {
  const random = seeded(1);
  const flows: readonly EdgeKind[] = ["ww", "wr"];
  const sorts: [string, CycleSpec][] = [
    ["G0", { first: ["ww"], rest: ["ww"] }],
    ["G1c", { first: ["wr"], rest: flows }],
    ["G-single-item", { first: ["rw"], rest: flows }],
    ["G-single-item-realtime", {
      first: ["rw"],
      rest: [...flows, "process", "realtime"],
      needs: ["realtime"],
    }],
  ];
  const seen = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const graph = randomGraph(random, 6);
    const names = new Set([...allCycles(graph)].map(classify));
    for (const [name, spec] of sorts) {
      const { cycle, complete } = everything(graph).find(spec);
      assert(complete);
      assertEquals(cycle !== null, names.has(name), name);
      if (cycle) seen.set(name, (seen.get(name) ?? 0) + 1);
    }
  }
  for (const [name] of sorts) assert(seen.get(name)! > 10, name);
});

Deno.test("real-time order is reduced, and its closure is complete (50 random histories)", () => {
  const random = seeded(2);
  for (let i = 0; i < 50; i++) {
    const processes = 1 + random.int(5);
    const spans = randomSpans(random, processes, 40);
    const graph = new DependencyGraph(spans.length);
    linkRealtimeOrder(graph, spans);
    const edges = spans.flatMap(({ id }) => [...graph.kinds(id)]).length;
    assert(edges <= spans.length * processes);
    const after = spans.map(() => new Set<number>());
    for (const { id } of spans.toReversed()) {
      for (const next of graph.successors(id).keys()) {
        after[id]!.add(next);
        for (const later of after[next]!) after[id]!.add(later);
      }
    }
    for (const a of spans) {
      for (const b of spans) {
        // What did not succeed precedes nothing.
        const precedes = a.op.type === "ok" &&
          a.op.index < b.invocation.index;
        assertEquals(after[a.id]!.has(b.id), precedes, `${a.id} ${b.id}`);
      }
    }
  }
});

/** Transactions of processes that each do one thing at a time. */
function randomSpans(
  random: Random,
  processes: number,
  count: number,
): Transaction[] {
  const ended: Transaction[] = [];
  const open = new Map<number, Op>();
  for (let index = 0; ended.length < count; index++) {
    const process = random.int(processes);
    const op: Op = {
      index,
      time: index,
      type: random.pick(["ok", "ok", "ok", "info", "fail"]),
      process,
      f: "txn",
      value: [],
    };
    const invocation = open.get(process);
    if (invocation) ended.push({ id: ended.length, op, invocation, mops: [] });
    if (invocation) open.delete(process);
    else open.set(process, { ...op, type: "invoke" });
  }
  return ended;
}

Deno.test("a stronger model forbids all that a weaker one does", () => {
  const chains = [
    "read-uncommitted read-committed cursor-stability repeatable-read serializable",
    "read-committed read-atomic snapshot-isolation serializable strict-serializable",
    "snapshot-isolation strong-session-snapshot-isolation strong-snapshot-isolation strict-serializable",
    "read-committed strong-session-read-committed strong-read-committed strong-snapshot-isolation",
  ];
  for (const chain of chains) {
    const models = chain.split(" ").map(modelNamed);
    models.slice(1).forEach((stronger, i) => {
      const forbidden = forbiddenBy([stronger]);
      const weaker = forbiddenBy([models[i]!]);
      assert(weaker.isSubsetOf(forbidden), `${models[i]} ${stronger}`);
      assert(weaker.size < forbidden.size, `${models[i]} ${stronger}`);
    });
  }
});

Deno.test("the named levels forbid what their definitions say", () => {
  const forbids = (model: string, ...anomalies: string[]) => {
    const forbidden = forbiddenBy([modelNamed(model)]);
    return anomalies.filter((anomaly) => forbidden.has(anomaly));
  };
  const all = ["G0", "G1c", "internal", "lost-update", "G-single-item"];
  all.push("G-nonadjacent-item", "G2-item", "G-single-item-realtime");
  assertEquals(forbids("PL-1", ...all), all.slice(0, 1));
  assertEquals(forbids("read-committed", ...all), all.slice(0, 2));
  assertEquals(forbids("monotonic-atomic-view", ...all), all.slice(0, 2));
  assertEquals(forbids("read-atomic", ...all), all.slice(0, 3));
  assertEquals(forbids("snapshot-isolation", ...all), all.slice(0, 6));
  assertEquals(
    forbids("repeatable-read", ...all),
    all.slice(0, 7).filter((anomaly) => anomaly !== "internal"),
  );
  assertEquals(forbids("serializable", ...all), all.slice(0, 7));
  assertEquals(forbids("strict-serializable", ...all), all);
  assertThrows(() => modelNamed("read-committed,serializable"), CheckerError);
});

Deno.test("anomalies rule out the weakest models and all stronger ones", () => {
  const all = ruledOutBy(["G0"]);
  assertEquals(all.not, ["read-uncommitted"]);
  assertEquals(all.alsoNot.length, 24);
  assertEquals(ruledOutBy(["G2-item"]), {
    not: ["repeatable-read"],
    alsoNot: [
      "serializable",
      "strong-serializable",
      "strong-session-serializable",
    ],
  });
  assertEquals(ruledOutBy(["internal", "lost-update"]).not, [
    "cursor-stability",
    "read-atomic",
  ]);
  assertEquals(ruledOutBy(["cycle-search-timeout"]), { not: [], alsoNot: [] });
});
