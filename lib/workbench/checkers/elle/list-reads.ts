/** Anomalies of single reads of lists, found without any graph. */
import { type Json, type JsonObject, stringify } from "../../history/json.ts";
import { elements, type ListVersions, reads } from "./list-versions.ts";
import { type MicroOp, named, shown, Table, type Transaction } from "./txn.ts";
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

/** The cases that each read of each of these transactions gives. */
function casesOfReads(
  ok: readonly Transaction[],
  cases: (transaction: Transaction, mop: MicroOp, at: number) => JsonObject[],
): JsonObject[] {
  return ok.flatMap((transaction) =>
    transaction.mops.flatMap((mop, i) =>
      mop[0] === "r" ? cases(transaction, mop, i) : []
    )
  );
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
export function internal(ok: readonly Transaction[]): JsonObject[] {
  return ok.flatMap((transaction) => {
    const state = new Map<JsonKey, Expectation>();
    for (const mop of transaction.mops) {
      const [f, key, value] = mop;
      const known = state.get(jsonKey(key));
      if (f === "append") {
        const { whole, elements } = known ?? { whole: false, elements: [] };
        state.set(jsonKey(key), { whole, elements: [...elements, value] });
        continue;
      }
      const list = elements(value);
      // A null says nothing yet, but appends after it are the whole list.
      if (known && !meets(list, known) && known.elements.length > 0) {
        const expected = known.whole
          ? known.elements
          : ["...", ...known.elements];
        const because = `after it had itself seen or made it ${
          shown(expected)
        }`;
        return [readCase(transaction, mop, { expected }, because)];
      }
      state.set(jsonKey(key), { whole: true, elements: list });
    }
    return [];
  });
}

/** Elements read although the transaction that appended them failed. */
export function abortedReads(
  ok: readonly Transaction[],
  failed: Table<Transaction>,
): JsonObject[] {
  if (failed.empty) return [];
  return casesOfReads(
    ok,
    (transaction, mop) =>
      elements(mop[2]).flatMap((element) => {
        const writer = failed.get(mop[1], element);
        if (!writer) return [];
        const because = `where ${shown(element)} is of ${
          named(writer, 2)
        }, which failed`;
        const details = { writer: opJson(writer.op), element };
        return [readCase(transaction, mop, details, because)];
      }),
  );
}

/** Lists read that end in the middle of what another transaction appended. */
export function intermediateReads(
  ok: readonly Transaction[],
  intermediate: Table<Transaction>,
): JsonObject[] {
  if (intermediate.empty) return [];
  return casesOfReads(ok, (transaction, mop) => {
    const element = elements(mop[2]).at(-1);
    if (element === undefined) return [];
    const writer = intermediate.get(mop[1], element);
    if (!writer || writer === transaction) return [];
    const because = `where ${shown(element)} is not the last that ${
      named(writer, 2)
    } appended`;
    const details = { writer: opJson(writer.op), element };
    return [readCase(transaction, mop, details, because)];
  });
}

/** Elements read by a transaction before it appended them. */
export function futureReads(ok: readonly Transaction[]): JsonObject[] {
  return casesOfReads(ok, (transaction, mop, at) => {
    const list = new Set(elements(mop[2]).map(jsonKey));
    return transaction.mops.slice(at + 1).flatMap(([f, key, element]) => {
      const future = f === "append" && jsonKey(key) === jsonKey(mop[1]) &&
        list.has(jsonKey(element));
      if (!future) return [];
      const because = `which has ${shown(element)} before it appended it`;
      return [readCase(transaction, mop, { element }, because)];
    });
  });
}

/** Lists read that hold an element more than once. */
export function duplicateElements(ok: readonly Transaction[]): JsonObject[] {
  return casesOfReads(ok, (transaction, mop) => {
    const counts = new Map<JsonKey, { element: Json; count: number }>();
    for (const element of elements(mop[2])) {
      const counted = counts.get(jsonKey(element));
      if (counted) counted.count++;
      else counts.set(jsonKey(element), { element, count: 1 });
    }
    const twice = [...counts.values()].filter(({ count }) => count > 1);
    if (twice.length === 0) return [];
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
  });
}

/**
 * Keys of which two reads contradict each other: neither list is the beginning of
 * the other. By length each list is compared with the next, and the first
 * contradiction of a key is shown.
 */
export function incompatibleOrders(ok: readonly Transaction[]): JsonObject[] {
  const lists = new Map<JsonKey, { key: Json; reads: Read[] }>();
  for (const read of reads(ok)) {
    const known = lists.get(jsonKey(read.key));
    if (known) known.reads.push(read);
    else lists.set(jsonKey(read.key), { key: read.key, reads: [read] });
  }
  return [...lists.values()].flatMap(({ key, reads }) => {
    const byLength = reads.toSorted((a, b) => a.list.length - b.list.length);
    const at = byLength.findIndex(({ list }, i) =>
      i > 0 && !startsWith(list, byLength[i - 1]!.list)
    );
    if (at < 0) return [];
    const [a, b] = [byLength[at - 1]!, byLength[at]!];
    return [{
      key,
      values: [a.list, b.list],
      explanation: `${named(a.transaction, 1)} read ${shown(a.list)} and ${
        named(b.transaction, 2)
      } read ${shown(b.list)} of key ${
        shown(key)
      }: the one should begin with the other.`,
    }];
  });
}

type Read = ReturnType<typeof reads> extends Generator<infer T> ? T : never;

/** Successful appends right after elements whose transactions failed, which they have thus kept. */
export function dirtyUpdates(
  all: readonly Transaction[],
  versions: ReadonlyMap<JsonKey, ListVersions>,
): JsonObject[] {
  const writers = new Table<Transaction>();
  for (const transaction of all) {
    for (const [f, key, element] of transaction.mops) {
      if (f === "append") writers.set(key, element, transaction);
    }
  }
  const found: JsonObject[] = [];
  for (const { key, order } of versions.values()) {
    let aborted: { writer: Transaction; values: Json[] } | undefined;
    for (const element of order) {
      const writer = writers.get(key, element);
      if (writer?.op.type === "fail") aborted ??= { writer, values: [] };
      aborted?.values.push(element);
      if (!aborted || writer?.op.type !== "ok") continue;
      found.push({
        key,
        values: aborted.values,
        txns: [opJson(aborted.writer.op), "...", opJson(writer.op)],
        explanation: `${named(aborted.writer, 1)} appended ${
          shown(aborted.values[0])
        } to key ${shown(key)} and failed, but ${named(writer, 2)} appended ${
          shown(element)
        } after it.`,
      });
      aborted = undefined;
    }
  }
  return found;
}
