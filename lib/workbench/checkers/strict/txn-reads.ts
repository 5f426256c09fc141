/** Checks every reply by itself: it must have the steps of its request, and values that transactions wrote. */
import { type Json, stringify } from "../../history/json.ts";
import {
  everyWritten,
  isRepeated,
  isShown,
  isWrite,
  NONE,
  versionOf,
  writtenBy,
} from "../elle/steps.ts";
import { Findings } from "../findings.ts";
import { type JsonKey, jsonKey, keyJson } from "../json-key.ts";
import { show, tell, type Txn, type TxnHistory } from "./txn-history.ts";
import type { Finding } from "../verdict.ts";

/** What replies may contain. */
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
  const { all, steps, write } = history;
  const findings = new Findings();
  const repeats = repetitions(history);
  const check = readCheck(history, rules, findings);
  for (const txn of all) {
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
    if (repeats[txn.id]) checkInternal(write, txn, rules, findings);
    for (
      let step = steps.starts[txn.id]!;
      step < steps.starts[txn.id + 1]!;
      step++
    ) {
      if (isShown(steps, step)) check(txn, step);
    }
  }
  return findings.all();
}

/** By transaction, whether it read a key again and did not just see what its last step had shown. */
function repetitions({ steps, write }: TxnHistory): Uint8Array {
  const { versions, starts, txns, keys, from, to } = steps;
  const repeats = new Uint8Array(starts.length);
  /** By key, its last step. */
  const lastAt = new Int32Array(versions.keys.length).fill(NONE);
  const isSame = (a: number, b: number) => {
    // An element that was appended follows others.
    if (write === "append" && isWrite(steps, a)) return false;
    const length = to[a]! - from[a]!;
    if (length !== to[b]! - from[b]!) return false;
    return from[a] === from[b] ||
      (length === 1 && versionOf(steps, a) === versionOf(steps, b));
  };
  for (let step = 0; step < txns.length; step++) {
    const before = lastAt[keys[step]!]!;
    lastAt[keys[step]!] = step;
    if (!isRepeated(steps, step)) continue;
    if (before === NONE || !isSame(before, step)) repeats[txns[step]!] = 1;
  }
  return repeats;
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

/** Checks that a transaction sees its own writes, and repeats its own reads. */
function checkInternal(
  write: "w" | "append",
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
          show(name)
        } after it had itself ${before.own ? "written" : "read"} ${
          before.elements.map((key) => stringify(keyJson(key))).join(", ") ||
          "nothing"
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

/** What a read saw, as a sequence of elements. */
function elementsOf(write: "w" | "append", value: Json): JsonKey[] {
  if (value === null) return [];
  if (write === "w") return [jsonKey(value)];
  return Array.isArray(value) ? value.map(jsonKey) : [jsonKey(value)];
}

function agrees({ elements, all }: Known, seen: readonly JsonKey[]): boolean {
  const offset = seen.length - elements.length;
  if (all ? offset !== 0 : offset < 0) return false;
  return elements.every((element, i) => element === seen[offset + i]);
}

/** Checks what a transaction saw in a step. */
function readCheck(
  { all, steps, writers, write }: TxnHistory,
  { aborted, intermediate }: ReadRules,
  findings: Findings,
): (txn: Txn, step: number) => void {
  const { versions, keys, from, to, elements } = steps;
  /** By element, the last read that had it. */
  const readBy = new Int32Array(versions.values.length).fill(NONE);
  /** Whether a read shows only a part of what a transaction wrote to its key. */
  const isPartial = (step: number, element: number, writer: number) => {
    const key = keys[step]!;
    if (write === "w") return writtenBy(steps, writer, key) !== element;
    const isRead = (other: number) => readBy[other] === step;
    return !everyWritten(steps, writer, key, isRead);
  };
  return (txn, step) => {
    const of = () => `of key ${show(versions.keys[keys[step]!])}`;
    let isTwice = false;
    for (let at = from[step]!; at < to[step]!; at++) {
      isTwice ||= readBy[elements[at]!] === step;
      readBy[elements[at]!] = step;
    }
    if (isTwice) {
      findings.add(
        "duplicate-elements",
        `${tell(txn)} read an element ${of()} twice`,
      );
    }
    for (let at = from[step]!; at < to[step]!; at++) {
      const element = elements[at]!, writer = writers[element]!;
      // One that is there twice is checked where it stands first.
      if (isTwice && elements.indexOf(element, from[step]!) < at) continue;
      const read = () => `${tell(txn)} read ${show(versions.values[element])}`;
      if (writer === NONE) {
        findings.add(
          "thin-air-read",
          `${read()} ${of()}, which nobody ever wrote`,
        );
      } else if (writer === txn.id) {
        findings.add("future-read", `${read()} ${of()} before it wrote it`);
      } else if (all[writer]!.outcome === "fail") {
        const because = `${read()} ${of()}, written by ${
          tell(all[writer]!)
        }, which was aborted`;
        if (aborted) findings.note("G1a", because);
        else findings.add("G1a", because);
      } else if (!intermediate && isPartial(step, element, writer)) {
        findings.add(
          "G1b",
          `${read()} ${of()}, a state in the middle of ${tell(all[writer]!)}`,
        );
      }
    }
  };
}
