/**
 * Copies of JSON values that are sent, as they arrive: nodes share nothing. Where it makes no
 * difference, a copy is made directly instead of by writing and parsing text.
 */
import { emptyFor, put } from "./fields.ts";
import {
  DEEPEST,
  Float,
  type Json,
  parseLine,
  stringify,
  TooDeep,
} from "./json.ts";

/**
 * A copy in which floats are plain numbers, as a JavaScript program would parse them. By way of
 * text, it would take three times as long.
 */
export function plain<T>(value: T): T {
  return loosened(value as Json) as T;
}

function loosened(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    if (isLongRow(value)) return value.slice();
    const copy = roomFor(value);
    for (let i = 0; i < copy.length; i++) copy[i] = loosened(value[i]!);
    return copy;
  }
  if (value instanceof Float) return Number(value);
  const keys = Object.keys(value), copy = emptyFor(keys[0]);
  for (const key of keys) {
    const field = value[key];
    if (field !== undefined) put(copy, key, loosened(field));
  }
  return copy;
}

/** An array of numbers with at least this many elements is copied as a whole. */
const LONG_ROW = 64;

/** Whether an array is long and holds only integers that JSON does not change. */
function isLongRow(array: readonly unknown[]): boolean {
  if (array.length < LONG_ROW) return false;
  for (let i = 0; i < array.length; i++) {
    const value = array[i];
    // Nearly all are small integers, which this recognises in a fifth of the time.
    if (value !== 0 && (value as number | 0) === value) continue;
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return false;
  }
  return true;
}

/**
 * What arrives of a value that is sent as a line of JSON, made without the text where that makes
 * no difference.
 *
 * @param levels how deep it may be nested
 * @throws {TypeError} it cannot be written as JSON
 * @throws {TooDeep} it is nested more deeply
 */
export function carried(value: unknown, levels: number = DEEPEST): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isSafeInteger(value)) return value === 0 ? 0 : value; // never -0
      if (Number.isFinite(value) && !Number.isInteger(value)) return value;
      break;
    case "object":
      if (value === null) return null;
      if (levels === 0) throw new TooDeep();
      if (Array.isArray(value)) return carriedArray(value, levels - 1);
      if (Object.getPrototypeOf(value) === Object.prototype) {
        const object = value as { [key: string]: unknown };
        return carriedObject(object, levels - 1);
      }
  }
  return parseLine(stringify(value));
}

function carriedArray(array: readonly unknown[], levels: number): Json[] {
  if (isLongRow(array)) return array.slice() as Json[];
  const copy = roomFor(array);
  for (let i = 0; i < copy.length; i++) {
    const value = array[i];
    copy[i] = isLeftOut(value) ? null : carried(value, levels);
  }
  return copy;
}

/**
 * An array to be filled with a copy's elements. An array that grows by `push` would keep room for
 * 16 more elements, several times as many as most arrays have.
 */
function roomFor(array: readonly unknown[]): Json[] {
  return new Array(array.length);
}

function carriedObject(
  object: { [key: string]: unknown },
  levels: number,
): Json {
  const keys = Object.keys(object), copy = emptyFor(keys[0]);
  for (const key of keys) {
    const value = object[key];
    if (isLeftOut(value)) return parseLine(stringify(object));
    put(copy, key, carried(value, levels));
  }
  return copy;
}

/** Whether JSON cannot express a value. */
function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === "function" ||
    typeof value === "symbol";
}
