/**
 * Maelstrom's `results.edn` as JSON, in the form in which the workbench's own results are:
 * keywords become strings without their colon, sets sorted arrays, ratios floats, records
 * (`#jepsen.history.Op{...}`) plain objects, and the keys of maps strings.
 *
 * EDN: https://github.com/edn-format/edn
 */
import { type EDNVal, parseEDNString } from "edn-data";
import type { Json, JsonObject } from "../history.ts";

/**
 * Reads a results map.
 *
 * @throws {Error} the text is no EDN map, as when it is cut short
 */
export function parseResults(edn: string): JsonObject {
  const json = toJson(parseEDNString(numbersOnly(edn)) as EDNVal | undefined);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error("it is not one complete EDN map");
  }
  return json;
}

/** Replaces `##NaN` and `##Inf`, which the reader does not know and JSON has not, by nil. */
function numbersOnly(edn: string): string {
  return edn.replace(
    /("(?:\\[^]|[^"\\])*")|##-?\w+/g,
    (_, text?: string) => text ?? "nil",
  );
}

function toJson(edn: EDNVal | undefined): Json {
  if (edn === null || edn === undefined) return null;
  switch (typeof edn) {
    case "bigint":
      return Number(edn);
    case "string":
    case "number":
    case "boolean":
      return edn;
  }
  if (Array.isArray(edn)) return edn.map(toJson);
  if (edn instanceof Date) return edn.toISOString();
  if (edn instanceof Map || edn instanceof Set) return null; // never asked of the reader
  if ("key" in edn) return edn.key;
  if ("char" in edn) return edn.char;
  if ("sym" in edn) return ratio(edn.sym) ?? edn.sym;
  if ("list" in edn) return edn.list.map(toJson);
  if ("set" in edn) return edn.set.map(toJson).sort(ascending);
  if ("tag" in edn) return toJson(edn.val);
  return Object.fromEntries(
    edn.map.map(([key, value]) => [keyText(toJson(key)), toJson(value)]),
  );
}

/** Clojure's exact fractions, which the reader takes for symbols: `26/3`. */
function ratio(symbol: string): number | undefined {
  const [, numerator, denominator] = /^(-?\d+)\/(\d+)$/.exec(symbol) ?? [];
  return denominator === undefined
    ? undefined
    : Number(numerator) / Number(denominator);
}

function keyText(key: Json): string {
  return typeof key === "string" ? key : JSON.stringify(key);
}

function ascending(a: Json, b: Json): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [keyText(a), keyText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
