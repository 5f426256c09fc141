/**
 * The micro-operations of transactions as columns of numbers. Keys and versions are looked up only once,
 * to number them; everything afterwards uses their numbers.
 */
import type { Json } from "../../history/json.ts";
import { type JsonKey, jsonKey } from "../json-key.ts";
import { Column } from "./columns.ts";

/** No key, or no version: what was read was empty. */
export const NONE = -1;

/** Keys and their versions by number. A version is a value of a register, or an element of a list. */
export class Versions {
  /** The name of each key. */
  readonly keys: Json[] = [];
  /** The value of each version, and its key. */
  readonly values: Json[] = [];
  readonly keyOf: number[] = [];
  readonly #keys = new Map<JsonKey, number>();
  /** By key. */
  readonly #versions: Map<JsonKey, number>[] = [];

  /** The number of a key. */
  key(name: Json): number {
    const id = jsonKey(name);
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    this.#keys.set(id, this.keys.length);
    this.#versions.push(new Map());
    return this.keys.push(name) - 1;
  }

  /** The number of the version of a key that has this value. */
  of(key: number, value: Json): number {
    const versions = this.#versions[key]!, id = jsonKey(value);
    const known = versions.get(id);
    if (known !== undefined) return known;
    versions.set(id, this.values.length);
    this.keyOf.push(key);
    return this.values.push(value) - 1;
  }
}

/** What a step is, as bits. */
export const STEP = {
  /** It writes; other steps read. */
  writes: 1,
  /** Its transaction has not touched the key before: a read shows what others wrote. */
  first: 2,
  /** Its transaction has not written the key before. */
  firstWrite: 4,
  /** Its transaction does not write the key again: others may see it. */
  lastWrite: 8,
} as const;

/** The micro-operations of transactions, in order. */
export interface Steps {
  versions: Versions;
  /** The steps of transaction t are those from `starts[t]` to before `starts[t + 1]`. */
  starts: Int32Array;
  /** Of each step its transaction, its key, and its {@link STEP} bits. */
  txns: Int32Array;
  keys: Int32Array;
  bits: Int32Array;
  /**
   * The versions that a step wrote or read, in order, are those from `elements[from[step]]` to
   * before `elements[to[step]]`: at most one but for reads of lists. Lists that begin alike share
   * their elements. After a read of null both are negative.
   */
  from: Int32Array;
  to: Int32Array;
  elements: Int32Array;
}

/** The last version that a step wrote or read, or {@link NONE}. */
export function lastOf({ from, to, elements }: Steps, step: number): number {
  const end = to[step]!;
  return from[step]! < end ? elements[end - 1]! : NONE;
}

/** The version that a step wrote; that of a read of a register. */
export function versionOf({ from, elements }: Steps, step: number): number {
  return elements[from[step]!]!;
}

/** Whether two steps wrote or read the same versions. */
export function areEqual(
  { from, to, elements }: Steps,
  a: number,
  b: number,
): boolean {
  const length = to[a]! - from[a]!;
  if (length !== to[b]! - from[b]!) return false;
  for (let i = 0; i < length; i++) {
    if (elements[from[a]! + i] !== elements[from[b]! + i]) return false;
  }
  return true;
}

/** Whether a step writes; if not, it reads. */
export function isWrite({ bits }: Steps, step: number): boolean {
  return (bits[step]! & STEP.writes) !== 0;
}

/** Whether a step shows what others wrote: a read of a key that its transaction had not touched. */
export function isShown({ bits }: Steps, step: number): boolean {
  return (bits[step]! & (STEP.writes | STEP.first)) === STEP.first;
}

/** Whether a step shows what its transaction has itself seen or done: a read of a key that it had touched. */
export function isRepeated({ bits }: Steps, step: number): boolean {
  return (bits[step]! & (STEP.writes | STEP.first)) === 0;
}

/** The read by which a transaction saw what others had written to a key, or {@link NONE}. */
export function readOf(steps: Steps, txn: number, key: number): number {
  const { starts, keys } = steps;
  for (let step = starts[txn]!; step < starts[txn + 1]!; step++) {
    if (keys[step] === key && isShown(steps, step)) return step;
  }
  return NONE;
}

/** The step of a transaction that was the last to write a key, or {@link NONE}. */
export function writeOf(steps: Steps, txn: number, key: number): number {
  const { starts, keys, bits } = steps;
  for (let step = starts[txn]!; step < starts[txn + 1]!; step++) {
    if (keys[step] === key && bits[step]! & STEP.lastWrite) return step;
  }
  return NONE;
}

/** The version that a transaction left under a key that it wrote, or {@link NONE}. */
export function writtenBy(steps: Steps, txn: number, key: number): number {
  const step = writeOf(steps, txn, key);
  return step === NONE ? NONE : versionOf(steps, step);
}

/** Whether all versions of a key that a transaction wrote pass a test. */
export function everyWritten(
  steps: Steps,
  txn: number,
  key: number,
  passes: (version: number) => boolean,
): boolean {
  const { starts, keys } = steps;
  for (let step = starts[txn]!; step < starts[txn + 1]!; step++) {
    if (keys[step] !== key || !isWrite(steps, step)) continue;
    if (!passes(versionOf(steps, step))) return false;
  }
  return true;
}

/** Makes steps, transaction by transaction. */
export class StepsBuilder {
  readonly versions = new Versions();
  readonly #starts = new Column();
  readonly #txns = new Column();
  readonly #keys = new Column();
  readonly #bits = new Column();
  readonly #from = new Column();
  readonly #to = new Column();
  readonly #elements = new Column();
  /** The first step of the transaction that is being made. */
  #start = 0;
  /** By key, its last step, and the last that wrote it. */
  readonly #touched = new Column();
  readonly #written = new Column();
  /** By key, the longest list that was read, and where its elements are. */
  readonly #longest: { list: readonly Json[]; from: number }[] = [];

  constructor() {
    this.#starts.push(0);
  }

  write(name: Json, value: Json): void {
    const key = this.#keyOf(name), from = this.#elements.length;
    const before = this.#written.at(key), isFirst = before < this.#start;
    this.#elements.push(this.versions.of(key, value));
    if (!isFirst) {
      this.#bits.set(before, this.#bits.at(before) & ~STEP.lastWrite);
    }
    this.#written.set(key, this.#txns.length);
    const bits = STEP.writes | STEP.lastWrite;
    this.#add(key, isFirst ? bits | STEP.firstWrite : bits, from, 1);
  }

  /** Adds a read of one value. */
  read(name: Json, value: Json): void {
    const key = this.#keyOf(name), from = this.#elements.length;
    this.#elements.push(this.versions.of(key, value));
    this.#add(key, 0, from, 1);
  }

  /** Adds a read that found nothing. */
  readNull(name: Json): void {
    this.#add(this.#keyOf(name), 0, NONE, 0);
  }

  /** Adds a read that was not answered: it shows nothing. */
  readUnanswered(name: Json): void {
    this.#push(this.#keyOf(name), 0, NONE, 0);
  }

  readList(name: Json, list: readonly Json[]): void {
    const key = this.#keyOf(name), longest = this.#longest[key]!;
    const shared = sharedLength(longest.list, list);
    if (shared === list.length) {
      return this.#add(key, 0, longest.from, list.length);
    }
    const from = this.#elements.length;
    for (let i = 0; i < list.length; i++) {
      this.#elements.push(
        i < shared
          ? this.#elements.at(longest.from + i)
          : this.versions.of(key, list[i]!),
      );
    }
    if (list.length > longest.list.length) this.#longest[key] = { list, from };
    this.#add(key, 0, from, list.length);
  }

  /** Ends a transaction. */
  end(): void {
    this.#start = this.#txns.length;
    this.#starts.push(this.#start);
  }

  steps(): Steps {
    return {
      versions: this.versions,
      starts: this.#starts.values,
      txns: this.#txns.values,
      keys: this.#keys.values,
      bits: this.#bits.values,
      from: this.#from.values,
      to: this.#to.values,
      elements: this.#elements.values,
    };
  }

  #keyOf(name: Json): number {
    const key = this.versions.key(name);
    if (key === this.#longest.length) {
      this.#touched.push(NONE);
      this.#written.push(NONE);
      this.#longest.push({ list: [], from: 0 });
    }
    return key;
  }

  #add(key: number, bits: number, from: number, length: number): void {
    const isFirst = this.#touched.at(key) < this.#start;
    this.#touched.set(key, this.#txns.length);
    this.#push(key, isFirst ? bits | STEP.first : bits, from, length);
  }

  #push(key: number, bits: number, from: number, length: number): void {
    this.#txns.push(this.#starts.length - 1);
    this.#keys.push(key);
    this.#bits.push(bits);
    this.#from.push(from);
    this.#to.push(from + length);
  }
}

/** How many elements two lists have in common from the beginning on. */
function sharedLength(a: readonly Json[], b: readonly Json[]): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i;
}
