/**
 * JSON that keeps numbers as they were written. JavaScript's own parser reads 1.0 as 1 and rounds
 * integers of more than 53 bits. Maelstrom does neither, so everything that a node writes goes
 * through this module on its way to other nodes, services, the history and the judges.
 *
 * Every number has exactly one form here, so that equal numbers compare equal:
 *
 * | as written               | here                                     |
 * | ------------------------ | ---------------------------------------- |
 * | an integer up to 2^53-1  | a `number`                               |
 * | a larger one             | a `bigint`                               |
 * | 0.5                      | a `number`                               |
 * | 1.0, 1e3, 1e999          | a {@link Float}, equal to no integer     |
 *
 * Functions that walk whole messages use `Object.keys`, never `for ... in`: once that has met an
 * object whose keys are numbers, as kafka's are, it takes ten times as long for all others.
 */
import { put } from "./fields.ts";

/** Any JSON value. The library has its own such type: what judges nodes imports nothing that they use. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Json[]
  | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** TypeScript does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * A number that was written with a fraction or an exponent, and that as a `number` would be an
 * integer or infinite.
 */
export class Float {
  /** @param text its text, the same for all equal numbers */
  constructor(readonly text: string) {}

  valueOf(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): unknown {
    return rawJSON(this.text);
  }
}

const FRACTION_OR_EXPONENT = /\d[.eE]/;
const LONG = /\d{16}/;

const BLANKS = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const WORD = /true|false|null/y;

/** Characters that must be escaped in JSON strings, but that Maelstrom accepts unescaped. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f]/g;

/** How deep values may be nested. Deeper ones would overflow the stack, and no message needs them. */
export const DEEPEST = 1_000;

/** A text or value is nested too deeply. */
export class TooDeep extends SyntaxError {
  constructor() {
    super(`nested more than ${DEEPEST} levels deep`);
  }
}

/**
 * Whether a text may hold a number that JavaScript's own, faster parser would change. A single
 * pattern for both kinds of number would take several times as long.
 */
function needsCare(text: string): boolean {
  return FRACTION_OR_EXPONENT.test(text) || LONG.test(text);
}

/**
 * Parses one JSON value, keeping numbers exact.
 *
 * @throws {SyntaxError} the text is not JSON
 */
export function parse(text: string): Json {
  if (!needsCare(text)) return JSON.parse(text);
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/**
 * Parses a line as Maelstrom does: only its first JSON value counts, and unescaped control
 * characters in strings are accepted. Calls back with what follows it, unless that is blank.
 *
 * @throws {TooDeep} the value is nested more than 1000 levels deep
 * @throws {SyntaxError} the line does not begin with JSON, or is empty
 */
export function parseLine(
  line: string,
  onMore?: (more: string) => void,
): Json {
  if (!needsCare(line)) {
    try {
      const value: Json = JSON.parse(line);
      if (line.length < DEEPEST || !isDeeper(value, DEEPEST)) return value;
    } catch {
      // Text follows the value, or a string has a control character, or it is not JSON.
    }
  }
  const reader = new Reader(line);
  const value = reader.value();
  if (onMore !== undefined && reader.rest !== "") onMore(reader.rest);
  return value;
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  const parts = Array.isArray(value) ? value : Object.values(value);
  return levels === 0 || parts.some((part) => isDeeper(part, levels - 1));
}

/** A value as JSON text, with all digits of every number. */
export function stringify(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The value has a bigint in it.
    return JSON.stringify(value, withDigits, indent);
  }
}

/**
 * The beginning of a text, as a copy: a slice would keep the whole text in memory, which may be
 * megabytes that a node wrote.
 */
export function beginning(text: string, most: number): string {
  return text.length <= most ? text : [...text.slice(0, most)].join("");
}

/**
 * JSON text whose first `most` characters are those of {@link stringify}, and which has more
 * characters only if that has. The whole text may be longer than a string can be.
 */
export function stringifyBeginning(
  value: unknown,
  most: number,
  indent?: number,
): string {
  return stringify(shallow(value, most + 1), indent);
}

/** A value whose strings and arrays are cut after this many characters and elements. */
function shallow(value: unknown, most: number): unknown {
  if (typeof value === "string") return beginning(value, most);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.slice(0, most).map((element) => shallow(element, most));
  }
  if (value instanceof Float) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, shallow(part, most)]),
  );
}

/** The length of the text that {@link stringify} would make, in half the time. */
export function textLength(value: Json): number {
  switch (typeof value) {
    case "string":
      return stringLength(value);
    case "number":
      return Number.isInteger(value)
        ? digitsOf(value)
        : JSON.stringify(value).length;
    case "boolean":
      return value ? 4 : 5;
    case "bigint":
      return String(value).length;
  }
  // An element that is undefined is written as null.
  if (value === null || value === undefined) return 4;
  if (value instanceof Float) return value.text.length;
  let length = 1; // a comma for each element, or the last bracket
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) length += 1 + textLength(value[i]!);
    return Math.max(2, length);
  }
  for (const key of Object.keys(value)) {
    const field = value[key];
    if (field === undefined) continue;
    length += stringLength(key) + 2 + textLength(field);
  }
  return Math.max(2, length);
}

/** Longer strings are measured by writing them as JSON, which takes a quarter of the time per character. */
const SHORT_TEXT = 64;

function stringLength(text: string): number {
  if (text.length > SHORT_TEXT) return JSON.stringify(text).length;
  let length = text.length + 2;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22 || code === 0x5c) length++;
    else if (code < 0x20 || code >= 0xd800) return JSON.stringify(text).length;
  }
  return length;
}

function digitsOf(integer: number): number {
  if (integer < 0 || integer > 999_999_999) {
    return JSON.stringify(integer).length;
  }
  let digits = 1;
  for (let limit = 10; integer >= limit; limit *= 10) digits++;
  return digits;
}

function withDigits(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}

/** An integer of any size. A `number` and a `bigint` can be compared, but not added: see {@link sum}. */
export type Integer = number | bigint;

/** Puts integers in ascending order. */
export function ascending(a: Integer, b: Integer): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The larger of two integers. */
export function larger(a: Integer, b: Integer): Integer {
  return a > b ? a : b;
}

/** Whether a value was written as an integer. */
export function isInteger(value: unknown): value is Integer {
  return Number.isInteger(value) || typeof value === "bigint";
}

/** A double as a JSON float: 5 becomes 5.0, and 0.5 stays as it is. */
export function float(value: number): Json {
  if (Number.isFinite(value) && !Number.isInteger(value)) return value;
  const sign = value < 0 ? "-" : "";
  const text = Number.isFinite(value) ? numeral(value) : `${sign}1e999`;
  // Code that does not know of it sees just another object.
  return new Float(text) as unknown as Json;
}

function numeral(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The sum of two integers. */
export function sum(a: Integer, b: Integer): Integer {
  if (typeof a === "number" && typeof b === "number") {
    const short = a + b;
    if (Number.isSafeInteger(short)) return short;
  }
  return integer(BigInt(a) + BigInt(b));
}

/** An integer in the form that it has here. */
function integer(value: bigint): Integer {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

/** A number as a double, to which floats and large integers are converted; null if it is not a number. */
export function asDouble(value: Json | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value instanceof Float ? Number(value) : null;
}

/**
 * A string as it is, any other value as JSON text. JavaScript's own conversion would throw if an
 * object has a field called `toString`.
 */
export function asText(value: Json | undefined): string {
  return typeof value === "object" ? stringify(value) : String(value);
}

/**
 * Whether two values are the same JSON. The order of an object's keys does not matter, and 1 is
 * not 1.0.
 */
export function equal(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (
    typeof a !== "object" || typeof b !== "object" || a === null || b === null
  ) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i]!, b[i]!)) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  if (a instanceof Float || b instanceof Float) {
    return a instanceof Float && b instanceof Float &&
      unsigned(a) === unsigned(b);
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key) || !equal(a[key]!, b[key]!)) return false;
  }
  return true;
}

/** The text of a number, without the sign of a zero, which Java's comparisons ignore. */
const unsigned = ({ text }: Float) => text === "-0.0" ? "0.0" : text;

/** JSON text that is the same for all values that are {@link equal}: keys are sorted, and there are no blanks. */
export function canonical(value: Json): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value instanceof Float) return unsigned(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const fields = Object.keys(value).sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key]!)}`);
  return `{${fields.join(",")}}`;
}

/** Parses a text from its beginning, value by value. */
class Reader {
  #at = 0;
  #depth = 0;

  constructor(private readonly text: string) {}

  /** The next value. */
  value(): Json {
    this.#take(BLANKS);
    switch (this.text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
      case "f":
      case "n":
        return JSON.parse(this.#expect(WORD)[0]);
      default:
        return this.#number();
    }
  }

  /** What is left, but for white space at its ends. */
  get rest(): string {
    return this.text.slice(this.#at).trim();
  }

  /** Checks that only white space is left. */
  end(): void {
    this.#take(BLANKS);
    if (this.#at < this.text.length) this.#fail();
  }

  #object(): Json {
    const object: { [key: string]: Json } = {};
    this.#each("}", () => {
      this.#take(BLANKS);
      const key = this.#string();
      this.#take(BLANKS);
      if (this.text[this.#at++] !== ":") this.#fail();
      put(object, key, this.value());
    });
    return object;
  }

  #array(): Json {
    const array: Json[] = [];
    this.#each("]", () => array.push(this.value()));
    return array;
  }

  /** Parses what is between two brackets, separated by commas. */
  #each(closing: string, read: () => void): void {
    if (++this.#depth > DEEPEST) throw new TooDeep();
    this.#at++;
    this.#take(BLANKS);
    if (this.text[this.#at] === closing) this.#at++;
    else {
      do {
        read();
        this.#take(BLANKS);
      } while (this.text[this.#at++] === ",");
      if (this.text[this.#at - 1] !== closing) this.#fail();
    }
    this.#depth--;
  }

  #string(): string {
    const start = this.#at;
    if (this.text[start] !== '"') this.#fail();
    // A quote ends the string unless an odd number of backslashes precedes it.
    for (let end = start, escapes = 1; escapes % 2 === 1;) {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) this.#fail();
      for (escapes = 0; this.text[end - 1 - escapes] === "\\";) escapes++;
      this.#at = end + 1;
    }
    const token = this.text.slice(start, this.#at);
    return JSON.parse(
      token.replace(
        CONTROL,
        (character) =>
          `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
    );
  }

  #number(): Json {
    const [text, fraction, exponent] = this.#expect(NUMBER);
    const value = Number(text);
    if (fraction !== undefined || exponent !== undefined) return float(value);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #expect(pattern: RegExp): RegExpExecArray {
    return this.#take(pattern) ?? this.#fail();
  }

  #fail(): never {
    throw new SyntaxError(`no JSON at character ${this.#at}`);
  }
}
