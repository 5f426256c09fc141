/** Checks by final reads that all replicas are equal and no acknowledged write is lost. */
import { stringify } from "../../history/json.ts";
import { areEqual, everyWritten, isShown } from "../elle/steps.ts";
import { Findings } from "../findings.ts";
import {
  show,
  showElements,
  tell,
  type Txn,
  type TxnHistory,
} from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** A value of a key, and the nodes that had it in the end. */
export interface FinalState {
  /** A read that found it. */
  step: number;
  nodes: string[];
}

/** By key, the different values in the nodes' final reads. Empty without an aftermath. */
export function finalStates(
  { all, steps }: TxnHistory,
): Map<number, FinalState[]> {
  const byKey = new Map<number, FinalState[]>();
  for (const { id, aftermath, node } of all) {
    if (!aftermath) continue;
    for (let step = steps.starts[id]!; step < steps.starts[id + 1]!; step++) {
      if (!isShown(steps, step)) continue;
      const key = steps.keys[step]!;
      const states = byKey.get(key) ?? [];
      byKey.set(key, states);
      const same = states.find((state) => areEqual(steps, state.step, step));
      if (same) same.nodes.push(node);
      else states.push({ step, nodes: [node] });
    }
  }
  return byKey;
}

/** Nodes that refused every request, to send their clients elsewhere. */
export function refusingNodes({ all, nodes }: TxnHistory): string[] {
  const by = Map.groupBy(all, ({ node }) => node);
  return nodes.filter((node) =>
    by.get(node)?.every(({ outcome }) => outcome === "fail")
  );
}

/**
 * `no-final-read`: a node did not answer although everything had healed. For nodes that need not answer,
 * it is a note.
 */
export function missingEndings(
  history: TxnHistory,
  excused: readonly string[] = [],
): Finding[] {
  const findings = new Findings();
  const last = new Map<string, Txn>();
  for (const txn of history.all) {
    if (!txn.aftermath) continue;
    last.set(`${txn.node} ${stringify(txn.invocation.value)}`, txn);
  }
  for (const txn of last.values()) {
    if (txn.outcome === "ok") continue;
    const because =
      `${txn.node}, asked after everything had healed, did not answer ${
        tell(txn)
      }`;
    if (excused.includes(txn.node)) findings.note("no-final-read", because);
    else findings.add("no-final-read", because);
  }
  return findings.all();
}

/**
 * The anomalies of the final state: `no-final-read`, `divergent-replicas`, and `lost-write` for an
 * acknowledged write of which nothing is left, because the key has no value or the list lacks it.
 */
export function endings(
  history: TxnHistory,
  excused?: readonly string[],
): Finding[] {
  const { all, steps, writes, write } = history;
  const { versions, txns, from, to, elements } = steps;
  const findings = new Findings();
  for (const [key, states] of finalStates(history)) {
    const name = show(versions.keys[key]);
    const told = ({ step, nodes }: FinalState) =>
      `${showElements(steps, step) || "nothing"} at ${nodes.join(", ")}`;
    if (states.length > 1) {
      findings.add(
        "divergent-replicas",
        `after the heal, with no traffic since, key ${name} holds ${
          states.map(told).join("; ")
        }`,
      );
    }
    for (const { step, nodes } of states) {
      const present = elements.subarray(from[step]!, to[step]!);
      /** Whether nothing is left of what a transaction wrote to the key. */
      const isGone = (writer: number) => {
        if (write === "w") return present.length === 0;
        const isPresent = (element: number) => present.includes(element);
        return !everyWritten(steps, writer, key, isPresent);
      };
      for (let i = writes.starts[key]!; i < writes.starts[key + 1]!; i++) {
        const writer = all[txns[writes.members[i]!]!]!;
        if (writer.outcome !== "ok" || !isGone(writer.id)) continue;
        findings.add(
          "lost-write",
          `${tell(writer)} was acknowledged, and in the end key ${name} at ${
            nodes.join(", ")
          } holds ${showElements(steps, step) || "nothing"}`,
        );
      }
    }
  }
  return [...missingEndings(history, excused), ...findings.all()];
}
