/** JSON values as keys of sets and maps, and in results. */
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
 * Values that Maelstrom considers equal have the same key: structure counts, the order of an
 * object's keys does not, and 1 differs from "1" and from 1.0.
 *
 * @returns numbers, booleans and null themselves, and for everything else a
 * string that no other value has.
 */
export function jsonKey(value: Json): JsonKey {
  if (typeof value === "string") return `"${value}`;
  if (value === null || typeof value === "boolean") return value;
  return typeof value === "number" ? value : canonical(value);
}

/** How the texts of numbers, strings, lists and objects begin. */
const LIKE_JSON = /^[-\d"[{]/;

/**
 * A key as of {@link jsonKey}, but most strings stand for themselves: millions of them need no
 * second text each.
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
 * The shortest decimal that denotes the same single-precision float: Maelstrom computes
 * fractions in double and prints them in single precision, and results are compared figure by
 * figure.
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
