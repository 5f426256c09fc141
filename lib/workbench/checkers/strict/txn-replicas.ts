/** What transactions found and left at each replica of a key, one after the other in real time. */
import {
  Column,
  grouped,
  type Groups,
  inOrder,
  places,
} from "../elle/columns.ts";
import { Spans } from "../elle/order.ts";
import { isShown, NONE, STEP, writeOf } from "../elle/steps.ts";
import { type Txn, type TxnHistory, writerOf } from "./txn-history.ts";

/** Whose transactions see one sequence of versions: those of one client, those at one node, or all. */
export type Scope = "session" | "node" | "cluster";

/** The visits of transactions to keys at their replicas, by number. */
export class Replicas {
  /** Of each visit its transaction and its key. */
  readonly txns: Int32Array;
  readonly keys: Int32Array;
  /** The step that read what others had written, and the last that wrote, or {@link NONE}. */
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  readonly #history: TxnHistory;
  /** The visits of each replica of a key. */
  readonly #visits: Groups;
  /** By visit, those at the same replica that began when it had ended, and no other one between. */
  readonly #followers: Groups;

  constructor(history: TxnHistory, scope: Scope) {
    this.#history = history;
    const { effective, steps } = history;
    const { starts, keys, bits } = steps;
    const visitors: Txn[] = [];
    const txns = new Column(), keysVisited = new Column();
    const reads = new Column(), writes = new Column();
    /** The visits of one owner to one key are a sequence. */
    const sequenceOf = new Column(), sequences = new Map<number, number>();
    const owners = new Map<string, number>();
    for (const txn of effective) {
      if (txn.outcome === "ok" && !txn.answered) continue;
      const { id } = txn, name = scope === "cluster" ? "" : txn[scope];
      const owner = owners.get(name) ?? owners.size;
      if (owner === owners.size) owners.set(name, owner);
      const add = (key: number, read: number) => {
        // There are fewer owners than transactions.
        const place = key * effective.length + owner;
        const sequence = sequences.get(place) ?? sequences.size;
        if (sequence === sequences.size) sequences.set(place, sequence);
        sequenceOf.push(sequence);
        visitors.push(txn);
        txns.push(id);
        keysVisited.push(key);
        reads.push(read);
        writes.push(writeOf(steps, id, key));
      };
      for (let step = starts[id]!; step < starts[id + 1]!; step++) {
        if (isShown(steps, step)) add(keys[step]!, step);
      }
      const firstWrite = STEP.first | STEP.firstWrite;
      for (let step = starts[id]!; step < starts[id + 1]!; step++) {
        if ((bits[step]! & firstWrite) === firstWrite) add(keys[step]!, NONE);
      }
    }
    this.txns = txns.values;
    this.keys = keysVisited.values;
    this.reads = reads.values;
    this.writes = writes.values;
    this.#visits = grouped(sequenceOf.values, sequences.size);
    this.#followers = followersIn(this.#visits, visitors, sequenceOf.values);
  }

  /** Calls back with visits to a key at one replica, the first of which had ended when the second began. */
  forEachPair(visit: (earlier: number, later: number) => void): void {
    const { starts, members } = this.#followers;
    for (const earlier of this.#visits.members) {
      for (let at = starts[earlier]!; at < starts[earlier + 1]!; at++) {
        visit(earlier, members[at]!);
      }
    }
  }

  /** The writer of what a visitor found, or {@link NONE}: itself, if it had not read before its write. */
  foundBy(visit: number): number {
    const read = this.reads[visit]!;
    return read === NONE ? this.txns[visit]! : writerOf(this.#history, read);
  }

  /** The writer of what was there when a visitor had ended, or {@link NONE}. */
  leftBy(visit: number): number {
    return this.writes[visit] === NONE
      ? writerOf(this.#history, this.reads[visit]!)
      : this.txns[visit]!;
  }
}

/** By visit, those of its sequence that follow in real time. */
function followersIn(
  visits: Groups,
  visitors: readonly Txn[],
  sequenceOf: Int32Array,
): Groups {
  const spans = new Spans(visitors);
  const ended = inOrder(places(visitors.length), spans.ends);
  const byEnd = grouped(
    ended.map((visit) => sequenceOf[visit]!),
    visits.starts.length - 1,
    ended,
  );
  const earlier = new Column(), later = new Column();
  const link = (before: number, after: number) => {
    earlier.push(before);
    later.push(after);
  };
  const { starts, members } = visits;
  for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
    const start = starts[sequence]!, end = starts[sequence + 1]!;
    spans.forEachPair(members, byEnd.members, link, start, end);
  }
  return grouped(earlier.values, visitors.length, later.values);
}

/** The replicas of a history's keys. */
export function replicasOf(history: TxnHistory, scope: Scope): Replicas {
  const known = cache.get(history) ?? new Map<Scope, Replicas>();
  cache.set(history, known);
  const replicas = known.get(scope) ?? new Replicas(history, scope);
  known.set(scope, replicas);
  return replicas;
}

/** They are asked for several times. */
const cache = new WeakMap<TxnHistory, Map<Scope, Replicas>>();
