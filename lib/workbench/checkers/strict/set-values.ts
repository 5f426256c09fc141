/** The values of a broadcast or g-set, numbered: what is known of each, and sets of them. */
import { type Json, stringify } from "../../history/json.ts";
import { IdSet } from "../id-set.ts";

/** A value and what is known of it. */
export interface Value {
  /** The value itself if it is a number, as most are, else its JSON text. */
  readonly key: number | string;
  /** When a client sent it, and when it was acknowledged, in ns; Infinity if it was not. */
  invoked: number;
  acked: number;
  /** The node to which it was sent. */
  node: string;
}

/** All values of a run, sent by clients or only read. */
export class Values {
  readonly #numbers = new Map<Value["key"], number>();
  readonly #all: Value[] = [];

  /** The number of a value: 0 for the first, and so on. */
  numberOf(value: Json): number {
    const key = typeof value === "number" ? value : stringify(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#all.length);
    const [invoked, acked] = [Infinity, Infinity];
    return this.#all.push({ key, invoked, acked, node: "" }) - 1;
  }

  /** What is known of the value with this number. */
  at(number: number): Value {
    return this.#all[number]!;
  }

  /** All values that clients have sent, with their numbers. */
  get sent(): { number: number; value: Value }[] {
    return this.#all.map((value, number) => ({ number, value }))
      .filter(({ value }) => value.invoked < Infinity);
  }
}

/** A set of values by their numbers, in the order in which they were added. */
export class Numbers {
  readonly order: number[] = [];
  readonly #set = new IdSet();

  has(number: number): boolean {
    return this.#set.has(number);
  }

  /** Adds a number; returns whether it is new. */
  add(number: number): boolean {
    const isNew = this.#set.add(number);
    if (isNew) this.order.push(number);
    return isNew;
  }
}
