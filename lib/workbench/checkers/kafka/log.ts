/** The order of each log's messages, and what contradicts that there is such an order. */
import {
  ascending,
  type Integer,
  type JsonObject,
} from "../../history/json.ts";
import { setOrder } from "../clojure-order.ts";
import { keyJson } from "../json-key.ts";
import {
  type Log,
  type LogOp,
  type Message,
  mustHaveCommitted,
  type Part,
} from "./ops.ts";

/**
 * The order of a log's messages as clients saw it. An *index* counts the offsets at which
 * anything was seen, so gaps between offsets are not gaps between indices.
 */
export interface VersionOrder {
  /** The offset at each index. */
  offsets: Integer[];
  /** All messages seen at each index: one, unless clients contradict each other. */
  messages: Message[][];
  /** The one message that stands for each index; its own index is the last of these. */
  byIndex: Message[];
}

/** The order of each log that shows messages at offsets. */
export type VersionOrders = ReadonlyMap<Log, VersionOrder>;

/**
 * The order of each log, from sends whose effects are certain and from all polls. It begins at
 * offset 0: what is below has no place.
 */
export function versionOrders(ops: readonly LogOp[]): VersionOrders {
  const placed = new Map<Log, Map<Integer, Message[]>>();
  const note = ({ log, offsets, messages }: Part) => {
    let byOffset = placed.get(log);
    for (let i = 0; i < offsets.length; i++) {
      const offset = offsets[i]!, message = messages[i]!;
      if (offset === null || offset < 0) continue;
      if (!byOffset) placed.set(log, byOffset = new Map());
      const there = byOffset.get(offset);
      if (there === undefined) byOffset.set(offset, [message]);
      else if (!there.includes(message)) there.push(message);
    }
  };
  for (const op of ops) {
    if (op.writes.length > 0 && mustHaveCommitted(op)) op.writes.forEach(note);
    op.reads.forEach(note);
  }
  return new Map([...placed].map(([log, at]) => [log, versionOrder(at)]));
}

function versionOrder(
  byOffset: ReadonlyMap<Integer, Message[]>,
): VersionOrder {
  const offsets = [...byOffset.keys()].sort(ascending);
  const messages = offsets.map((offset) => asSet(byOffset.get(offset)!));
  const byIndex = messages.map(([first]) => first!);
  byIndex.forEach((message, index) => message.index = index);
  return { offsets, messages, byIndex };
}

/** Messages in the order of a Clojure set. */
function asSet(messages: Message[]): Message[] {
  if (messages.length < 2) return messages;
  const byValue = new Map(messages.map((message) => [message.value, message]));
  return setOrder(byValue.keys()).map((value) => byValue.get(value)!);
}

/** Offsets at which clients saw different messages. */
export function inconsistentOffsets(logs: VersionOrders): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const [{ key }, { offsets, messages }] of logs) {
    messages.forEach((there, index) => {
      if (there.length < 2) return;
      errors.push({
        key,
        offset: offsets[index]!,
        index,
        values: there.map(({ value }) => keyJson(value))
          .sort((a, b) => Number(a) - Number(b)),
      });
    });
  }
  return errors;
}

/** Messages that were seen at several offsets of one key. */
export function duplicates(logs: VersionOrders): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const [{ key }, { offsets, messages }] of logs) {
    const seenAt = new Map<Message, Integer[]>();
    messages.forEach((there, index) => {
      for (const message of there) {
        const at = seenAt.get(message);
        if (at) at.push(offsets[index]!);
        else seenAt.set(message, [offsets[index]!]);
      }
    });
    for (const [{ value }, at] of seenAt) {
      if (at.length < 2) continue;
      errors.push({
        key,
        value: keyJson(value),
        count: at.length,
        offsets: at,
      });
    }
  }
  return errors;
}

/**
 * How many indices the second message is after the first: 1 when it is the next, and also when
 * the place of either is unknown, so that nothing is concluded.
 */
export function delta(from: Message, to: Message): number {
  return from.index < 0 || to.index < 0 ? 1 : to.index - from.index;
}
