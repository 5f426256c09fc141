/**
 * The version orders of registers, and the dependencies that follow from them.
 * A register does not show which value it had before, so the order of its
 * versions is known only in parts: the initial null comes first, and a
 * transaction that read a version and wrote another wrote a later one.
 */
import type { Json, JsonObject } from "../../history/json.ts";
import { Column, grouped, type Groups } from "./columns.ts";
import { componentsOf, stronglyConnected } from "./components.ts";
import { BIT, DependencyGraph } from "./graph.ts";
import {
  isShown,
  isWrite,
  NONE,
  STEP,
  type Steps,
  versionOf,
} from "./steps.ts";
import { shown, type Transaction } from "./txn.ts";
import { CheckerError } from "../verdict.ts";

/** A register whose versions each precede the other. */
export interface CyclicVersions {
  key: Json;
  values: Json[];
}

/** What transactions that succeeded saw of each other, as numbers. */
interface Registers {
  /** The keys that were read or written, in that order. */
  keys: number[];
  /** By key, the versions that were visible to others, in the order in which they came up. */
  versions: Groups;
  /** By version, who read it before touching the key, and who wrote it and left it. */
  readers: Groups;
  writers: Groups;
  /** By version, those that are known to be later: the initial null precedes all others. */
  later: Groups;
}

function registers(
  all: readonly Transaction[],
  steps: Steps,
): Registers {
  const { versions, txns, keys, bits } = steps;
  const count = versions.values.length;
  const visible: number[] = [];
  const isVisible = new Uint8Array(count), followsNull = new Uint8Array(count);
  const read = new Int32Array(keys.length).fill(NONE);
  const written = new Int32Array(keys.length).fill(NONE);
  const before = new Column(), after = new Column();
  /** By key, the last read of a version that others wrote. */
  const readAt = new Int32Array(versions.keys.length).fill(NONE);
  for (let step = 0; step < keys.length; step++) {
    const key = keys[step]!, version = versionOf(steps, step);
    if (all[txns[step]!]!.op.type !== "ok") continue;
    if (!isWrite(steps, step)) {
      if (!isShown(steps, step)) continue;
      read[step] = version;
      readAt[key] = step;
    } else {
      if ((bits[step]! & STEP.lastWrite) === 0) continue;
      written[step] = version;
      const replaced = readAt[key]!;
      if (replaced !== NONE && txns[replaced] === txns[step]) {
        before.push(read[replaced]!);
        after.push(version);
        if (versions.values[read[replaced]!] === null) followsNull[version] = 1;
      }
    }
    if (isVisible[version] === 0) visible.push(version);
    isVisible[version] = 1;
  }
  const initial = new Int32Array(versions.keys.length).fill(NONE);
  for (const version of visible) {
    if (versions.values[version] === null) {
      initial[versions.keyOf[version]!] = version;
    }
  }
  for (const version of visible) {
    const first = initial[versions.keyOf[version]!]!;
    if (first === NONE || first === version || followsNull[version]) continue;
    before.push(first);
    after.push(version);
  }
  const keyOf = Int32Array.from(visible, (version) => versions.keyOf[version]!);
  return {
    keys: [...new Set(keyOf)],
    versions: grouped(keyOf, versions.keys.length, Int32Array.from(visible)),
    readers: grouped(read, count, txns),
    writers: grouped(written, count, txns),
    later: grouped(before.values, count, after.values),
  };
}

/** The members of a group. */
function membersOf({ starts, members }: Groups, group: number): Int32Array {
  return members.subarray(starts[group]!, starts[group + 1]!);
}

/** The contradictions between versions, by key. */
function cyclicVersions(
  { keys, versions, later }: Registers,
  { versions: { keys: names, values, keyOf } }: Steps,
): Map<number, CyclicVersions[]> {
  const found = new Map<number, CyclicVersions[]>();
  const { cyclic } = componentsOf({
    starts: later.starts,
    targets: later.members,
  });
  const suspects = new Set(cyclic.map(([version]) => keyOf[version!]!));
  for (const key of keys) {
    if (!suspects.has(key)) continue;
    const all = [...membersOf(versions, key)];
    const place = new Map(all.map((version, i) => [version, i]));
    const { cyclic } = stronglyConnected(
      all.length,
      (v) => [...membersOf(later, all[v]!)].map((next) => place.get(next)!),
    );
    found.set(
      key,
      cyclic.map((scc) => ({
        key: names[key]!,
        values: scc.map((v) => values[all[v]!]!),
      })),
    );
  }
  return found;
}

/** Links the writer of each version of a key to its readers. */
function linkReads(
  graph: DependencyGraph,
  { versions, readers, writers }: Registers,
  key: number,
  all: readonly Transaction[],
): void {
  for (const version of membersOf(versions, key)) {
    const reading = membersOf(readers, version);
    if (reading.length === 0) continue;
    const writing = membersOf(writers, version);
    if (writing.length > 1) {
      const indices = [...writing].map((id) => all[id]!.op.index).join(", ");
      throw new CheckerError(
        `Key ${shown(graph.versions.keys[key])} had value ${
          shown(graph.versions.values[version])
        } written by more than one op: ${indices}`,
      );
    }
    for (const writer of writing) {
      for (const reader of reading) {
        graph.link(writer, reader, BIT.wr, key, version);
      }
    }
  }
}

/** Links who wrote or read each version of a key to the writers of those that follow. */
function linkWrites(
  graph: DependencyGraph,
  { versions, readers, writers, later }: Registers,
  key: number,
): void {
  /** Links those who had to do with a version to the writers of a later one. */
  const link = (
    kind: number,
    { starts, members }: Groups,
    version: number,
    next: number,
  ) => {
    for (let i = starts[version]!; i < starts[version + 1]!; i++) {
      const before = members[i]!;
      for (let j = writers.starts[next]!; j < writers.starts[next + 1]!; j++) {
        const after = writers.members[j]!;
        if (after === before) graph.noteSelf();
        else graph.link(before, after, kind, key, version, next);
      }
    }
  };
  for (const version of membersOf(versions, key)) {
    for (const next of membersOf(later, version)) {
      link(BIT.ww, writers, version, next);
      link(BIT.rw, readers, version, next);
    }
  }
}

/** What registers tell of the order of transactions. */
export interface RegisterDependencies {
  /** Vertices are transactions by their `id`. */
  graph: DependencyGraph;
  /** Keys whose versions contradict each other; they give the graph reads only. */
  cyclic: CyclicVersions[];
}

/**
 * Builds the graph of `ww`, `wr` and `rw` dependencies from transactions that
 * succeeded. An edge with several reasons is explained by a read of a write, if
 * it has one: without it, nothing would be known of the order of writes.
 *
 * @param all every transaction, in the order of `id`
 * @param steps theirs
 * @throws {CheckerError} two transactions wrote one value, and it was read
 */
export function registerDependencies(
  all: readonly Transaction[],
  steps: Steps,
): RegisterDependencies {
  const graph = new DependencyGraph(all.length, {
    versions: steps.versions,
    precedence: ["wr", "ww", "rw", "process", "realtime"],
  });
  const seen = registers(all, steps);
  const cyclic = cyclicVersions(seen, steps);
  for (const key of seen.keys) {
    linkReads(graph, seen, key, all);
    if (!cyclic.has(key)) linkWrites(graph, seen, key);
  }
  return { graph, cyclic: [...cyclic.values()].flat() };
}

/** Cyclic version orders as results show them. */
export function cyclicVersionCases(
  cyclic: readonly CyclicVersions[],
): JsonObject[] {
  return cyclic.map(({ key, values }) => ({
    key,
    scc: values,
    sources: ["initial-state", "wfr-keys"],
    explanation:
      `By what transactions read before they wrote key ${shown(key)}, ` +
      `its versions ${values.map(shown).join(", ")} each precede the others.`,
  }));
}
