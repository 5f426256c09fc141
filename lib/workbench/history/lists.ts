/**
 * Long lists, such as clients read in broadcast: most begin like the one before and are a little
 * longer. Such lists are kept as one list that grows, and a length for each of them, since a run
 * of five minutes may read ten billion values.
 */
import { type Json, type JsonObject, textLength } from "./json.ts";

/** The beginning of a list: its first `length` elements. */
export interface Beginning {
  readonly list: readonly Json[];
  readonly length: number;
}

/** Lists shorter than this are kept as they are. */
const LONG = 256;

/**
 * How many elements of long lists are kept. Each takes 8 bytes, and as much again when it is
 * judged. The common part of lists that begin alike counts once.
 */
const ELEMENTS_KEPT = 60e6;

/** Keeps the long lists of a run. */
export class LongLists {
  /** By source, the list of which its last one is the beginning. */
  readonly #latest = new Map<string, Json[]>();
  readonly #known = new WeakMap<readonly Json[], Beginning>();
  /** How many elements are kept. */
  #elements = 0;

  /**
   * @param limit how many elements may be kept
   * @param onFull called once, when the limit is reached
   */
  constructor(
    private readonly limit = ELEMENTS_KEPT,
    private readonly onFull: () => void = () => {},
  ) {}

  /** Keeps a list that comes from a source; returns null if it is short. The same array is kept once. */
  keep(list: readonly Json[], source: string): Beginning | null {
    if (list.length < LONG) return null;
    const known = this.#known.get(list);
    if (known !== undefined) return known;
    const latest = this.#latest.get(source);
    const goesOn = latest !== undefined && list.length >= latest.length &&
      beginAlike(list, latest, latest.length);
    const whole = goesOn ? latest : [];
    this.#latest.set(source, whole);
    this.#count(list.length - whole.length);
    for (let i = whole.length; i < list.length; i++) whole.push(list[i]!);
    const beginning = { list: whole, length: list.length };
    this.#known.set(list, beginning);
    return beginning;
  }

  #count(elements: number): void {
    const before = this.#elements;
    this.#elements += elements;
    if (before < this.limit && this.#elements >= this.limit) this.onFull();
  }
}

/** Whether two lists have the same first elements, so many of them. Objects are the same if they are one object. */
export function beginAlike(
  one: readonly Json[],
  other: readonly Json[],
  length: number,
): boolean {
  if (one === other) return true;
  for (let i = 0; i < length; i++) {
    if (one[i] !== other[i]) return false;
  }
  return true;
}

/** An operation, or the body of a message. */
type Holder = { [field: string]: Json | undefined };

/** The long list that a holder has, and the field that it is in. */
interface Held extends Beginning {
  readonly field: string;
}

const HELD = Symbol("held");

const PLAIN = { enumerable: true, configurable: true, writable: true };

/** The field of a long list: its value is made anew each time it is read. */
const MADE: PropertyDescriptor & ThisType<Holder> = {
  enumerable: true,
  configurable: true,
  get() {
    const { list, length } = heldBy(this)!;
    return list.slice(0, length);
  },
};

/**
 * A copy of an object in which one field holds a long list in its compact form. An object has at
 * most one such field.
 */
export function holding<T extends object>(
  holder: T,
  field: string,
  { list, length }: Beginning,
): T {
  const made: Holder = {};
  // Built field by field: V8 turns an object with a redefined field into a table three times as large.
  for (const key of Object.keys(holder)) {
    const value = (holder as Holder)[key]!;
    if (key === field) Object.defineProperty(made, key, MADE);
    else if (key !== "__proto__") made[key] = value;
    else Object.defineProperty(made, key, { ...PLAIN, value });
  }
  const held: Held = { field, list, length };
  return Object.defineProperty(made, HELD, { value: held }) as T;
}

/** The long list that an object holds. */
export function heldBy(holder: object): Held | undefined {
  return (holder as { [HELD]?: Held })[HELD];
}

/** The list in a field, as the beginning of the list that is kept; null if the field is not a list. */
export function listIn(holder: Holder, field: string): Beginning | null {
  const known = heldBy(holder);
  if (known?.field === field) return known;
  const value = holder[field];
  return Array.isArray(value) ? { list: value, length: value.length } : null;
}

/** By list, the length of its JSON text up to each of its elements. */
const lengths = new WeakMap<readonly Json[], number[]>();

/** The length of an object as JSON text, without making its long list. */
export function lengthOf(holder: JsonObject): number {
  const own = heldBy(holder);
  if (own === undefined) return textLength(holder);
  const ends = lengths.get(own.list) ?? [];
  lengths.set(own.list, ends);
  for (let i = ends.length; i < own.length; i++) {
    ends.push((ends[i - 1] ?? 1) + 1 + textLength(own.list[i]!));
  }
  const without = textLength(briefly(holder, () => []));
  return without - "[]".length + ends[own.length - 1]!;
}

/** The long lists of a run are written out if they have at most this many elements in all. */
const WRITTEN_WHOLE = 10e6;

/** Whether the long lists of these objects are too long to be written out. */
export function areTooLong(holders: Iterable<object>): boolean {
  let elements = 0;
  for (const holder of holders) elements += heldBy(holder)?.length ?? 0;
  return elements > WRITTEN_WHOLE;
}

/** A copy of an object in which something shorter stands for its long list. */
export function briefly<T extends object>(
  holder: T,
  tell: (beginning: Beginning) => Json,
): T {
  const own = heldBy(holder);
  if (own === undefined) return holder;
  // Spreading the object would make the list.
  return Object.fromEntries(
    Object.keys(holder).map((key) => [
      key,
      key === own.field ? tell(own) : holder[key as keyof T],
    ]),
  ) as T;
}

/**
 * Describes long lists, in the order in which they were read, by the number of their values and by
 * the values that no earlier one had.
 */
export function newsTeller(): (beginning: Beginning) => Json {
  const told = new Map<readonly Json[], number>();
  return ({ list, length }) => {
    const before = told.get(list) ?? 0;
    told.set(list, Math.max(before, length));
    return { values: length, new: list.slice(before, length) };
  };
}
