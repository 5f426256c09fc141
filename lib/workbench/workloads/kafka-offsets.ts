import type { Op } from "../history.ts";

/** A message as a poll gives it: its offset, and what was sent. */
export type PolledMessage = [offset: number, message: unknown];

/** The messages of a poll, by key. */
export type PolledMessages = { [key: string]: PolledMessage[] };

/** Key and offset of each message that this operation proves to be in the log. */
export type Offsets = [key: string, offset: number][];

/** Key and offset of what an acknowledged send stored; of any other operation, nothing. */
export function sentOffsets({ type, f, value }: Op): Offsets {
  if (type !== "ok" || f !== "send") return [];
  const [[, key, [offset]]] = value as [[string, string, [number]]];
  return [[key, offset]];
}

/** Each key with the highest offset that a poll returned of it; of any other operation, nothing. */
export function polledOffsets({ type, f, value }: Op): Offsets {
  if (type !== "ok" || f !== "poll") return [];
  const [[, messages]] = value as [[string, PolledMessages]];
  return highestOffsets(messages);
}

/** Each key that has messages, with the highest of their offsets. */
export function highestOffsets(messages: PolledMessages): Offsets {
  return Object.entries(messages)
    .filter(([, pairs]) => pairs.length > 0)
    .map(([key, pairs]) => [
      key,
      pairs.reduce((highest, [offset]) => Math.max(highest, offset), -1),
    ]);
}

/** Lifts each key's offset to at least the given one. */
export function raise(highest: Map<string, number>, offsets: Offsets): void {
  for (const [key, offset] of offsets) {
    highest.set(key, Math.max(offset, highest.get(key) ?? offset));
  }
}
