/**
 * The version orders of registers, and the dependencies that follow from them.
 * A register does not show which value it had before, so the order of its
 * versions is known only in parts: the initial null comes first, and a
 * transaction that read a version and wrote another wrote a later one.
 */
import type { Json, JsonObject } from "../../history/json.ts";
import { stronglyConnected } from "./components.ts";
import { type Dependency, DependencyGraph } from "./graph.ts";
import { shown, type Transaction } from "./txn.ts";
import { type JsonKey, jsonKey } from "../json-key.ts";
import { CheckerError } from "../verdict.ts";

/** One version of one key: who saw it from outside, and what is known to come next. */
interface Version {
  value: Json;
  writers: Transaction[];
  readers: Transaction[];
  next: Set<Version>;
}

/** The versions of one key. */
interface Register {
  key: Json;
  versions: Map<JsonKey, Version>;
}

/** A register whose versions each precede the other. */
export interface CyclicVersions {
  key: Json;
  values: Json[];
}

function registers(ok: readonly Transaction[]): Map<JsonKey, Register> {
  const all = new Map<JsonKey, Register>();
  const versionOf = (key: Json, value: Json): Version => {
    const id = jsonKey(key);
    let register = all.get(id);
    if (!register) all.set(id, register = { key, versions: new Map() });
    let version = register.versions.get(jsonKey(value));
    if (!version) {
      version = { value, writers: [], readers: [], next: new Set() };
      register.versions.set(jsonKey(value), version);
    }
    return version;
  };
  for (const transaction of ok) {
    // Others see a transaction's first access to a key if it reads, and its last write.
    const reads = new Map<JsonKey, Version>();
    const writes = new Map<JsonKey, Version>();
    const lastWrite = new Map<JsonKey, number>();
    transaction.mops.forEach(([f, key], i) => {
      if (f === "w") lastWrite.set(jsonKey(key), i);
    });
    const touched = new Set<JsonKey>();
    transaction.mops.forEach(([f, key, value], i) => {
      const id = jsonKey(key);
      if (f === "r" && !touched.has(id)) reads.set(id, versionOf(key, value));
      if (lastWrite.get(id) === i) writes.set(id, versionOf(key, value));
      touched.add(id);
    });
    for (const version of reads.values()) version.readers.push(transaction);
    for (const [id, version] of writes) {
      version.writers.push(transaction);
      const read = reads.get(id);
      if (read) read.next.add(version);
    }
  }
  for (const { versions } of all.values()) {
    const initial = versions.get(null);
    if (!initial) continue;
    for (const version of versions.values()) {
      if (version !== initial) initial.next.add(version);
    }
  }
  return all;
}

function cyclicVersions({ key, versions }: Register): CyclicVersions[] {
  const all = [...versions.values()];
  const number = new Map(all.map((version, i) => [version, i]));
  const { cyclic } = stronglyConnected(
    all.length,
    (v) => [...all[v]!.next].map((next) => number.get(next)!),
  );
  return cyclic.map((scc) => ({ key, values: scc.map((v) => all[v]!.value) }));
}

function linkReads(graph: DependencyGraph, { key, versions }: Register): void {
  for (const { value, writers, readers } of versions.values()) {
    if (readers.length === 0) continue;
    if (writers.length > 1) {
      const indices = writers.map(({ op }) => op.index).join(", ");
      throw new CheckerError(
        `Key ${shown(key)} had value ${
          shown(value)
        } written by more than one op: ${indices}`,
      );
    }
    for (const writer of writers) {
      for (const reader of readers) {
        graph.link(writer.id, reader.id, { kind: "wr", key, value });
      }
    }
  }
}

function linkWrites(graph: DependencyGraph, { key, versions }: Register): void {
  for (const { value, writers, readers, next } of versions.values()) {
    for (const later of next) {
      const link = (kind: Dependency["kind"], before: Transaction) => {
        for (const { id } of later.writers) {
          if (id === before.id) continue;
          graph.link(before.id, id, { kind, key, value, next: later.value });
        }
      };
      for (const writer of writers) link("ww", writer);
      for (const reader of readers) link("rw", reader);
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
 * @throws {CheckerError} two transactions wrote one value, and it was read
 */
export function registerDependencies(
  all: readonly Transaction[],
): RegisterDependencies {
  const graph = new DependencyGraph(all.length, [
    "wr",
    "ww",
    "rw",
    "process",
    "realtime",
  ]);
  const ok = all.filter(({ op }) => op.type === "ok");
  const cyclic: CyclicVersions[] = [];
  for (const register of registers(ok).values()) {
    linkReads(graph, register);
    const cycles = cyclicVersions(register);
    if (cycles.length === 0) linkWrites(graph, register);
    cyclic.push(...cycles);
  }
  return { graph, cyclic };
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
