/** Pairs invocations with their completions. */
import { isClientOp, type Op } from "../history/history.ts";

/** An operation of a client: its invocation and its completion. */
export interface Pair {
  invocation: Op;
  /** Absent if the history ends before the operation completed. */
  completion?: Op;
}

/**
 * The client operations of a history in the order of their invocations. A process does one operation
 * at a time, so a completion belongs to the last invocation of its process.
 */
export function pairs(history: readonly Op[]): Pair[] {
  const all: Pair[] = [];
  const open = new Map<number, Pair>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") {
      const pair: Pair = { invocation: op };
      all.push(pair);
      open.set(op.process, pair);
    } else {
      const pair = open.get(op.process);
      if (pair) pair.completion = op;
      open.delete(op.process);
    }
  }
  return all;
}
