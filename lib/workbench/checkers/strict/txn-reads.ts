/** What must hold for every reply by itself: the right steps, and values that transactions wrote. */
import { stringify } from "../../history/json.ts";
import { Findings } from "../findings.ts";
import { type JsonKey, jsonKey } from "../json-key.ts";
import {
  elementsOf,
  show,
  tell,
  type Txn,
  type TxnHistory,
} from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** What single replies may contain. */
export interface ReadRules {
  /** Whether what aborted transactions wrote may be read (G1a). */
  aborted: boolean;
  /** Whether values that their transaction wrote over may be read by others (G1b). */
  intermediate: boolean;
  /** Whether two reads of a key in one transaction may differ although it has not written the key. */
  unrepeatable: boolean;
}

/**
 * Anomalies of single replies: `reply-mismatch`, `internal`, `thin-air-read`, `G1a`, `G1b`,
 * `duplicate-elements`.
 */
export function badReads(history: TxnHistory, rules: ReadRules): Finding[] {
  const findings = new Findings();
  for (const txn of history.all) {
    if (txn.outcome !== "ok") continue;
    if (!txn.answered) {
      findings.add(
        "reply-mismatch",
        `${stringify(txn.invocation.value)} was answered with ${
          stringify(txn.op.value)
        } (${txn.session} at ${txn.node})`,
      );
      continue;
    }
    checkInternal(history, txn, rules, findings);
    for (const [key, elements] of txn.reads) {
      checkRead(history, txn, key, elements, rules, findings);
    }
  }
  return findings.all();
}

/** What a transaction must see if it reads a key again. */
interface Known {
  elements: JsonKey[];
  /** Whether it has written the key. */
  own: boolean;
  /**
   * Whether these are all the elements; of an unread list that was appended to, only the end is
   * known.
   */
  all: boolean;
}

/** A transaction sees its own writes, and repeats its own reads. */
function checkInternal(
  { write }: TxnHistory,
  txn: Txn,
  { unrepeatable }: ReadRules,
  findings: Findings,
): void {
  const known = new Map<JsonKey, Known>();
  for (const [f, name, value] of txn.mops) {
    const key = jsonKey(name);
    const before = known.get(key);
    if (f === "r") {
      const elements = elementsOf(write, value);
      known.set(key, { elements, own: before?.own ?? false, all: true });
      if (before === undefined) continue;
      // Reading null and then a value is an anomaly at every level since Elle 0.2.7.
      const may = unrepeatable && !before.own && before.elements.length > 0;
      if (may) continue;
      if (agrees(before, elements)) continue;
      findings.add(
        "internal",
        `${tell(txn)} read ${stringify(value)} of key ${
          show(key)
        } after it had itself ${before.own ? "written" : "read"} ${
          before.elements.map(show).join(", ") || "nothing"
        }`,
      );
    } else if (write === "w") {
      known.set(key, { elements: [jsonKey(value)], own: true, all: true });
    } else {
      const elements = [...before?.elements ?? [], jsonKey(value)];
      known.set(key, { elements, own: true, all: before?.all ?? false });
    }
  }
}

function agrees({ elements, all }: Known, seen: readonly JsonKey[]): boolean {
  const offset = seen.length - elements.length;
  if (all ? offset !== 0 : offset < 0) return false;
  return elements.every((element, i) => element === seen[offset + i]);
}

function checkRead(
  { writerOf, write }: TxnHistory,
  txn: Txn,
  key: JsonKey,
  elements: readonly JsonKey[],
  { aborted, intermediate }: ReadRules,
  findings: Findings,
): void {
  const of = `of key ${show(key)}`;
  const seen = new Set(elements);
  if (seen.size < elements.length) {
    findings.add(
      "duplicate-elements",
      `${tell(txn)} read an element ${of} twice`,
    );
  }
  for (const element of seen) {
    const writer = writerOf(key, element);
    if (writer === undefined) {
      findings.add(
        "thin-air-read",
        `${tell(txn)} read ${show(element)} ${of}, which nobody ever wrote`,
      );
    } else if (writer === txn) {
      findings.add(
        "future-read",
        `${tell(txn)} read ${show(element)} ${of} before it wrote it`,
      );
    } else if (writer.outcome === "fail") {
      const because = `${tell(txn)} read ${show(element)} ${of}, written by ${
        tell(writer)
      }, which was aborted`;
      if (aborted) findings.note("G1a", because);
      else findings.add("G1a", because);
    } else if (!intermediate) {
      const values = writer.writes.get(key)!;
      const partial = write === "w"
        ? element !== values.at(-1)
        : !values.every((value) => seen.has(value));
      if (partial) {
        findings.add(
          "G1b",
          `${tell(txn)} read ${show(element)} ${of}, a state in the middle of ${
            tell(writer)
          }`,
        );
      }
    }
  }
}
