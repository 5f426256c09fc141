/** Messages from their sendings to their arrivals, put together from the journal. */
import { originOf } from "../checkers/origin.ts";
import {
  type EventHead,
  type Events,
  headsOf,
  type Recording,
  withIds,
} from "../history/history.ts";
import { asText } from "../history/json.ts";
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
        const { type, ...rest } = body;
        flights.set(id, {
          id,
          src,
          dest,
          sent: at,
          arrived: [],
          type: asText(type),
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
