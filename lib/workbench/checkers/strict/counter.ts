/**
 * What Maelstrom does not check in counters: reads before the final phase, and whether every node
 * answers a final read at all.
 */
import {
  asDouble,
  asText,
  type Integer,
  isInteger,
  type Json,
  sum,
} from "../../history/json.ts";
import type { Op, Recording } from "../../history/history.ts";
import { nodeOf, nodesOf } from "../../history/options.ts";
import { dueBy } from "../faults.ts";
import { acceptableIntervals } from "../counter.ts";
import { Findings, seconds } from "../findings.ts";
import { pairs } from "../pairs.ts";
import type { Promises } from "../../scenarios/promises.ts";
import type { Finding } from "../verdict.ts";

/** A read that was answered. */
interface Read {
  node: string;
  value: Integer;
  /** When it was invoked and answered, in ns. */
  from: number;
  to: number;
  /** Whether all faults had ended long before it. */
  final: boolean;
}

/** An add, whether or not it was acknowledged. */
interface Add {
  delta: Integer;
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

/** Judges a counter that can also shrink, whose reads may go back. */
export function strictPnCounter(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const adds = addsOf(recording);
  const reads = readsOf(recording);
  const findings = new Findings();
  earlyReads(reads, adds, findings, dueByPromise(recording, promises));
  finalReads(reads, adds, findings);
  // If services keep the value, an add of unknown outcome may still be on its way.
  if (promises.convergenceMs !== undefined) equalReads(reads, findings);
  missingFinalReads(recording, findings);
  return findings.all();
}

function addsOf({ history }: Recording): Add[] {
  return pairs(history).flatMap(({ invocation, completion }) => {
    if (invocation.f !== "add" || completion?.type === "fail") return [];
    const acked = completion?.type === "ok" ? completion.time : Infinity;
    const delta = invocation.value as Integer;
    return { delta, invoked: invocation.time, acked };
  });
}

function readsOf({ history, aftermath, options }: Recording): Read[] {
  const reads = (ops: readonly Op[], node: (op: Op) => string) =>
    pairs(ops).flatMap(({ invocation, completion }): Read[] => {
      if (invocation.f !== "read" || completion?.type !== "ok") return [];
      const { value } = completion;
      return [{
        node: node(invocation),
        value: isInteger(value) ? value : asDouble(value) ?? NaN,
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
 * Checks that a read before the final phase includes every add that the node must know by its promise,
 * and none that had not been invoked when the read was answered.
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
    let least: Integer = 0, leastOfAll: Integer = 0, most: Integer = 0;
    for (const { delta, invoked, acked } of adds) {
      if (invoked > read.to) continue;
      if (delta < 0) leastOfAll = sum(leastOfAll, delta);
      if (acked <= due || delta < 0) least = sum(least, delta);
      if (acked <= due || delta >= 0) most = sum(most, delta);
    }
    const says = `the read of ${read.node} at ${
      seconds(read.from)
    } is ${read.value}`;
    if (read.value < leastOfAll) {
      findings.add(
        "read-too-low",
        `${says}, but with everything that had been requested by then it is at least ${leastOfAll}`,
      );
    } else if (read.value < least) {
      findings.add(
        "stale-read",
        `${says}, but with the adds that were acknowledged by ${
          seconds(due)
        } it is at least ${least}`,
      );
    } else if (read.value > most) {
      findings.add(
        "read-too-high",
        `${says}, but with everything that had been requested by then it is at most ${most}`,
      );
    }
  }
}

/** Returns by when an add must have been acknowledged for a read at a given time to include it. */
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
 * Checks that a read after everything has healed is exact: the sum of all acknowledged adds, and of
 * any of those with unknown outcome.
 */
function finalReads(reads: Read[], adds: Add[], findings: Findings): void {
  const finals = reads.filter(({ final }) => final);
  if (finals.length === 0) return;
  let certain: Integer = 0;
  const maybe: Integer[] = [];
  for (const { acked, delta } of adds) {
    if (acked < Infinity) certain = sum(certain, delta);
    else maybe.push(delta);
  }
  const acceptable = acceptableIntervals(certain, maybe);
  const maybeSum = maybe.length === 0
    ? "no add has an unknown outcome"
    : `those with unknown outcome may add any of ${maybe.join(", ")}`;
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
      }, is ${value}, but the acknowledged adds make ${certain}, and ${maybeSum}`,
    );
  }
}

/** Checks that replicas are equal after everything has healed, whatever the outcome of unknown adds. */
function equalReads(reads: Read[], findings: Findings): void {
  const last = new Map<string, Integer>();
  for (const { node, value, final } of reads) if (final) last.set(node, value);
  if (new Set(last.values()).size < 2) return;
  const told = [...last].map(([node, value]) => `${value} at ${node}`);
  findings.add(
    "divergent-replicas",
    `the last reads, after everything had healed, are ${told.join("; ")}`,
  );
}

/** Checks that every node that was asked at the end answered. */
function missingFinalReads(recording: Recording, findings: Findings): void {
  const { history, aftermath, options } = recording;
  const asked = new Set<string>();
  const answered = new Set<string>();
  /** By node, what came instead of the last answer. */
  const errors = new Map<string, Json>();
  for (const { process, type, f, ...op } of history) {
    if (f !== "read" || op["final?"] !== true) continue;
    const node = nodeOf(Number(process), options);
    if (type === "invoke") asked.add(node);
    if (type === "ok") answered.add(node);
    if (op.error !== undefined) errors.set(node, op.error);
  }
  if (aftermath !== undefined) {
    answered.clear();
    for (const node of nodesOf(options)) asked.add(node);
    for (const { type, node, error } of aftermath.history) {
      if (type === "ok") answered.add(String(node));
      if (error !== undefined) errors.set(String(node), error);
    }
  }
  for (const node of asked) {
    if (answered.has(node)) continue;
    findings.add(
      "no-final-read",
      `${node} was asked for the value after everything had healed, and did not answer with one: ${
        asText(errors.get(node) ?? "no reason given")
          .replace(/^indeterminate: /, "")
      }`,
    );
  }
}

/** Checks that reads of one node do not go back: one that begins after another was answered shows no less. */
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
