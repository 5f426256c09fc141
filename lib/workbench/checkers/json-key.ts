/** JSON values as keys of sets and maps; operations and numbers as results show them. */
import type { Op } from "../history/history.ts";
import {
  canonical,
  type Json,
  type JsonObject,
  parse,
} from "../history/json.ts";

/** Stands for a value in sets and maps. */
export type JsonKey = string | number | boolean | null;

/**
 * A key for a value: the same for values that Maelstrom considers equal, and for no others. The order
 * of an object's keys does not matter, and 1 differs from "1" and from 1.0.
 *
 * @returns numbers, booleans and null themselves; a string for everything else
 */
export function jsonKey(value: Json): JsonKey {
  if (typeof value === "string") return `"${value}`;
  if (value === null || typeof value === "boolean") return value;
  return typeof value === "number" ? value : canonical(value);
}

/** Matches strings that could be the {@link jsonKey} of another value: they begin like JSON. */
const LIKE_JSON = /^[-\d"[{]/;

/**
 * As {@link jsonKey}, except that most strings are their own key, so that millions of strings need no
 * second copy.
 */
export function plainKey(value: Json): JsonKey {
  return typeof value === "string" && !LIKE_JSON.test(value)
    ? value
    : jsonKey(value);
}

/** The value that {@link jsonKey} made this key of. */
export function keyJson(key: JsonKey): Json {
  if (typeof key !== "string") return key;
  return key.startsWith('"') ? key.slice(1) : parse(key);
}

/** An operation as results show it. */
export function opJson(op: Op): JsonObject {
  return op as JsonObject;
}

/**
 * The shortest decimal that denotes the same single-precision float. Maelstrom computes fractions in
 * double precision and prints them in single precision, and our results must equal its results.
 */
export function single(x: number): number {
  const float = Math.fround(x);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(9));
}

/** Nanoseconds as whole milliseconds, truncated. */
export function nanosToMillis(nanos: number): number {
  return Math.trunc(nanos / 1e6);
}
