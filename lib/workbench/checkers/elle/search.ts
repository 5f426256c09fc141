/**
 * Finds the cyclic anomalies of a dependency graph, for the strict judge; `cases.ts` finds what Elle
 * would list. Each strongly connected component is searched for each sort of cycle, from the worst on,
 * so it is reported by its worst anomaly, with one shortest cycle for each sort.
 */
import { SUBGRAPHS } from "./cycle-sorts.ts";
import { classify, Component, type CycleSpec, kindsOf } from "./cycles.ts";
import { stronglyConnected } from "./components.ts";
import { BIT, type DependencyGraph, type EdgeKind } from "./graph.ts";

/** What was found. */
export interface FoundCycles {
  /** The transactions of each cycle, by anomaly. */
  cycles: Map<string, number[][]>;
  /** The sorts of cycle for which a search was given up, and the size of the component. */
  timeouts: { type: string; size: number }[];
  /** A component in which no cycle of a sort could be named, although there is one. */
  unnamed?: UnnamedCycle;
}

/** Proof that there is a cycle of these edges. */
export interface UnnamedCycle {
  /** `PL-1-cycle-exists` and the like. */
  type: string;
  subgraph: EdgeKind[];
  scc: number[];
}

const WRITES: readonly EdgeKind[] = ["ww"];
const FLOWS: readonly EdgeKind[] = ["ww", "wr"];
const ALL: readonly EdgeKind[] = ["ww", "wr", "rw"];

interface Sort {
  type: string;
  spec: CycleSpec;
  /** Having one of these, a component has this one too, and need not be searched for it. */
  impliedBy: readonly string[];
}

/** The sorts of cycle without any edge of process or real-time order, from the worst on. */
const PLAIN: readonly Sort[] = [
  { type: "G0", spec: { first: WRITES, rest: WRITES }, impliedBy: [] },
  { type: "G1c", spec: { first: ["wr"], rest: FLOWS }, impliedBy: ["G0"] },
  {
    type: "G-single-item",
    spec: { first: ["rw"], rest: FLOWS },
    impliedBy: [],
  },
  {
    type: "G-nonadjacent-item",
    spec: { first: ["rw"], rest: ALL, nonadjacent: true },
    impliedBy: ["G-single-item"],
  },
  {
    type: "G2-item",
    spec: { first: ["rw"], rest: ALL },
    impliedBy: ["G-single-item", "G-nonadjacent-item"],
  },
];

/** The same sorts with an edge of this order. */
function ordered(order: "process" | "realtime"): Sort[] {
  return PLAIN.map(({ type, spec, impliedBy }) => {
    const rest = [...spec.rest, order];
    const lead = type === "G0" || type === "G1c";
    return {
      type: `${type}-${order}`,
      spec: lead
        ? { first: [order], rest, ...(type === "G1c" && { needs: ["wr"] }) }
        : { ...spec, rest, needs: [order] },
      impliedBy: impliedBy.map((worse) => `${worse}-${order}`),
    };
  });
}

/** In a component with one of these, cycles that need another's edges say nothing new. */
const GENERATIONS: readonly (readonly Sort[])[] = [
  PLAIN,
  ordered("process"),
  ordered("realtime"),
];

/**
 * Proves that a graph has a cycle of some sort without finding it. Its vertices
 * are doubled for `apart`: one where a path arrives by an `rw` edge, and
 * may not leave by another, and one where it arrives by any other.
 */
function unnamedCycle(
  graph: DependencyGraph,
  reportable: ReadonlySet<string>,
): UnnamedCycle | undefined {
  for (const { type, kinds, apart } of SUBGRAPHS) {
    if (!reportable.has(type)) continue;
    const wanted = kinds.reduce((all, kind) => all | BIT[kind], 0);
    const successors = function* (state: number): Generator<number> {
      for (const [to, all] of graph.kinds(state >> 1)) {
        const anti = (all & wanted) === BIT.rw;
        if ((all & wanted) === 0 || (state & 1 && anti)) continue;
        yield 2 * to + (apart && anti ? 1 : 0);
      }
    };
    const { cyclic } = stronglyConnected(2 * graph.size, successors);
    const states = cyclic[0];
    if (!states) continue;
    const scc = [...new Set(states.map((state) => state >> 1))];
    return { type, subgraph: [...kinds], scc };
  }
  return undefined;
}

/**
 * Searches a graph for the anomalies that are to be reported.
 *
 * A component with a cycle of dependencies alone is not searched for cycles that
 * need process or real-time order as well: those would be reports of the same
 * confusion.
 *
 * @param graph with the edges of process or real-time order that the anomalies need
 * @param reportable names of anomalies; others are passed over
 * @param budget how many edges a search may follow, see {@link Component.find}
 */
export function findCycles(
  graph: DependencyGraph,
  reportable: ReadonlySet<string>,
  budget?: number,
): FoundCycles {
  const found: FoundCycles = { cycles: new Map(), timeouts: [] };
  const { cyclic } = graph.components();
  for (const vertices of cyclic) {
    const component = new Component(graph, vertices);
    const here = new Set<string>();
    for (const sorts of GENERATIONS) {
      if (here.size > 0) break;
      for (const { type, spec, impliedBy } of sorts) {
        if (!reportable.has(type)) continue;
        if (impliedBy.some((worse) => here.has(worse))) continue;
        const { cycle, complete } = component.find(spec, budget);
        if (!complete) found.timeouts.push({ type, size: vertices.length });
        if (!cycle || classify(kindsOf(graph, cycle)) !== type) continue;
        here.add(type);
        found.cycles.set(type, [...(found.cycles.get(type) ?? []), cycle]);
      }
    }
  }
  if (cyclic.length > 0 && found.cycles.size === 0) {
    const unnamed = unnamedCycle(graph, reportable);
    if (unnamed) found.unnamed = unnamed;
  }
  return found;
}
