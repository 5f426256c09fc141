/**
 * A replica's log: entries numbered from 1, of which the oldest have been replaced by a snapshot of
 * their effect.
 *
 * @module
 */
import {
  array,
  either,
  natural,
  object,
  oneOf,
  tuple,
  type TypeOf,
} from "../schema.ts";
import { command, type Snapshot, snapshot } from "./registers.ts";

/** {@link Entry} at run time. */
export const entry = tuple(natural, either(oneOf(null), command));

/** The epoch (term, view) whose leader put the entry into the log, and a command; null changes nothing. */
export type Entry = TypeOf<typeof entry>;

/** {@link Base} at run time. */
export const base = object({ index: natural, epoch: natural, snapshot });

/** The effect of a log's first entries, up to and including `index`. */
export type Base = TypeOf<typeof base>;

/** {@link LogState} at run time. */
export const logState = object({ base, entries: array(entry) });

/** A whole log. */
export type LogState = TypeOf<typeof logState>;

/** See the module. */
export class Log {
  #base: Base = {
    index: 0,
    epoch: 0,
    snapshot: { registers: [], sessions: [] },
  };
  #entries: Entry[] = [];

  /** The snapshot that replaces the oldest entries. */
  get base(): Base {
    return this.#base;
  }

  /** The number of the last entry. */
  get last(): number {
    return this.#base.index + this.#entries.length;
  }

  /** How many entries are kept. */
  get length(): number {
    return this.#entries.length;
  }

  /** The epoch of an entry; undefined if the log does not have it. */
  epochOf(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.epoch;
    return this.#entries[index - this.#base.index - 1]?.[0];
  }

  /** An entry, which the log must have. */
  at(index: number): Entry {
    return this.#entries[index - this.#base.index - 1]!;
  }

  /** The entries after this one, `most` at most. */
  after(index: number, most = Infinity): Entry[] {
    const from = index - this.#base.index;
    return this.#entries.slice(from, from + most);
  }

  /** Adds an entry at the end. */
  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /**
   * Takes over the entries that follow one that both logs have. An entry here that contradicts them
   * is dropped, with all that follow it; no others are, since a late message may hold less than is
   * known.
   */
  join(after: number, entries: readonly Entry[]): void {
    entries.forEach((entry, i) => {
      const index = after + i + 1;
      if (index <= this.#base.index) return;
      if (this.epochOf(index) === entry[0]) return;
      this.#entries.length = index - this.#base.index - 1;
      this.#entries.push(entry);
    });
  }

  /** Replaces the entries up to this one, which the log must have, by a snapshot. */
  compact(index: number, snapshot: Snapshot): void {
    const epoch = this.epochOf(index)!;
    this.#entries = this.after(index);
    this.#base = { index, epoch, snapshot };
  }

  /** The whole log, to be sent. */
  state(): LogState {
    return { base: this.#base, entries: [...this.#entries] };
  }

  /** Replaces the whole log. */
  restore({ base, entries }: LogState): void {
    this.#base = base;
    this.#entries = [...entries];
  }
}
