import { stringify } from "../json.ts";
import type { Json, Op } from "../history.ts";
import { type JsonKey, jsonKey, keyJson } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/** How many duplicated ids are shown. */
const SHOWN = 48;

function kind(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function asText(id: Json): string {
  return typeof id === "string" ? id : stringify(id);
}

/**
 * The order of ids: null first, numbers by size, strings by UTF-16 units, false
 * before true, arrays by length and then by element.
 *
 * @throws {TypeError} the two have no order: their types differ, or they are objects
 */
function compareIds(a: Json, b: Json): number {
  if (a === null || b === null) {
    return Number(a !== null) - Number(b !== null);
  }
  const type = kind(a);
  if (type !== kind(b) || type === "object") {
    throw new TypeError(`Cannot compare ids: ${type} with ${kind(b)}`);
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
 * No id may be given out twice. `duplicated` maps some of the repeated ids (as
 * text) to how often they came, and `range` is `[lowest, highest]`.
 *
 * @throws {TypeError} ids of mixed types, or objects, which have no range; the
 * verdict is then unknown, as in Maelstrom
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
  let lowest = ids[0] ?? null, highest = lowest;
  for (const id of ids.slice(1)) {
    if (compareIds(id, lowest) < 0) lowest = id;
    if (compareIds(id, highest) > 0) highest = id;
  }
  const repeated = [...counts].filter(([, count]) => count > 1);
  const shown = repeated.sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  return {
    "valid?": repeated.length === 0,
    "attempted-count": attempted,
    "acknowledged-count": ids.length,
    "duplicated-count": repeated.length,
    duplicated: Object.fromEntries(
      shown.map(([key, count]) => [asText(keyJson(key)), count]),
    ),
    range: [lowest, highest],
  };
}
