import {
  ascending,
  type Integer,
  type JsonObject,
} from "../../history/json.ts";
import { setOrder } from "../clojure-order.ts";
import { type JsonKey, keyJson } from "../json-key.ts";
import {
  type LogOp,
  mustHaveCommitted,
  type Placed,
  type Visibility,
} from "./ops.ts";

/**
 * The log of one key as clients saw it. Its *index* counts the offsets at which anything was
 * seen, so gaps between offsets are not gaps between indices.
 */
export interface Log {
  /** The offset at each index. */
  offsets: Integer[];
  /** All messages seen at each index: one, unless clients contradict each other. */
  messages: JsonKey[][];
  /** The one message that stands for each index in the order of the log. */
  byIndex: JsonKey[];
  /** The index of each of those in the order of the log. */
  byMessage: Map<JsonKey, number>;
}

/** The logs by key, from sends whose effects are certain and from all polls. */
export function versionOrders(
  ops: readonly LogOp[],
  seen: Visibility,
): Map<string, Log> {
  const byKey = new Map<string, Map<Integer, Set<JsonKey>>>();
  const note = (key: string, placed: readonly Placed[]) => {
    for (const { offset, message } of placed) {
      if (offset === null) continue;
      let log = byKey.get(key);
      if (!log) byKey.set(key, log = new Map());
      const there = log.get(offset);
      if (there) there.add(message);
      else log.set(offset, new Set([message]));
    }
  };
  for (const op of ops) {
    if (op.writes.size > 0 && mustHaveCommitted(op, seen)) {
      for (const [key, sent] of op.writes) note(key, sent);
    }
    for (const [key, polled] of op.reads) note(key, polled);
  }
  return new Map([...byKey].map(([key, log]) => [key, versionOrder(log)]));
}

function versionOrder(log: ReadonlyMap<Integer, ReadonlySet<JsonKey>>): Log {
  const offsets = [...log.keys()].sort(ascending);
  const messages = offsets.map((offset) => setOrder(log.get(offset)!));
  const byIndex = messages.map(([first]) => first!);
  const byMessage = new Map(byIndex.map((message, index) => [message, index]));
  return { offsets, messages, byIndex, byMessage };
}

/** Offsets at which clients saw different messages. */
export function inconsistentOffsets(
  logs: ReadonlyMap<string, Log>,
): JsonObject[] {
  return [...logs].flatMap(([key, { offsets, messages }]) =>
    messages.flatMap((there, index) =>
      there.length < 2 ? [] : [{
        key,
        offset: offsets[index]!,
        index,
        values: there.map(keyJson).sort((a, b) => Number(a) - Number(b)),
      }]
    )
  );
}

/** Messages that were seen at several offsets of one key. */
export function duplicates(logs: ReadonlyMap<string, Log>): JsonObject[] {
  return [...logs].flatMap(([key, log]) => {
    const offsets = new Map<JsonKey, Integer[]>();
    log.messages.forEach((there, index) => {
      for (const message of there) {
        const at = offsets.get(message);
        if (at) at.push(log.offsets[index]!);
        else offsets.set(message, [log.offsets[index]!]);
      }
    });
    return [...offsets].filter(([, at]) => at.length > 1).map((
      [message, at],
    ) => ({ key, value: keyJson(message), count: at.length, offsets: at }));
  });
}

/**
 * How many indices the second message is after the first: 1 when it is the next,
 * and also when the place of either is unknown, so that nothing is concluded.
 */
export function delta(
  log: Log | undefined,
  from: JsonKey | undefined,
  to: JsonKey | undefined,
): number {
  if (!log || from === undefined || to === undefined) return 1;
  const i = log.byMessage.get(from), j = log.byMessage.get(to);
  return i === undefined || j === undefined ? 1 : j - i;
}

/** The messages after the first and before the second. */
export function between(log: Log, from: JsonKey, to: JsonKey): JsonKey[] {
  return log.byIndex.slice(
    log.byMessage.get(from)! + 1,
    log.byMessage.get(to)!,
  );
}
