/** Objects whose keys come from outside: names, numbers, and words that mean something to JavaScript. */
import type { Json, JsonObject } from "./json.ts";

/** An object with these fields. It is made by {@link emptyFor}; `Object.fromEntries` would take more memory. */
export function fieldsOf<V extends Json>(
  fields: readonly (readonly [key: string, value: V])[],
): JsonObject {
  const object = emptyFor(fields[0]?.[0]);
  for (const [key, value] of fields) put(object, key, value);
  return object;
}

/**
 * An empty object for keys like this one. If any of an object's keys is a number, the first one
 * is. V8 stores the values of numeric keys in an array half as long again as the largest key: for
 * the key 600 alone, it has 900 elements, which must be allocated and, to list the keys, gone
 * through. One key that is far too large for that makes the object a hash table for good.
 */
export function emptyFor(key: string | undefined): JsonObject {
  if (key === undefined || key >= ":") return {}; // in ASCII, the colon follows the digits
  const empty: JsonObject = { 4294967294: null };
  delete empty[4294967294];
  return empty;
}

/** Sets a field, even one called `__proto__`. */
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
