/** JSON in pieces: the whole may be longer than a text can be, which is 512 million characters. */
import { Float, stringify } from "./json.ts";

/** How deep a file is written a part a line: below that, some hold whatever nodes have written. */
const LEVELS = 5;

/** How deep a value is taken apart where its lines do not show it. */
const COMPACT_LEVELS = 8;

/** A value as a file has it, a part a line. */
export function* indentedTexts(value: object): Generator<string> {
  yield* parts(value, LEVELS, "\n", "  ");
  yield "\n";
}

/** A value as {@link stringify} writes it. */
export function compactTexts(value: object): Generator<string> {
  return parts(value, COMPACT_LEVELS, "", "");
}

function* parts(
  value: unknown,
  levels: number,
  lineEnd: string,
  indent: string,
): Generator<string> {
  const entries = typeof value === "object" && value !== null &&
      !(value instanceof Float)
    ? Object.entries(value).filter(([, part]) => part !== undefined)
    : [];
  if (entries.length === 0 || levels === 0) return yield stringify(value);
  const isArray = Array.isArray(value);
  const colon = indent === "" ? ":" : ": ";
  let before = isArray ? "[" : "{";
  for (const [key, part] of entries) {
    const name = isArray ? "" : stringify(key) + colon;
    yield `${before}${lineEnd}${indent}${name}`;
    yield* parts(part, levels - 1, lineEnd + indent, indent);
    before = ",";
  }
  yield `${lineEnd}${isArray ? "]" : "}"}`;
}
