/** Describes cycles in the form of Elle's results, and in sentences. */
import type { Json, JsonObject } from "../../history/json.ts";
import type { Dependency, DependencyGraph } from "./graph.ts";
import { named, shown, type Transaction } from "./txn.ts";
import { jsonKey, opJson } from "../json-key.ts";

/** How a workload's micro-operations relate to versions. */
export interface Versions {
  /** What writing is called: `"w"` or `"append"`. */
  write: string;
  /** The version that a read of this value saw. */
  read(value: Json): Json;
  /** What the version before all writes is called in results. */
  initial: Json;
}

function mopIndex(
  { mops }: Transaction,
  f: string,
  key: Json,
  matches: (value: Json) => boolean,
): number {
  return mops.findIndex((mop) =>
    mop[0] === f && jsonKey(mop[1]) === jsonKey(key) && matches(mop[2])
  );
}

function step(
  a: Transaction,
  b: Transaction,
  { kind, key = null, value = null, next = null }: Dependency,
  versions: Versions,
): JsonObject {
  if (kind === "process") return { type: kind };
  if (kind === "realtime") {
    return { type: kind, "a'": opJson(a.op), b: opJson(b.invocation) };
  }
  const is = (version: Json) => (seen: Json) =>
    jsonKey(seen) === jsonKey(version);
  const reads = (seen: Json) => is(value)(versions.read(seen));
  return {
    type: kind,
    key,
    value,
    ...(kind !== "wr" && { "value'": next }),
    "a-mop-index": kind === "rw"
      ? mopIndex(a, "r", key, reads)
      : mopIndex(a, versions.write, key, is(value)),
    "b-mop-index": kind === "wr"
      ? mopIndex(b, "r", key, reads)
      : mopIndex(b, versions.write, key, is(next)),
  };
}

function sentence(
  a: string,
  b: string,
  { kind, key, value, next }: Dependency,
  initial: Json,
): string {
  const of = `of key ${shown(key)}`;
  const version = value === initial ? "the initial version" : shown(value);
  switch (kind) {
    case "ww":
      return `${a} wrote ${version} ${of}, which ${b} followed with ${
        shown(next)
      }`;
    case "wr":
      return `${a} wrote ${version} ${of}, which ${b} read`;
    case "rw":
      return `${a} read ${version} ${of}, which ${b} followed with ${
        shown(next)
      }`;
    case "process":
      return `${a} came before ${b} in one process`;
    case "realtime":
      return `${a} had ended when ${b} began`;
  }
}

/**
 * A cycle as Elle reports it (the first transaction is repeated at the end), with
 * `explanation` beside: for every edge why the one precedes the other.
 *
 * @param cycle each transaction precedes the next, and the last the first
 */
export function explainCycle(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
  cycle: readonly number[],
  type: string,
  versions: Versions,
): JsonObject {
  const ops = cycle.map((id) => transactions[id]!);
  const edges = cycle.map((from, i) => {
    const j = (i + 1) % cycle.length;
    return { i, j, why: graph.dependencies(from, cycle[j]!)[0]! };
  });
  const because = edges.map(({ i, j, why }) =>
    sentence(
      i === 0 ? named(ops[i]!, 1) : `T${i + 1}`,
      j > i ? named(ops[j]!, j + 1) : `T${j + 1}`,
      why,
      versions.initial,
    )
  );
  return {
    type,
    cycle: [...ops, ops[0]!].map(({ op }) => opJson(op)),
    steps: edges.map(({ i, j, why }) => step(ops[i]!, ops[j]!, why, versions)),
    explanation: `${because.join("; ")}: each of them precedes ${
      cycle.length === 1 ? "itself" : "the others and follows them"
    }.`,
  };
}
