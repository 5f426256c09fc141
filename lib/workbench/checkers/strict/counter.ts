/**
 * What Maelstrom does not look at in counters: reads before the final phase, and whether
 * every node has a final read at all.
 */
import { nodeOf, nodesOf, type Op, type Recording } from "../../history.ts";
import { dueBy } from "../calm.ts";
import { acceptableIntervals } from "../counter.ts";
import { Findings } from "../findings.ts";
import { pairs } from "../pairs.ts";
import type { Promises } from "../../promises.ts";
import type { Finding } from "../verdict.ts";

/** A read that was answered. */
interface Read {
  node: string;
  value: number;
  /** When it was asked and answered, in ns. */
  from: number;
  to: number;
  /** Whether all faults had ended long before. */
  final: boolean;
}

/** An add, whether or not it was acknowledged. */
interface Add {
  delta: number;
  invoked: number;
  /** When it was acknowledged, in ns; Infinity if never. */
  acked: number;
}

/** Judges a grow-only counter. */
export function strictGCounter(
  recording: Recording,
  promises: Promises,
): Finding[] {
  return [
    ...strictPnCounter(recording, promises),
    ...backwards(readsOf(recording)),
  ];
}

/** Judges a counter that also shrinks: its reads may go back. */
export function strictPnCounter(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const adds = addsOf(recording);
  const reads = readsOf(recording);
  const findings = new Findings();
  earlyReads(reads, adds, findings, dueByPromise(recording, promises));
  finalReads(reads, adds, findings);
  // Where services keep the value, an add of unknown outcome may still be on its way.
  if (promises.convergenceMs !== undefined) equalReads(reads, findings);
  missingFinalReads(recording, findings);
  return findings.all();
}

function addsOf({ history }: Recording): Add[] {
  return pairs(history).flatMap(({ invocation, completion }) => {
    if (invocation.f !== "add" || completion?.type === "fail") return [];
    const acked = completion?.type === "ok" ? completion.time : Infinity;
    return { delta: Number(invocation.value), invoked: invocation.time, acked };
  });
}

function readsOf({ history, aftermath, options }: Recording): Read[] {
  const reads = (ops: readonly Op[], node: (op: Op) => string) =>
    pairs(ops).flatMap(({ invocation, completion }): Read[] => {
      if (invocation.f !== "read" || completion?.type !== "ok") return [];
      return [{
        node: node(invocation),
        value: Number(completion.value),
        from: invocation.time,
        to: completion.time,
        final: ops !== history || invocation["final?"] === true,
      }];
    });
  return [
    ...reads(history, ({ process }) => nodeOf(Number(process), options)),
    ...reads(aftermath?.history ?? [], ({ node }) => String(node)),
  ];
}

/**
 * A read before the final phase holds every add that the node must know of by its promise,
 * and none that nobody had asked for when it was answered.
 */
function earlyReads(
  reads: Read[],
  adds: Add[],
  findings: Findings,
  dueBy: (timeNs: number) => number,
): void {
  for (const read of reads) {
    if (read.final) continue;
    const due = dueBy(read.from);
    let certain = 0, least = 0, leastOfAll = 0, most = 0;
    for (const { delta, invoked, acked } of adds) {
      if (invoked > read.to) continue;
      leastOfAll += Math.min(0, delta);
      if (acked <= due) certain += delta;
      else if (delta < 0) least += delta;
      else most += delta;
    }
    const says = `the read of ${read.node} at ${
      seconds(read.from)
    } is ${read.value}`;
    if (read.value < leastOfAll) {
      findings.add(
        "read-too-low",
        `${says}, but with all that had been asked for by then it is ${leastOfAll} at least`,
      );
    } else if (read.value < certain + least) {
      findings.add(
        "stale-read",
        `${says}, but the adds that were acknowledged until ${
          seconds(due)
        } make ${certain + least} at least`,
      );
    } else if (read.value > certain + most) {
      findings.add(
        "read-too-high",
        `${says}, but with all that had been asked for by then it is ${
          certain + most
        } at most`,
      );
    }
  }
}

/** Until when an add must have been acknowledged for a read at a given time to hold it. */
function dueByPromise(
  recording: Recording,
  promises: Promises,
): (timeNs: number) => number {
  const { stalenessMs, convergenceMs, boundsUnderFaults } = promises;
  if (stalenessMs === undefined) return () => -Infinity;
  return dueBy(recording, {
    boundMs: stalenessMs,
    afterHealMs: convergenceMs,
    underFaults: boundsUnderFaults,
  });
}

/**
 * A read after everything healed is exact: all acknowledged adds, and any of those whose
 * outcome is unknown.
 */
function finalReads(reads: Read[], adds: Add[], findings: Findings): void {
  const finals = reads.filter(({ final }) => final);
  if (finals.length === 0) return;
  let sum = 0;
  const maybe: number[] = [];
  for (const { acked, delta } of adds) {
    if (acked < Infinity) sum += delta;
    else maybe.push(delta);
  }
  const acceptable = acceptableIntervals(sum, maybe);
  const maybeSum = maybe.length === 0
    ? "none are of unknown outcome"
    : `those of unknown outcome add some of ${maybe.join(", ")}`;
  for (const { node, value, from } of finals) {
    if (acceptable.some(([a, b]) => a <= value && value <= b)) continue;
    const type = value < acceptable[0]![0]
      ? "read-too-low"
      : value > acceptable.at(-1)![1]
      ? "read-too-high"
      : "inexact-read";
    findings.add(
      type,
      `the last read of ${node}, at ${
        seconds(from)
      }, is ${value}, but the acknowledged adds make ${sum}, and ${maybeSum}`,
    );
  }
}

/** Replicas are equal after everything healed, whatever became of adds of unknown outcome. */
function equalReads(reads: Read[], findings: Findings): void {
  const last = new Map<string, number>();
  for (const { node, value, final } of reads) if (final) last.set(node, value);
  if (new Set(last.values()).size < 2) return;
  const told = [...last].map(([node, value]) => `${value} at ${node}`);
  findings.add(
    "divergent-replicas",
    `the last reads, after everything had healed, are ${told.join("; ")}`,
  );
}

/** Every node that was asked at the end answers. */
function missingFinalReads(recording: Recording, findings: Findings): void {
  const { history, aftermath, options } = recording;
  const asked = new Set<string>();
  const answered = new Set<string>();
  for (const { process, type, f, ...op } of history) {
    if (f !== "read" || op["final?"] !== true) continue;
    const node = nodeOf(Number(process), options);
    if (type === "invoke") asked.add(node);
    if (type === "ok") answered.add(node);
  }
  if (aftermath !== undefined) {
    answered.clear();
    for (const node of nodesOf(options)) asked.add(node);
    for (const { type, node } of aftermath.history) {
      if (type === "ok") answered.add(String(node));
    }
  }
  for (const node of asked) {
    if (answered.has(node)) continue;
    findings.add(
      "no-final-read",
      `${node} was asked for the value after everything had healed, and did not answer with one`,
    );
  }
}

/**
 * Reads of one node do not go backwards: one that begins after another was answered shows
 * no less.
 */
function backwards(reads: Read[]): Finding[] {
  const because: string[] = [];
  for (const own of Map.groupBy(reads, ({ node }) => node).values()) {
    const answered = own.toSorted((a, b) => a.to - b.to);
    let best: Read | null = null, next = 0;
    for (const read of own.toSorted((a, b) => a.from - b.from)) {
      for (; next < answered.length && answered[next]!.to < read.from; next++) {
        if (answered[next]!.value >= (best?.value ?? -Infinity)) {
          best = answered[next]!;
        }
      }
      if (best === null || best.value <= read.value) continue;
      because.push(
        `${read.node} answered ${best.value} at ${
          seconds(best.to)
        }, and ${read.value} to a read that began at ${seconds(read.from)}`,
      );
    }
  }
  return because.length === 0 ? [] : [{ type: "read-went-backwards", because }];
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}
