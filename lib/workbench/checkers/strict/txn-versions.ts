/**
 * The version order, as far as a recording shows it.
 *
 * In Adya's definitions, the versions of a key are in the order in which the system installed them. For
 * registers, Elle can only infer parts of that order: a blind write does not show what it replaced.
 * Three facts show more than Elle uses. They assume only that a replica never goes back to a version
 * that it has replaced:
 * - a transaction that read a version and wrote the key followed that version;
 * - what a replica holds later follows what it held before (a replica being one node,
 *   or, where everybody is promised the same order, all of them together);
 * - what all replicas hold in the end follows everything else.
 *
 * Lists need none of this: every read shows the order of all its elements.
 */
import { BIT, type DependencyGraph } from "../elle/graph.ts";
import { isShown, NONE, readOf, STEP, writtenBy } from "../elle/steps.ts";
import { Findings } from "../findings.ts";
import { cycleAnomalies } from "./txn-cycles.ts";
import { finalStates } from "./txn-convergence.ts";
import {
  graphOf,
  show,
  tell,
  type TxnHistory,
  writerOf,
} from "./txn-history.ts";
import { replicasOf, type Scope } from "./txn-replicas.ts";
import type { Finding } from "../verdict.ts";

/** Adds the `ww` edges that writes imply to a graph of all transactions. */
export function linkVersions(
  graph: DependencyGraph,
  history: TxnHistory,
  scope: Scope,
): void {
  if (history.write === "append") return linkListOrder(graph, history);
  linkFinalWriters(graph, history);
  const { effective, steps } = history;
  const { starts, keys, bits } = steps;
  for (const { id } of effective) {
    for (let step = starts[id]!; step < starts[id + 1]!; step++) {
      if ((bits[step]! & STEP.firstWrite) === 0) continue;
      const read = readOf(steps, id, keys[step]!);
      const before = read === NONE ? NONE : writerOf(history, read);
      if (before !== NONE) linkWrites(graph, history, keys[step]!, before, id);
    }
  }
  const replicas = replicasOf(history, scope), { txns, writes } = replicas;
  replicas.forEachPair((earlier, later) => {
    if (writes[earlier] === NONE || writes[later] === NONE) return;
    const key = replicas.keys[earlier]!;
    linkWrites(graph, history, key, txns[earlier]!, txns[later]!);
  });
}

/** Adds those that reads imply: a version found later follows the one found before. */
export function linkFoundVersions(
  graph: DependencyGraph,
  history: TxnHistory,
  scope: Scope,
): void {
  if (history.write === "append") return;
  const replicas = replicasOf(history, scope);
  replicas.forEachPair((earlier, later) => {
    const before = replicas.leftBy(earlier), after = replicas.foundBy(later);
    if (before === NONE || after === NONE) return;
    linkWrites(graph, history, replicas.keys[earlier]!, before, after);
  });
}

/**
 * The order that writes alone imply. It also holds for stores with stale reads, where what is
 * found later need not have been written later.
 */
export function writeOrder(history: TxnHistory): DependencyGraph {
  const graph = graphOf(history);
  linkVersions(graph, history, "node");
  return graph;
}

/** All that is known of the order of writes, where each node has its own sequence of versions. */
export function versionOrder(history: TxnHistory): DependencyGraph {
  const graph = graphOf(history);
  linkVersions(graph, history, "node");
  linkFoundVersions(graph, history, "node");
  return graph;
}

/**
 * Transactions that overwrote each other in a cycle: `G0`, or `cyclic-versions` if all is about
 * one key, which replicas then changed in different orders.
 */
export function dirtyWrites(
  history: TxnHistory,
  order = versionOrder(history),
): Finding[] {
  return cycleAnomalies(order, history, "session");
}

/** Reads of null where there had been a value before: `vanished-value`. */
export function vanished(history: TxnHistory, scope: Scope): Finding[] {
  const findings = new Findings();
  const { all, steps } = history, replicas = replicasOf(history, scope);
  const { txns, keys, reads } = replicas;
  replicas.forEachPair((earlier, later) => {
    const before = replicas.leftBy(earlier), read = reads[later]!;
    if (before === NONE || all[before]!.outcome === "fail") return;
    if (read === NONE || steps.from[read] !== steps.to[read]) return;
    findings.add(
      "vanished-value",
      `${tell(all[txns[later]!]!)} found nothing under key ${
        show(steps.versions.keys[keys[later]!])
      }, where there had been a value at the end of ${
        tell(all[txns[earlier]!]!)
      }`,
    );
  });
  return findings.all();
}

/** Records that one transaction's write of a key came before another's. */
export function linkWrites(
  graph: DependencyGraph,
  { steps }: TxnHistory,
  key: number,
  before: number,
  after: number,
): void {
  if (before === after) return;
  const version = writtenBy(steps, before, key);
  graph.link(before, after, BIT.ww, key, version, writtenBy(steps, after, key));
}

/** The version that all replicas hold in the end follows every other. */
function linkFinalWriters(graph: DependencyGraph, history: TxnHistory): void {
  const { steps: { txns }, writes } = history;
  for (const [key, states] of finalStates(history)) {
    if (states.length !== 1) continue;
    const last = writerOf(history, states[0]!.step);
    if (last === NONE) continue;
    for (let i = writes.starts[key]!; i < writes.starts[key + 1]!; i++) {
      linkWrites(graph, history, key, txns[writes.members[i]!]!, last);
    }
  }
}

/** A list's elements were appended in the order in which they stand in it. */
function linkListOrder(graph: DependencyGraph, history: TxnHistory): void {
  const { effective, steps, writers } = history;
  const { versions, starts, keys, from, to, elements } = steps;
  /** By element, the one before it when they were last linked: most lists agree. */
  const linked = new Int32Array(versions.values.length).fill(NONE);
  for (const { id } of effective) {
    for (let step = starts[id]!; step < starts[id + 1]!; step++) {
      if (!isShown(steps, step)) continue;
      let before = NONE;
      for (let at = from[step]!; at < to[step]!; at++) {
        const element = elements[at]!;
        if (writers[element] === NONE) continue;
        if (before !== NONE && linked[element] !== before) {
          linked[element] = before;
          const [a, b] = [writers[before]!, writers[element]!];
          linkWrites(graph, history, keys[step]!, a, b);
        }
        before = element;
      }
    }
  }
}
