/** Messages from their sendings to their arrivals, put together from the journal. */
import { originOf } from "../checkers/origin.ts";
import {
  type EventHead,
  type Events,
  type Head,
  headsOf,
  type Recording,
  typeName,
  withIds,
} from "../history/history.ts";
import { brief } from "./cap.ts";

/** A message from its sending to its arrivals. Times are seconds since the main phase began. */
export interface Flight {
  id: number;
  src: string;
  dest: string;
  sent: number;
  /** Empty if it was lost or cut off; several times if it was duplicated. */
  arrived: number[];
  type: string;
  /** The rest of its body, shortened: one body may have megabytes, and many messages are in memory at once. */
  body: string;
}

/** How many types of messages are told apart: a page has no room for more, nor could anyone read them. */
export const TYPES_SHOWN = 30;

/** Returns a function that names the types of messages, and all beyond the first {@link TYPES_SHOWN} alike. */
export function typesNamed(): (head: Head) => string {
  const known = new Set<string>();
  return (head) => {
    const name = typeName(head);
    if (known.has(name)) return name;
    if (known.size === TYPES_SHOWN) return "(other types)";
    known.add(name);
    return name;
  };
}

/** How many characters of a body are shown. */
const BODY_SHOWN = 240;

/**
 * Messages of a run, and of what followed it, in the order of their sending: all, or those
 * whose numbers in that order are given, since millions do not fit into memory.
 */
export function flightsOf(
  recording: Recording,
  numbers?: ReadonlySet<number>,
): Flight[] {
  const origin = originOf(recording);
  const ids = new Set<number>();
  if (numbers !== undefined) {
    let number = 0;
    for (const [kind, , id] of heads(recording)) {
      if (kind === "send" && numbers.has(number++)) ids.add(id);
    }
  }
  const flights = new Map<number, Flight>();
  for (const journal of journalsOf(recording)) {
    const events = numbers === undefined ? journal : withIds(journal, ids);
    for (const [kind, time, id, src, dest, body] of events) {
      const at = (time - origin) / 1e9;
      if (kind === "send") {
        const { type: _, ...rest } = body;
        flights.set(id, {
          id,
          src,
          dest,
          sent: at,
          arrived: [],
          type: typeName(body),
          body: brief(rest, BODY_SHOWN),
        });
      } else flights.get(id)?.arrived.push(at);
    }
  }
  return [...flights.values()];
}

/** All sendings in order, without their bodies. */
export function* sendings(
  recording: Recording,
): Generator<{ sent: number; src: string; dest: string }> {
  const origin = originOf(recording);
  for (const [kind, time, , src, dest] of heads(recording)) {
    if (kind === "send") yield { sent: (time - origin) / 1e9, src, dest };
  }
}

function journalsOf({ journal, aftermath, calm }: Recording): Events[] {
  return [journal, aftermath?.journal ?? [], calm?.journal ?? []];
}

function* heads(recording: Recording): Generator<EventHead> {
  for (const journal of journalsOf(recording)) yield* headsOf(journal);
}
