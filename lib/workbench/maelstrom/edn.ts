/**
 * Reads EDN, in which Maelstrom writes its results and histories, as JSON: keywords become
 * strings without their colon, sets sorted arrays, ratios floats, tagged records
 * (`#jepsen.history.Op{...}`) plain objects, and keys of maps strings. Numbers are exact, as in
 * `history/json.ts`.
 *
 * EDN: https://github.com/edn-format/edn
 */
import { plain } from "../history/copies.ts";
import { float, type Json, type JsonObject, parse } from "../history/json.ts";

/** What separates values: white space, commas, comments. */
const BETWEEN = /(?:[\s,]+|;[^\n]*)*/y;
/** A keyword, a symbol or a number, up to what ends it. */
const WORD = /[^\s,;()[\]{}"]+/y;
const STRING = /"((?:[^"\\]|\\[^])*)"/y;
const INTEGER = /^[-+]?\d+N?$/;
const FLOAT = /^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?M?$/;
const RATIO = /^(-?\d+)\/(\d+)$/;

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
};

const CHARACTERS: Readonly<Record<string, string>> = {
  newline: "\n",
  space: " ",
  tab: "\t",
  return: "\r",
};

/** No value: `#_` and what it discards. */
const NOTHING = Symbol("nothing");

/**
 * Reads one EDN value; text after it is ignored.
 *
 * @throws {SyntaxError} the text is not EDN, or is cut short
 */
export function parseEdn(text: string): Json {
  return new Reader(text).value();
}

/**
 * Reads a results map; in its numbers, 1.0 is 1.
 *
 * @throws {Error} the text is not an EDN map, or is cut short
 */
export function parseResults(edn: string): JsonObject {
  let json: Json = null;
  try {
    json = plain(parseEdn(edn));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error("it is not one complete EDN map");
  }
  return json;
}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  value(): Json {
    for (;;) {
      const value = this.#next();
      if (value !== NOTHING) return value;
    }
  }

  #next(): Json | typeof NOTHING {
    this.#take(BETWEEN);
    switch (this.text[this.#at]) {
      case "(":
        return this.#until(")");
      case "[":
        return this.#until("]");
      case "{":
        return this.#map();
      case '"':
        return this.#string();
      case "\\":
        return this.#character();
      case "#":
        return this.#dispatch();
      default:
        return atom(this.#take(WORD)?.[0] ?? this.#fail());
    }
  }

  /** Values up to a closing bracket. */
  #until(closing: string): Json[] {
    const values: Json[] = [];
    this.#at++;
    for (;;) {
      this.#take(BETWEEN);
      if (this.text[this.#at] === closing) break;
      const value = this.#next();
      if (value !== NOTHING) values.push(value);
    }
    this.#at++;
    return values;
  }

  #map(): JsonObject {
    const values = this.#until("}");
    const entries: [string, Json][] = [];
    for (let i = 0; i + 1 < values.length; i += 2) {
      entries.push([keyText(values[i]!), values[i + 1]!]);
    }
    return Object.fromEntries(entries);
  }

  #string(): string {
    const text = this.#take(STRING)?.[1] ?? this.#fail();
    return text.replace(
      /\\(?:u([0-9a-fA-F]{4})|([0-7]{1,3})|([^]))/g,
      (_, hex, octal, letter) =>
        hex !== undefined
          ? String.fromCharCode(parseInt(hex, 16))
          : octal !== undefined
          ? String.fromCharCode(parseInt(octal, 8))
          : ESCAPES[letter] ?? letter,
    );
  }

  #character(): string {
    this.#at++;
    const name = this.#take(WORD)?.[0] ?? this.text[this.#at++] ?? "";
    return CHARACTERS[name] ?? name;
  }

  /** What begins with `#`: sets, tags, discarded values, and special numbers. */
  #dispatch(): Json | typeof NOTHING {
    const next = this.text[++this.#at];
    if (next === "{") return this.#until("}").sort(ascending);
    if (next === "_") {
      this.#at++;
      this.value();
      return NOTHING;
    }
    if (next === "#") {
      this.#take(WORD);
      return null; // ##NaN and ##Inf: JSON has none
    }
    this.#take(WORD);
    return this.value();
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #fail(): never {
    throw new SyntaxError(`no EDN at character ${this.#at}`);
  }
}

function atom(word: string): Json {
  if (word === "nil") return null;
  if (word === "true") return true;
  if (word === "false") return false;
  if (word.startsWith(":")) return word.slice(1);
  if (INTEGER.test(word)) {
    return parse(word.replace(/^\+|N$/g, "").replace(/^(-?)0+(?=\d)/, "$1"));
  }
  if (FLOAT.test(word)) return float(Number(word.replace(/M$/, "")));
  const [, numerator, denominator] = RATIO.exec(word) ?? [];
  return denominator === undefined
    ? word
    : float(Number(numerator) / Number(denominator));
}

function keyText(key: Json): string {
  return typeof key === "string" ? key : text(key);
}

function text(value: Json): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

function ascending(a: Json, b: Json): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [keyText(a), keyText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
