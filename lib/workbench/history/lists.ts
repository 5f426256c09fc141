/**
 * Long lists of a run, as clients read them in broadcast: most begin like the one before and
 * are a little longer. They are kept as one list that grows, and a length for each: a run of
 * five minutes may read ten billion values.
 */
import { type Json, type JsonObject, textLength } from "./json.ts";

/** The first elements of a list that may have more. */
export interface Beginning {
  readonly list: readonly Json[];
  readonly length: number;
}

/** Shorter lists are kept as they are. */
const LONG = 256;

/**
 * How many elements of long lists are kept, at 8 bytes each and as much again to judge them. Of
 * lists that begin alike, the common part counts once.
 */
const ELEMENTS_KEPT = 60e6;

/** Keeps long lists. */
export class LongLists {
  /** By source, what its last list is the beginning of. */
  readonly #latest = new Map<string, Json[]>();
  readonly #known = new WeakMap<readonly Json[], Beginning>();
  /** How many elements are kept. */
  #elements = 0;

  /**
   * @param limit how many elements may be kept
   * @param onFull called once, when there are more
   */
  constructor(
    private readonly limit = ELEMENTS_KEPT,
    private readonly onFull: () => void = () => {},
  ) {}

  /** Keeps a list that comes from a source; null if it is short. The same array is kept once. */
  keep(list: readonly Json[], source: string): Beginning | null {
    if (list.length < LONG) return null;
    const known = this.#known.get(list);
    if (known !== undefined) return known;
    const latest = this.#latest.get(source);
    const goesOn = latest !== undefined && beginsLike(list, latest);
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

function beginsLike(list: readonly Json[], other: readonly Json[]): boolean {
  if (list.length < other.length) return false;
  for (let i = 0; i < other.length; i++) {
    if (list[i] !== other[i]) return false;
  }
  return true;
}

/** An operation, or the body of a message. */
type Holder = { [field: string]: Json | undefined };

/** The long list of a holder, and the field whose value it is. */
interface Held extends Beginning {
  readonly field: string;
}

const HELD = Symbol("held");

const PLAIN = { enumerable: true, configurable: true, writable: true };

/** The value of such a field is made anew whenever it is asked for. */
const MADE: PropertyDescriptor & ThisType<Holder> = {
  enumerable: true,
  configurable: true,
  get() {
    const { list, length } = heldBy(this)!;
    return list.slice(0, length);
  },
};

/**
 * The same object, in which a field has the value of a long list that is kept as it is. An
 * object has one at most.
 */
export function holding<T extends object>(
  holder: T,
  field: string,
  { list, length }: Beginning,
): T {
  const made: Holder = {};
  // Field by field: V8 makes an object whose field becomes another kind a table, three times as large.
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

/** A field that is a list, with all that it is the beginning of; null if it is no list. */
export function listIn(holder: Holder, field: string): Beginning | null {
  const known = heldBy(holder);
  if (known?.field === field) return known;
  const value = holder[field];
  return Array.isArray(value) ? { list: value, length: value.length } : null;
}

/** By list, the length of the text up to each of its elements. */
const lengths = new WeakMap<readonly Json[], number[]>();

/** The length of an object as JSON text; its long list is not made for it. */
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

/** How many elements the long lists of a run may have in all, and still be written whole. */
const WRITTEN_WHOLE = 10e6;

/** Whether these objects hold more than can be written whole. */
export function areTooLong(holders: Iterable<object>): boolean {
  let elements = 0;
  for (const holder of holders) elements += heldBy(holder)?.length ?? 0;
  return elements > WRITTEN_WHOLE;
}

/** A copy of an object in which its long list is told by something shorter. */
export function briefly<T extends object>(
  holder: T,
  tell: (beginning: Beginning) => Json,
): T {
  const own = heldBy(holder);
  if (own === undefined) return holder;
  // Not spread: that would make the list.
  return Object.fromEntries(
    Object.keys(holder).map((key) => [
      key,
      key === own.field ? tell(own) : holder[key as keyof T],
    ]),
  ) as T;
}

/**
 * Tells long lists, in the order in which they were read, by the number of their values and by
 * those that no earlier one had.
 */
export function newsTeller(): (beginning: Beginning) => Json {
  const told = new Map<readonly Json[], number>();
  return ({ list, length }) => {
    const before = told.get(list) ?? 0;
    told.set(list, Math.max(before, length));
    return { values: length, new: list.slice(before, length) };
  };
}
