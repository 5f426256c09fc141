/** How far polls were behind: `worst-realtime-lag`, which Jepsen reports but does not judge. */
import {
  type Integer,
  type Json,
  type JsonObject,
  larger,
  sum,
} from "../../history/json.ts";
import { mapOrder } from "../clojure-order.ts";
import { firstOf } from "../first-of.ts";
import type { LogOp } from "./ops.ts";

/** When clients learned how far a log goes. */
class Growth {
  readonly #offsets: Integer[] = [];
  readonly #times: number[] = [];

  /** At this time, everything up to this offset existed. */
  note(offset: Integer, time: number): void {
    if (offset <= (this.#offsets.at(-1) ?? -1)) return;
    this.#offsets.push(offset);
    this.#times.push(time);
  }

  /** Since when this offset, or one beyond it, was known to exist. */
  since(offset: Integer): number {
    const at = firstOf(this.#offsets, (known) => known >= offset);
    return this.#times[at] ?? Infinity;
  }
}

function growths(ops: readonly LogOp[]): Map<string, Growth> {
  const byKey = new Map<string, Growth>();
  for (const { op, writes, reads } of ops) {
    if (op.type !== "ok") continue;
    for (const side of [writes, reads]) {
      for (const { log: { key }, highest } of side) {
        let growth = byKey.get(key);
        if (!growth) byKey.set(key, growth = new Growth());
        growth.note(highest, op.time);
      }
    }
  }
  return byKey;
}

/**
 * The poll that was furthest behind: how long before it began the message was known to exist
 * that follows the furthest one its process had polled of a key. Times in seconds; there is no
 * `process` and no `key` when nothing was polled. It informs, and decides nothing.
 */
export function worstRealtimeLag(ops: readonly LogOp[]): JsonObject {
  const known = growths(ops);
  const positions = new Map<number, Map<string, Integer>>();
  let worst: { time: number; lag: number; process?: number; key?: string } = {
    time: 0,
    lag: -1,
  };
  for (const { op, invocation, reads } of ops) {
    if (op.type !== "ok") continue;
    const before = positions.get(op.process) ?? new Map<string, Integer>();
    if (op.f === "assign") {
      const keys = (op.value as Json[] | null ?? []).map(String);
      const kept = keys.map((key) => [key, before.get(key) ?? -1] as const);
      positions.set(op.process, new Map(kept));
    } else if (op.f === "subscribe") {
      positions.set(op.process, new Map());
    } else if (op.f === "poll" || op.f === "txn") {
      positions.set(op.process, before);
      for (const { log: { key }, highest } of reads) {
        before.set(key, larger(before.get(key) ?? -1, highest));
      }
      const lagOf = (key: string, offset: Integer) => {
        const since = known.get(key)?.since(sum(offset, 1)) ?? Infinity;
        return Math.max(0, invocation.time - since);
      };
      let max = worst.lag;
      for (const [key, offset] of before) {
        max = Math.max(max, lagOf(key, offset));
      }
      if (max === worst.lag) continue;
      // Of several equally far behind, Jepsen names the first of a map.
      const key = mapOrder([...before.keys()]).find((key) =>
        lagOf(key, before.get(key)!) === max
      )!;
      worst = { time: invocation.time, process: op.process, key, lag: max };
    }
  }
  return {
    ...worst,
    time: worst.time / 1e9,
    lag: Math.max(0, worst.lag) / 1e9,
  };
}
