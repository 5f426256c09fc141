/** What kafka's operations show of offsets. */
import type { Op } from "../history/history.ts";
import { type Integer, type Json, larger } from "../history/json.ts";

/** A message in a poll: its offset, and what was sent. */
export type PolledMessage = [offset: Integer, message: Json];

/** The messages of a poll by key; null means none. */
export type PolledMessages = { [key: string]: PolledMessage[] | null };

/** Keys with offsets of messages that an operation shows to be in their logs. */
export type Offsets = [key: string, offset: Integer][];

/** Key and offset of the message of an acknowledged send; nothing for other operations. */
export function sentOffsets({ type, f, value }: Op): Offsets {
  if (type !== "ok" || f !== "send") return [];
  const [[, key, [offset]]] = value as [[string, string, [Integer]]];
  return [[key, offset]];
}

/** Each key with the highest offset that a poll returned; nothing for other operations. */
export function polledOffsets({ type, f, value }: Op): Offsets {
  if (type !== "ok" || f !== "poll") return [];
  const [[, messages]] = value as [[string, PolledMessages]];
  return highestOffsets(messages).filter(([, offset]) => offset >= 0);
}

/** Each key of a poll with the highest offset of its messages; -1 if it has none. */
export function highestOffsets(messages: PolledMessages): Offsets {
  return Object.entries(messages).map(([key, pairs]) => {
    let highest: Integer = -1;
    for (const [offset] of pairs ?? []) highest = larger(highest, offset);
    return [key, highest];
  });
}

/** Raises each key's offset to at least the given one. */
export function raise(highest: Map<string, Integer>, offsets: Offsets): void {
  for (const [key, offset] of offsets) {
    highest.set(key, larger(offset, highest.get(key) ?? offset));
  }
}
