/** Final reads: all replicas are equal, and no acknowledged write is lost. */
import { stringify } from "../../history/json.ts";
import { Findings } from "../findings.ts";
import type { JsonKey } from "../json-key.ts";
import { show, tell, type Txn, type TxnHistory } from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** One value of a key, and the nodes that had it in the end. */
export interface FinalState {
  elements: readonly JsonKey[];
  nodes: string[];
}

/** By key, the different values in the nodes' final reads. Empty without an aftermath. */
export function finalStates({ all }: TxnHistory): Map<JsonKey, FinalState[]> {
  const byKey = new Map<JsonKey, FinalState[]>();
  for (const { aftermath, reads, node } of all) {
    if (!aftermath) continue;
    for (const [key, elements] of reads) {
      const states = byKey.get(key) ?? [];
      byKey.set(key, states);
      const same = states.find((state) =>
        state.elements.length === elements.length &&
        state.elements.every((element, i) => element === elements[i])
      );
      if (same) same.nodes.push(node);
      else states.push({ elements, nodes: [node] });
    }
  }
  return byKey;
}

/** Nodes that refused every request: they send their clients elsewhere. */
export function refusingNodes({ all, nodes }: TxnHistory): string[] {
  const by = Map.groupBy(all, ({ node }) => node);
  return nodes.filter((node) =>
    by.get(node)?.every(({ outcome }) => outcome === "fail")
  );
}

/**
 * `no-final-read`: a node that never answered although everything had healed; a note for those
 * that need not.
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
 * Anomalies of the final state: those, `divergent-replicas`, and `lost-write` for an
 * acknowledged write of which nothing is left: the key has no value, or the list lacks it.
 */
export function endings(
  history: TxnHistory,
  excused?: readonly string[],
): Finding[] {
  const findings = new Findings();
  for (const [key, states] of finalStates(history)) {
    if (states.length > 1) {
      const told = states.map(({ elements, nodes }) =>
        `${elements.map(show).join(", ") || "nothing"} at ${nodes.join(", ")}`
      );
      findings.add(
        "divergent-replicas",
        `after the heal, with no traffic since, key ${show(key)} holds ${
          told.join("; ")
        }`,
      );
    }
    for (const { elements, nodes } of states) {
      const present = new Set(elements);
      for (const writer of history.writersOf(key)) {
        if (writer.outcome !== "ok") continue;
        const gone = history.write === "w"
          ? elements.length === 0
          : !writer.writes.get(key)!.every((value) => present.has(value));
        if (!gone) continue;
        findings.add(
          "lost-write",
          `${tell(writer)} was acknowledged, and in the end key ${
            show(key)
          } at ${nodes.join(", ")} holds ${
            elements.map(show).join(", ") || "nothing"
          }`,
        );
      }
    }
  }
  return [...missingEndings(history, excused), ...findings.all()];
}
