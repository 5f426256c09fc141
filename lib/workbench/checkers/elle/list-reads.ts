/** Finds the anomalies of lists that reads show without any graph. */
import { type Json, type JsonObject, stringify } from "../../history/json.ts";
import { type ListVersions, readSteps } from "./list-versions.ts";
import {
  isRepeated,
  isWrite,
  lastOf,
  NONE,
  type Steps,
  versionOf,
} from "./steps.ts";
import {
  elements,
  type MicroOp,
  named,
  shown,
  type Transaction,
} from "./txn.ts";
import { type JsonKey, jsonKey, opJson } from "../json-key.ts";

function startsWith(list: readonly Json[], prefix: readonly Json[]): boolean {
  return prefix.every((element, i) =>
    i < list.length && jsonKey(element) === jsonKey(list[i]!)
  );
}

/** A case of an anomaly that one read shows. */
function readCase(
  transaction: Transaction,
  mop: MicroOp,
  details: JsonObject,
  because: string,
): JsonObject {
  const [, key, value] = mop;
  return {
    op: opJson(transaction.op),
    mop: [...mop],
    ...details,
    explanation: `${named(transaction, 1)} read ${shown(value)} of key ${
      shown(key)
    }, ${because}.`,
  };
}

/** The cases that each read of transactions which succeeded gives. */
function casesOfReads(
  all: readonly Transaction[],
  steps: Steps,
  cases: (transaction: Transaction, mop: MicroOp, step: number) => JsonObject[],
): JsonObject[] {
  const found: JsonObject[] = [];
  for (const step of readSteps(all, steps)) {
    const id = steps.txns[step]!, transaction = all[id]!;
    const mop = transaction.mops[step - steps.starts[id]!]!;
    found.push(...cases(transaction, mop, step));
  }
  return found;
}

/** What a transaction must see of a key by what it has done with it. */
interface Expectation {
  /** Whether `elements` is the whole list, or only its end. */
  whole: boolean;
  elements: Json[];
}

function meets(list: Json[], { whole, elements }: Expectation): boolean {
  const end = list.slice(Math.max(0, list.length - elements.length));
  return (!whole || list.length === elements.length) &&
    list.length >= elements.length && startsWith(end, elements);
}

/** The first read of each transaction that contradicts its own earlier reads and appends. */
export function internal(
  all: readonly Transaction[],
  steps: Steps,
): JsonObject[] {
  const { starts, txns } = steps;
  const found: JsonObject[] = [];
  for (let step = 0; step < txns.length; step++) {
    if (!isRepeated(steps, step)) continue;
    const transaction = all[txns[step]!]!;
    if (transaction.op.type === "ok") {
      found.push(...contradictions(transaction));
    }
    // All of it has been seen: go on with the next transaction.
    step = starts[txns[step]! + 1]! - 1;
  }
  return found;
}

function contradictions(transaction: Transaction): JsonObject[] {
  /** By key; null after a read of null, which expects nothing, but whose appends are the whole list. */
  const state = new Map<JsonKey, Expectation | null>();
  for (const mop of transaction.mops) {
    const [f, key, value] = mop;
    const known = state.get(jsonKey(key));
    if (f === "append") {
      const { whole, elements } = known ??
        { whole: known === null, elements: [] };
      state.set(jsonKey(key), { whole, elements: [...elements, value] });
      continue;
    }
    // To Elle, null is no empty list.
    if (known && (value === null || !meets(elements(value), known))) {
      const expected = known.whole
        ? known.elements
        : ["...", ...known.elements];
      const because = `after it had itself seen or made it ${shown(expected)}`;
      return [readCase(transaction, mop, { expected }, because)];
    }
    const list = { whole: true, elements: elements(value) };
    state.set(jsonKey(key), value === null ? null : list);
  }
  return [];
}

/** Elements read although the transaction that appended them failed. */
export function abortedReads(
  all: readonly Transaction[],
  steps: Steps,
  failed: readonly (Transaction | undefined)[] | null,
): JsonObject[] {
  if (failed === null) return [];
  const { versions, from, to, elements } = steps;
  return casesOfReads(all, steps, (transaction, mop, step) => {
    const cases: JsonObject[] = [];
    for (let at = from[step]!; at < to[step]!; at++) {
      const writer = failed[elements[at]!];
      if (!writer) continue;
      const element = versions.values[elements[at]!]!;
      const because = `where ${shown(element)} is of ${
        named(writer, 2)
      }, which failed`;
      const details = { writer: opJson(writer.op), element };
      cases.push(readCase(transaction, mop, details, because));
    }
    return cases;
  });
}

/** Lists read that end in the middle of what another transaction appended. */
export function intermediateReads(
  all: readonly Transaction[],
  steps: Steps,
  intermediate: readonly (Transaction | undefined)[] | null,
): JsonObject[] {
  if (intermediate === null) return [];
  return casesOfReads(all, steps, (transaction, mop, step) => {
    const version = lastOf(steps, step);
    const writer = version === NONE ? undefined : intermediate[version];
    if (!writer || writer === transaction) return [];
    const element = steps.versions.values[version]!;
    const because = `where ${shown(element)} is not the last that ${
      named(writer, 2)
    } appended`;
    const details = { writer: opJson(writer.op), element };
    return [readCase(transaction, mop, details, because)];
  });
}

/** The first element of each transaction that it read before it appended it. */
export function futureReads(
  all: readonly Transaction[],
  steps: Steps,
): JsonObject[] {
  const { versions, starts, txns, keys, from, to, elements } = steps;
  const found: JsonObject[] = [];
  const readBefore = (step: number) => {
    const version = versionOf(steps, step);
    for (let read = starts[txns[step]!]!; read < step; read++) {
      if (keys[read] !== keys[step] || isWrite(steps, read)) continue;
      const list = elements.subarray(from[read]!, to[read]!);
      if (list.includes(version)) return read;
    }
    return NONE;
  };
  for (let step = 0; step < txns.length; step++) {
    const id = txns[step]!, transaction = all[id]!;
    if (transaction.op.type !== "ok" || !isWrite(steps, step)) continue;
    const read = readBefore(step);
    if (read === NONE) continue;
    const element = versions.values[versionOf(steps, step)]!;
    const because = `which has ${shown(element)} before it appended it`;
    const mop = transaction.mops[read - starts[id]!]!;
    found.push(readCase(transaction, mop, { element }, because));
    // The first is enough: go on with the next transaction.
    step = starts[id + 1]! - 1;
  }
  return found;
}

/** Lists read that hold an element more than once. */
export function duplicateElements(
  all: readonly Transaction[],
  steps: Steps,
): JsonObject[] {
  const { versions, from, to, elements } = steps;
  /** By element, the last read that had it. */
  const readBy = new Int32Array(versions.values.length).fill(NONE);
  return casesOfReads(all, steps, (transaction, mop, step) => {
    let isTwice = false;
    for (let at = from[step]!; at < to[step]!; at++) {
      isTwice ||= readBy[elements[at]!] === step;
      readBy[elements[at]!] = step;
    }
    return isTwice ? duplicates(transaction, mop) : [];
  });
}

function duplicates(transaction: Transaction, mop: MicroOp): JsonObject[] {
  const counts = new Map<JsonKey, { element: Json; count: number }>();
  for (const element of elements(mop[2])) {
    const counted = counts.get(jsonKey(element));
    if (counted) counted.count++;
    else counts.set(jsonKey(element), { element, count: 1 });
  }
  const twice = [...counts.values()].filter(({ count }) => count > 1);
  const duplicates = Object.fromEntries(
    twice.map(({ element, count }) => [
      typeof element === "string" ? element : stringify(element),
      count,
    ]),
  );
  const because = `with ${
    twice.map(({ element }) => shown(element)).join(", ")
  } more than once`;
  return [readCase(transaction, mop, { duplicates }, because)];
}

/**
 * Keys of which two reads contradict each other, because neither list is the beginning of the other. The
 * lists of a key are sorted by length and each is compared with the next; the first contradiction is
 * shown.
 */
export function incompatibleOrders(
  all: readonly Transaction[],
  steps: Steps,
): JsonObject[] {
  const { txns, keys, from, to, elements, versions } = steps;
  const lengthOf = (step: number) => to[step]! - from[step]!;
  const isBeginning = (a: number, b: number) => {
    if (lengthOf(a) > lengthOf(b)) return false;
    if (from[a] === from[b]) return true;
    for (let i = 0; i < lengthOf(a); i++) {
      if (elements[from[a]! + i] !== elements[from[b]! + i]) return false;
    }
    return true;
  };
  const reads = new Map<number, number[]>();
  for (const step of readSteps(all, steps)) {
    const ofKey = reads.get(keys[step]!);
    if (ofKey) ofKey.push(step);
    else reads.set(keys[step]!, [step]);
  }
  const found: JsonObject[] = [];
  for (const [key, ofKey] of reads) {
    const longest = ofKey.reduce((a, b) => lengthOf(b) > lengthOf(a) ? b : a);
    // Beginnings of one list do not contradict each other.
    if (ofKey.every((step) => isBeginning(step, longest))) continue;
    const byLength = ofKey.toSorted((a, b) => lengthOf(a) - lengthOf(b));
    const at = byLength.findIndex((step, i) =>
      i > 0 && !isBeginning(byLength[i - 1]!, step)
    );
    const [a, b] = [byLength[at - 1]!, byLength[at]!];
    const list = (step: number) =>
      [...elements.subarray(from[step]!, to[step]!)].map((element) =>
        versions.values[element]!
      );
    found.push({
      key: versions.keys[key]!,
      values: [list(a), list(b)],
      explanation: `${named(all[txns[a]!]!, 1)} read ${shown(list(a))} and ${
        named(all[txns[b]!]!, 2)
      } read ${shown(list(b))} of key ${
        shown(versions.keys[key])
      }: the one should begin with the other.`,
    });
  }
  return found;
}

/** Successful appends right after elements whose transactions failed, which they have thus kept. */
export function dirtyUpdates(
  { versions }: Steps,
  lists: readonly ListVersions[],
  writers: readonly (Transaction | undefined)[],
): JsonObject[] {
  const found: JsonObject[] = [];
  for (const { key, order } of lists) {
    let aborted: { writer: Transaction; values: Json[] } | undefined;
    for (const version of order) {
      const writer = writers[version], element = versions.values[version]!;
      if (writer?.op.type === "fail") aborted ??= { writer, values: [] };
      aborted?.values.push(element);
      if (!aborted || writer?.op.type !== "ok") continue;
      found.push({
        key: versions.keys[key]!,
        values: aborted.values,
        txns: [opJson(aborted.writer.op), "...", opJson(writer.op)],
        explanation: `${named(aborted.writer, 1)} appended ${
          shown(aborted.values[0])
        } to key ${shown(versions.keys[key])} and failed, but ${
          named(writer, 2)
        } appended ${shown(element)} after it.`,
      });
      aborted = undefined;
    }
  }
  return found;
}
