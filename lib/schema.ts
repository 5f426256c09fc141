/**
 * What messages hold, declared once: a schema is both a type to the compiler and a check at run
 * time. With a protocol made of schemas, a malformed request is refused before a handler sees it.
 *
 * ```ts
 * import { program } from "./maelstrom.ts";
 * import { amongNodes, array, integer, message, rpc, string } from "./schema.ts";
 *
 * const newsProtocol = {
 *   tell: rpc({ news: string, priority: integer }, {}),
 *   read: rpc({}, { news: array(string) }),
 *   ...amongNodes({ gossip: message({ news: array(string) }) }),
 * };
 *
 * export default program(newsProtocol, (node) => {
 *   const known = new Set<string>();
 *   node.on("tell", ({ news }) => {
 *     known.add(news);
 *     return {};
 *   });
 *   node.on("read", () => ({ news: [...known] }));
 *   node.on("gossip", ({ news }) => news.forEach((item) => known.add(item)));
 * });
 * ```
 *
 * Schemas never change what they check, and they allow fields that they do not name. They
 * implement Standard Schema, and a schema of any library that does can describe a whole message
 * instead.
 *
 * Such a library is not used here because it costs too much: a node starts in 14 ms, to which the
 * best of them (valibot, zod/mini, arktype) add 6, 16 and 180 ms; to check a small message takes
 * them 80 to 200 ns, against 40 to 60 here, and the rest of this library spends 60 on a message.
 *
 * @module
 */
import type { Issue, MessageShape, StandardSchema } from "./node/protocol.ts";
import type { Json } from "./node/world.ts";

/** A type with its check. */
export interface Schema<T> extends StandardSchema<T> {
  /** What it describes, for people: `"an integer"`. */
  readonly expected: string;
  /** Whether a value is of the type. */
  fits(value: unknown): boolean;
  /** What is wrong with a value that is not of the type, and where. */
  explain(value: unknown): Issue;
}

/** The schema of a field that may be missing. */
export interface Optional<T> extends Schema<T> {
  /** Marks it for {@link ObjectOf}. */
  readonly optional: true;
}

/** The type that a schema describes. */
export type TypeOf<S> = S extends StandardSchema<infer T> ? T : never;

/** The fields of an object. */
export type Fields = { readonly [field: string]: Schema<unknown> };

type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends Optional<unknown> ? K : never;
}[keyof F];

/** The object that has these fields. */
export type ObjectOf<F> = keyof F extends never ? Record<string, never>
  : { [K in Exclude<keyof F, OptionalKeys<F>>]: TypeOf<F[K]> } extends infer A
    ? [OptionalKeys<F>] extends [never] ? A
    : A & { [K in OptionalKeys<F>]?: TypeOf<F[K]> }
  : never;

/** An integer of any size: a bigint where a number would be rounded. */
export type Integer = number | bigint;

/** The exact sum of two integers. */
export function plus(a: Integer, b: Integer): Integer {
  const areSmall = typeof a === "number" && typeof b === "number";
  if (areSmall && Number.isSafeInteger(a + b)) return a + b;
  const sum = BigInt(a) + BigInt(b);
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum;
}

/** @ignore */
declare const values: unique symbol;

/**
 * An object whose keys come from outside, and may be `"__proto__"` or `"constructor"`. So it
 * cannot be indexed, only iterated over with {@link entriesOf}; to look keys up, make it a `Map`.
 */
export type Dict<V> = { readonly [values]?: V };

function schema<T>(
  expected: string,
  fits: (value: unknown) => boolean,
  explain = (value: unknown) => wrong(expected, value),
): Schema<T> {
  return {
    ...{ expected, fits, explain },
    "~standard": {
      version: 1,
      vendor: "maelstrom",
      validate: (value) =>
        fits(value) ? { value: value as T } : { issues: [explain(value)] },
    },
  };
}

function wrong(expected: string, value: unknown): Issue {
  return { message: `expected ${expected}, got ${named(value)}`, path: [] };
}

/** A value in a few words. */
function named(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 20));
  if (isLargeFloat(value)) return `the float ${Number(value).toExponential()}`;
  return typeof value === "object" && value !== null
    ? "an object"
    : String(value);
}

/** What is wrong with the first part that does not match its schema. */
function firstWrong(
  parts: [key: string | number, Schema<unknown>, value: unknown][],
): Issue {
  const [key, schema, value] = parts.find(([, part, value]) =>
    !part.fits(value)
  )!;
  const { message, path = [] } = schema.explain(value);
  return { message, path: [key, ...path] };
}

function isObject(value: unknown): value is { [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * How deep a value may be nested. JSON parsers give up at some depth, often 1000, and then a node
 * could not send the value on, nor anything else in the same message. The levels left are for what
 * a program wraps around the value.
 */
const DEEPEST = 900;

/**
 * Whether a value can be written as JSON and nests at most this deep. `JSON.parse` reads 1e400 as
 * infinite, which `JSON.stringify` writes as null.
 */
function isSayable(value: unknown, levels: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  const parts = Array.isArray(value) ? value : Object.values(value);
  for (let i = 0; i < parts.length; i++) {
    if (!isSayable(parts[i], levels - 1)) return false;
  }
  return true;
}

/** Any JSON value, nested up to 900 levels deep, without numbers that are too large for a double. */
export const json: Schema<Json> = schema(
  `a value of finite numbers, nested up to ${DEEPEST} levels deep`,
  (value) => value !== undefined && isSayable(value, DEEPEST),
);

/** Text. */
export const string: Schema<string> = schema(
  "a string",
  (value) => typeof value === "string",
);

/** True or false. */
export const boolean: Schema<boolean> = schema(
  "true or false",
  (value) => typeof value === "boolean",
);

/**
 * Whether a value is a float from 2^53 on, such as 1e20. JavaScript writes it as an integer, which
 * the next node reads as a bigint: sets and maps would take the two for different numbers.
 */
function isLargeFloat(value: unknown): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Any number that is the same on all nodes: an integer of any size, or a finite float below 2^53. */
export const number: Schema<Integer> = schema(
  "a number",
  (value) =>
    Number.isFinite(value) && !isLargeFloat(value) || typeof value === "bigint",
);

/** An integer of any size, written without an exponent if it is beyond 2^53. */
export const integer: Schema<Integer> = schema(
  "an integer",
  (value) => Number.isSafeInteger(value) || typeof value === "bigint",
);

/** An integer of any size, 0 or more. */
export const amount: Schema<Integer> = schema(
  "an integer from 0",
  (value) =>
    (Number.isSafeInteger(value) || typeof value === "bigint") &&
    (value as Integer) >= 0,
);

/** An integer from 0 to 2^53 - 1, such as an index, a count or a size. */
export const natural: Schema<number> = schema(
  "an integer from 0 to 2^53 - 1",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);

/** One of these values. */
export function oneOf<
  const T extends readonly (string | number | boolean | null)[],
>(
  ...all: T
): Schema<T[number]> {
  const expected = all.map((one) => JSON.stringify(one)).join(" or ");
  return schema(expected, (value) => all.includes(value as T[number]));
}

/** A value of either schema. */
export function either<A, B>(a: Schema<A>, b: Schema<B>): Schema<A | B> {
  return schema(
    `${a.expected} or ${b.expected}`,
    (value) => a.fits(value) || b.fits(value),
  );
}

/** A field that may be missing. */
export function optional<T>({ expected, fits }: Schema<T>): Optional<T> {
  const known = schema<T>(
    expected,
    (value) => value === undefined || fits(value),
  );
  return { ...known, optional: true };
}

/** An array whose elements all match one schema. */
export function array<T>(item: Schema<T>): Schema<T[]> {
  const { fits } = item;
  const expected = "an array";
  return schema(expected, (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i++) if (!fits(value[i])) return false;
    return true;
  }, (value) => {
    if (!Array.isArray(value)) return wrong(expected, value);
    return firstWrong(value.map((part, i) => [i, item, part]));
  });
}

/** An array of fixed length, with a schema for each element. */
export function tuple<const T extends readonly Schema<unknown>[]>(
  ...places: T
): Schema<{ -readonly [I in keyof T]: TypeOf<T[I]> }> {
  const expected = `an array of ${places.length}`;
  const isLong = (value: unknown): value is unknown[] =>
    Array.isArray(value) && value.length === places.length;
  return schema(
    expected,
    (value) =>
      isLong(value) && places.every((place, i) => place.fits(value[i])),
    (value) => {
      if (!isLong(value)) return wrong(expected, value);
      return firstWrong(value.map((part, i) => [i, places[i]!, part]));
    },
  );
}

/** An object with these fields. */
export function object<F extends Fields>(fields: F): Schema<ObjectOf<F>> {
  const all = Object.entries(fields).map(([name, field]) => ({ name, field }));
  return schema("an object", (value) => {
    if (!isObject(value)) return false;
    for (let i = 0; i < all.length; i++) {
      const { name, field } = all[i]!;
      if (!field.fits(value[name])) return false;
    }
    return true;
  }, (value) => {
    if (!isObject(value)) return wrong("an object", value);
    return firstWrong(
      all.map(({ name, field }) => [name, field, value[name]]),
    );
  });
}

/** An object with any keys, whose values all match one schema. */
export function dict<V>(item: Schema<V>): Schema<Dict<V>> {
  return schema(
    "an object",
    (value) => {
      if (!isObject(value)) return false;
      const parts = Object.values(value);
      for (let i = 0; i < parts.length; i++) {
        if (!item.fits(parts[i])) return false;
      }
      return true;
    },
    (value) => {
      if (!isObject(value)) return wrong("an object", value);
      const parts = Object.entries(value);
      return firstWrong(parts.map(([key, part]) => [key, item, part]));
    },
  );
}

/** The entries of a dictionary. */
export function entriesOf<V>(dict: Dict<V>): [key: string, value: V][] {
  return Object.entries(dict as { [key: string]: V });
}

/** The dictionary of these entries. */
export function dictOf<V>(entries: Iterable<readonly [string, V]>): Dict<V> {
  let dict: { [key: string]: V } | undefined;
  for (const [key, value] of entries) put(dict ??= emptyFor(key), key, value);
  return (dict ?? {}) as Dict<V>;
}

/**
 * A dictionary with each value replaced by what a function returns for it; keys for which that is
 * undefined are left out.
 */
export function mapDict<V, W>(
  dict: Dict<V>,
  change: (value: V, key: string) => W | undefined,
): Dict<W> {
  const from = dict as { [key: string]: V };
  const keys = Object.keys(from);
  const made: { [key: string]: W } = emptyFor(keys[0]);
  for (const key of keys) {
    const value = change(from[key]!, key);
    if (value !== undefined) put(made, key, value);
  }
  return made as Dict<W>;
}

/**
 * An empty object for keys like this one. V8 stores the values of numeric keys in an array half as
 * long again as the largest key: for the key 600 alone, it has 900 elements. One key that is far
 * too large for that makes the object a hash table for good.
 */
function emptyFor(key: string | undefined): { [key: string]: never } {
  // In ASCII, the colon follows the digits.
  if (key === undefined || key >= ":") return {};
  const empty: { [key: string]: never } = { 4294967294: null as never };
  delete empty[4294967294];
  return empty;
}

/** Sets a key. Assigning to `__proto__` would set the prototype instead. */
function put<V>(dict: { [key: string]: V }, key: string, value: V): void {
  if (key !== "__proto__") dict[key] = value;
  else Object.defineProperty(dict, key, { value, enumerable: true });
}

/** Whether a dictionary has no keys. */
export function isEmpty(dict: Dict<unknown>): boolean {
  return Object.keys(dict).length === 0;
}

/** What describes a whole message: the schemas of its fields, or a Standard Schema of any library. */
export type Whole = Fields | StandardSchema<unknown>;

/** The type of a whole message. */
export type WholeOf<W> = W extends StandardSchema<infer T> ? T : ObjectOf<W>;

function whole<W extends Whole>(fields: W): StandardSchema<WholeOf<W>> {
  const described = "~standard" in fields ? fields : object(fields as Fields);
  return described as StandardSchema<WholeOf<W>>;
}

/** A request and its reply. */
export function rpc<Q extends Whole, R extends Whole>(request: Q, reply: R): {
  request: StandardSchema<WholeOf<Q>>;
  reply: StandardSchema<WholeOf<R>>;
} {
  return { request: whole(request), reply: whole(reply) };
}

/** A message that has no reply. */
export function message<Q extends Whole>(
  fields: Q,
): { request: StandardSchema<WholeOf<Q>> } {
  return { request: whole(fields) };
}

/** Marks message types as only for nodes: a client that sends one gets error 10, as for an unknown type. */
export function amongNodes<S extends { readonly [type: string]: MessageShape }>(
  shapes: S,
): S {
  const marked = Object.entries(shapes)
    .map(([type, shape]) => [type, { ...shape, amongNodes: true }]);
  return Object.fromEntries(marked);
}
