/** Objects whose keys come from outside: names, numbers, and what JavaScript takes for something else. */
import type { Json, JsonObject } from "./json.ts";

/** An object with these fields, made by {@link emptyFor}; `Object.fromEntries` would make a large one. */
export function fieldsOf<V extends Json>(
  fields: readonly (readonly [key: string, value: V])[],
): JsonObject {
  const object = emptyFor(fields[0]?.[0]);
  for (const [key, value] of fields) put(object, key, value);
  return object;
}

/**
 * An empty object for keys like this one: of an object's keys, the first is a number if any is.
 * V8 keeps what has numbers for keys in an array from 0 to half as far again as the largest: 900
 * places for the key 600 alone, which are made and, to list the keys, gone through. A key out of
 * all proportion turns it into a hash table for good.
 */
export function emptyFor(key: string | undefined): JsonObject {
  if (key === undefined || key >= ":") return {}; // digits come before a colon
  const empty: JsonObject = { 4294967294: null };
  delete empty[4294967294];
  return empty;
}

/** Sets a field, one called `__proto__` included. */
export function put(
  object: { [key: string]: Json },
  key: string,
  value: Json,
): void {
  if (key !== "__proto__") object[key] = value;
  else {
    const [writable, enumerable, configurable] = [true, true, true];
    const field = { value, writable, enumerable, configurable };
    Object.defineProperty(object, key, field);
  }
}
