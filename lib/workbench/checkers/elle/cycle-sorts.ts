/** The sorts of cycles that Elle looks for, and the subgraphs of which it asks whether they have any. */
import { BIT, type EdgeKind } from "./graph.ts";

/** How anti-dependencies occur in a cycle: one, several, or several of which no two are adjacent. */
type AntiDependencies = "none" | "one" | "several" | "apart";

/** A sort of cycle. */
export interface Sort {
  type: string;
  /** Kinds that may be taken at any time, and those of which one must be, as bits. */
  legal: number;
  wanted: readonly number[];
  anti: AntiDependencies;
  /** Whether the explained cycle must be of this very type. */
  exact: boolean;
  /** The model whose subgraph has a cycle if this sort is there. */
  model: string;
}

/** A sort's place among others: it implies the sorts of its line that come before it in neither depth nor order. */
export interface Place {
  line: "writes" | "reads";
  depth: number;
  order: number;
}

const FLOWS = BIT.ww | BIT.wr;

const BASES: readonly (Omit<Sort, "model"> & { level: string } & Place)[] = [
  {
    ...{ type: "G0", legal: BIT.ww, wanted: [], anti: "none", exact: false },
    ...{ level: "read-uncommitted", line: "writes", depth: 0, order: 0 },
  },
  {
    ...{ type: "G1c", legal: FLOWS, wanted: [BIT.wr], anti: "none" },
    ...{ exact: false, level: "read-committed" },
    ...{ line: "writes", depth: 1, order: 0 },
  },
  {
    ...{ type: "G-single-item", legal: FLOWS, wanted: [], anti: "one" },
    ...{ exact: true, level: "snapshot-isolation" },
    ...{ line: "reads", depth: 0, order: 0 },
  },
  {
    ...{ type: "G-nonadjacent-item", legal: FLOWS, wanted: [], anti: "apart" },
    ...{ exact: true, level: "snapshot-isolation" },
    ...{ line: "reads", depth: 1, order: 0 },
  },
  {
    ...{ type: "G2-item", legal: FLOWS | BIT.rw, wanted: [], anti: "several" },
    ...{ exact: true, level: "repeatable-read" },
    ...{ line: "reads", depth: 2, order: 0 },
  },
];

/** The orders in time, each with what it adds to the names of types and models. */
const ORDERS: readonly { kind: EdgeKind | null; prefix: string }[] = [
  { kind: null, prefix: "" },
  { kind: "process", prefix: "strong-session-" },
  { kind: "realtime", prefix: "strong-" },
];

/** A model with an order in time is called as Elle calls it. */
function ordered(level: string, prefix: string): string {
  if (prefix === "") return level;
  return prefix + (level === "repeatable-read" ? "serializable" : level);
}

/** Every sort, those that imply others before them. */
export const SORTS: readonly (Sort & Place)[] = ORDERS.flatMap((
  { kind, prefix },
  order,
) =>
  BASES.map(({ level, ...base }) => ({
    ...base,
    order,
    type: kind === null ? base.type : `${base.type}-${kind}`,
    legal: base.legal | (kind === null ? 0 : BIT[kind]),
    wanted: kind === null ? base.wanted : [...base.wanted, BIT[kind]],
    model: ordered(level, prefix),
  }))
);

/** Whether a sort that was found makes it needless to look for another. */
export function implies(a: Place, b: Place): boolean {
  return a.line === b.line && a.depth <= b.depth && a.order <= b.order;
}

/** Which subgraph may have no cycle if a model holds. */
export interface Subgraph {
  type: string;
  model: string;
  kinds: readonly EdgeKind[];
  /** Only cycles in which no two anti-dependencies are adjacent count. */
  apart: boolean;
}

/** The subgraphs, weakest model first. */
export const SUBGRAPHS: readonly Subgraph[] = ORDERS.flatMap(
  ({ kind, prefix }) => {
    const order = kind === null ? [] : [kind];
    const subgraph = (
      name: string,
      level: string,
      kinds: EdgeKind[],
      apart = false,
    ): Subgraph => ({
      type: `${name}-cycle-exists`,
      model: ordered(level, prefix),
      kinds: [...kinds, ...order],
      apart,
    });
    const strong = kind !== null;
    return [
      subgraph(`${prefix}PL-1`, "read-uncommitted", ["ww"]),
      subgraph(`${prefix}PL-2`, "read-committed", ["ww", "wr"]),
      subgraph(
        strong ? `${prefix}snapshot-isolation` : "PL-SI",
        "snapshot-isolation",
        ["ww", "wr", "rw"],
        true,
      ),
      subgraph(
        kind === null
          ? "PL-2.99"
          : kind === "process"
          ? "strong-session-serializable"
          : "PL-SS",
        "repeatable-read",
        ["ww", "wr", "rw"],
      ),
    ];
  },
);

/** The model that each sign of a cycle refutes, by the sign's type. */
export const REFUTED: ReadonlyMap<string, string> = new Map(
  SUBGRAPHS.map(({ type, model }) => [type, model]),
);
