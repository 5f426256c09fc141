import type { Json, Op } from "../history.ts";
import { type Integer, larger } from "../json.ts";

/** A message as a poll gives it: its offset, and what was sent. */
export type PolledMessage = [offset: Integer, message: Json];

/** The messages of a poll, by key; null is an empty list. */
export type PolledMessages = { [key: string]: PolledMessage[] | null };

/** Key and offset of each message that this operation proves to be in the log. */
export type Offsets = [key: string, offset: Integer][];

/** Key and offset of what an acknowledged send stored; of any other operation, nothing. */
export function sentOffsets({ type, f, value }: Op): Offsets {
  if (type !== "ok" || f !== "send") return [];
  const [[, key, [offset]]] = value as [[string, string, [Integer]]];
  return [[key, offset]];
}

/** Each key with the highest offset that a poll returned of it; of any other operation, nothing. */
export function polledOffsets({ type, f, value }: Op): Offsets {
  if (type !== "ok" || f !== "poll") return [];
  const [[, messages]] = value as [[string, PolledMessages]];
  return highestOffsets(messages).filter(([, offset]) => offset >= 0);
}

/** Each key of a poll with the highest of its messages' offsets; -1 where there is no message. */
export function highestOffsets(messages: PolledMessages): Offsets {
  return Object.entries(messages).map(([key, pairs]) => {
    let highest: Integer = -1;
    for (const [offset] of pairs ?? []) highest = larger(highest, offset);
    return [key, highest];
  });
}

/** Lifts each key's offset to at least the given one. */
export function raise(highest: Map<string, Integer>, offsets: Offsets): void {
  for (const [key, offset] of offsets) {
    highest.set(key, larger(offset, highest.get(key) ?? offset));
  }
}
