/** Adds edges between transactions for their order in time: per process, or in real time. */
import type { Op } from "../../history/history.ts";
import { inOrder, places } from "./columns.ts";
import { BIT, type DependencyGraph } from "./graph.ts";
import type { Transaction } from "./txn.ts";

/**
 * Links each transaction to the next one of its process. What failed did not
 * happen, and has no place in the order.
 */
export function linkProcessOrder(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
): void {
  const last = new Map<Op["process"], number>();
  for (const { id, op } of transactions) {
    if (op.type === "fail") continue;
    const before = last.get(op.process);
    if (before !== undefined) graph.link(before, id, BIT.process);
    last.set(op.process, id);
  }
}

/**
 * Links each transaction that succeeded to those that began after its end, except
 * where a third one lies between: the transitive reduction of real-time order. What
 * failed is linked too: nothing follows it, but there is an order.
 */
export function linkRealtimeOrder(
  graph: DependencyGraph,
  transactions: readonly Transaction[],
): void {
  const spans = new Spans(transactions);
  const all = places(transactions.length);
  const begun = inOrder(all, spans.begins), ended = inOrder(all, spans.ends);
  spans.forEachPair(begun, ended, (earlier, later) => {
    const { id } = transactions[earlier]!;
    graph.link(id, transactions[later]!.id, BIT.realtime);
  });
}

/** When the transactions of a list began, when they ended, and which of them succeeded. */
export class Spans {
  readonly begins: Float64Array;
  readonly ends: Float64Array;
  readonly #isOk: Uint8Array;
  /** The ranges of what comes immediately before each. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;

  constructor(
    transactions: readonly Pick<Transaction, "op" | "invocation">[],
  ) {
    const { length } = transactions;
    this.begins = new Float64Array(length);
    this.ends = new Float64Array(length);
    this.#isOk = new Uint8Array(length);
    this.#first = new Int32Array(length);
    this.#last = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      const { op, invocation } = transactions[i]!;
      this.begins[i] = invocation.index;
      this.ends[i] = op.index;
      this.#isOk[i] = op.type === "ok" ? 1 : 0;
    }
  }

  /**
   * Calls back with the places of two transactions, the first of which had succeeded when the
   * second began, without a third one of the same between; seconds that ended first come first.
   *
   * Nothing is between if the first ended after the latest beginning of all that had succeeded by
   * then. So what comes immediately before a transaction is within a range of what has ended, in
   * the order of ends, and the limits of the range only grow: one pass finds all.
   *
   * @param begun places, in the order of their beginnings
   * @param ended the same, in the order of their ends
   * @param start where both begin
   * @param end and where they end
   */
  forEachPair(
    begun: Int32Array,
    ended: Int32Array,
    visit: (earlier: number, later: number) => void,
    start = 0,
    end = begun.length,
  ): void {
    const { begins, ends } = this, isOk = this.#isOk;
    const firsts = this.#first, lasts = this.#last;
    let first = start, last = start, latest = -Infinity;
    for (let i = start; i < end; i++) {
      const place = begun[i]!, begin = begins[place]!;
      for (; last < end && ends[ended[last]!]! < begin; last++) {
        const before = ended[last]!;
        if (isOk[before]) latest = Math.max(latest, begins[before]!);
      }
      while (first < last && ends[ended[first]!]! < latest) first++;
      firsts[place] = first;
      lasts[place] = last;
    }
    for (let i = start; i < end; i++) {
      const place = ended[i]!;
      for (let at = firsts[place]!; at < lasts[place]!; at++) {
        if (isOk[ended[at]!]) visit(ended[at]!, place);
      }
    }
  }
}
