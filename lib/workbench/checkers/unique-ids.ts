import { asDouble, type Json, stringify } from "../history/json.ts";
import type { Op } from "../history/history.ts";
import { type JsonKey, jsonKey, keyJson } from "./json-key.ts";
import { type Results, throwing } from "./verdict.ts";

/** How many duplicated ids are shown. */
const SHOWN = 48;

/** The type of an id: integers of any size and floats are all numbers, as in Maelstrom. */
export function kindOf(value: Json): string {
  if (value === null) return "null";
  if (asDouble(value) !== null) return "number";
  return Array.isArray(value) ? "array" : typeof value;
}

function asText(id: Json): string {
  return typeof id === "string" ? id : stringify(id);
}

/** Two ids that cannot be ordered. */
class NoOrder extends Error {}

/**
 * The order of ids: null first, numbers by size, strings by UTF-16 units, false
 * before true, arrays by length and then by element.
 *
 * @throws {NoOrder} their types differ, or they are objects
 */
function compareIds(a: Json, b: Json): number {
  if (a === null || b === null) {
    return Number(a !== null) - Number(b !== null);
  }
  const type = kindOf(a);
  if (type !== kindOf(b) || type === "object") {
    throw new NoOrder(
      type === kindOf(b)
        ? `ids of the type ${type} have no order`
        : `ids of the types ${type} and ${kindOf(b)} have no order`,
    );
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return a.length - b.length;
    for (const [i, element] of a.entries()) {
      const order = compareIds(element, b[i]!);
      if (order !== 0) return order;
    }
    return 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * No id may be generated twice. `duplicated` maps some of the repeated ids (as text) to how
 * often they occurred, and `range` is `[lowest, highest]`. Ids of mixed types, and objects,
 * have no range, and Maelstrom gives no verdict on them.
 */
export function checkUniqueIds(history: readonly Op[]): Results {
  let attempted = 0;
  const ids: Json[] = [];
  const counts = new Map<JsonKey, number>();
  for (const op of history) {
    if (op.f !== "generate") continue;
    if (op.type === "invoke") attempted++;
    if (op.type !== "ok") continue;
    ids.push(op.value);
    const key = jsonKey(op.value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const repeated = counts.entries().filter(([, count]) => count > 1).toArray();
  const shown = repeated.sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  const range = rangeOf(ids);
  return throwing(
    {
      "valid?": repeated.length === 0,
      "attempted-count": attempted,
      "acknowledged-count": ids.length,
      "duplicated-count": repeated.length,
      duplicated: Object.fromEntries(
        shown.map(([key, count]) => [asText(keyJson(key)), count]),
      ),
      range: range instanceof NoOrder ? null : range,
    },
    range instanceof NoOrder
      ? [
        `${range.message}, for which Maelstrom's checker looks: it throws a ClassCastException`,
      ]
      : [],
  );
}

/** The lowest and the highest of the ids, or two that cannot be compared. */
function rangeOf(ids: readonly Json[]): Json[] | NoOrder {
  let lowest = ids[0] ?? null, highest = lowest;
  try {
    for (const id of ids.values().drop(1)) {
      if (compareIds(id, lowest) < 0) lowest = id;
      if (compareIds(id, highest) > 0) highest = id;
    }
  } catch (error) {
    if (error instanceof NoOrder) return error;
    throw error;
  }
  return [lowest, highest];
}
