/** Maelstrom's checker of unique ids. */
import { asDouble, asText, type Json } from "../history/json.ts";
import type { Op } from "../history/history.ts";
import { type JsonKey, jsonKey, keyJson, plainKey } from "./json-key.ts";
import { type Results, throwing } from "./verdict.ts";

/** How many duplicated ids are shown. */
const SHOWN = 48;

/** The type of an id. Integers of any size and floats are all numbers, as in Maelstrom. */
export function kindOf(value: Json): string {
  if (value === null) return "null";
  if (asDouble(value) !== null) return "number";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Two ids cannot be ordered. */
class NoOrder extends Error {}

/**
 * Compares ids as Clojure does: null first, numbers by size, strings by UTF-16 units, false before true,
 * arrays by length and then by element.
 *
 * @throws {NoOrder} their types differ, or they are objects
 */
function compareIds(a: Json, b: Json): number {
  if (typeof a === "string" && typeof b === "string") {
    return a < b ? -1 : a > b ? 1 : 0;
  }
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
 * No id may be generated twice. `duplicated` maps some of the repeated ids, as text, to how often they
 * occurred, and `range` is `[lowest, highest]`. Ids of mixed types, and objects, have no range;
 * Maelstrom's verdict on them is unknown.
 */
export function checkUniqueIds(history: readonly Op[]): Results {
  let attempted = 0, acknowledged = 0;
  const seen = new Set<JsonKey>(), repeated = new Set<JsonKey>();
  const range = new Range();
  for (const op of history) {
    if (op.f !== "generate") continue;
    if (op.type === "invoke") attempted++;
    if (op.type !== "ok") continue;
    acknowledged++;
    range.add(op.value);
    const key = plainKey(op.value);
    if (seen.has(key)) repeated.add(jsonKey(op.value));
    else seen.add(key);
  }
  const counts = [...countsOf(history, repeated)];
  const shown = counts.sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  return throwing(
    {
      "valid?": repeated.size === 0,
      "attempted-count": attempted,
      "acknowledged-count": acknowledged,
      "duplicated-count": repeated.size,
      duplicated: Object.fromEntries(
        shown.map(([key, count]) => [asText(keyJson(key)), count]),
      ),
      range: range.ends,
    },
    range.disorder === null ? [] : [
      `${range.disorder}, which Maelstrom's checker needs: it throws a ClassCastException`,
    ],
  );
}

/** How often each of these ids was generated, in the order in which they first were. */
function countsOf(
  history: readonly Op[],
  ids: ReadonlySet<JsonKey>,
): Map<JsonKey, number> {
  const counts = new Map<JsonKey, number>();
  if (ids.size === 0) return counts;
  for (const { f, type, value } of history) {
    if (f !== "generate" || type !== "ok") continue;
    const key = jsonKey(value);
    if (ids.has(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The lowest and the highest id. */
class Range {
  #lowest: Json = null;
  #highest: Json = null;
  /** Why some ids cannot be compared; null if all can. */
  disorder: string | null = null;

  /** Adds an id. Null, which Maelstrom's checker takes for no id, changes nothing. */
  add(id: Json): void {
    if (id === null || this.disorder !== null) return;
    if (this.#lowest === null) {
      this.#lowest = this.#highest = id;
      return;
    }
    try {
      if (compareIds(id, this.#lowest) < 0) this.#lowest = id;
      if (compareIds(id, this.#highest) > 0) this.#highest = id;
    } catch (error) {
      if (!(error instanceof NoOrder)) throw error;
      this.disorder = error.message;
    }
  }

  /** The lowest and the highest id; null if some ids cannot be compared. */
  get ends(): Json[] | null {
    return this.disorder === null ? [this.#lowest, this.#highest] : null;
  }
}
