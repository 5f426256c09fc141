/** The journal as messages: who sent what to whom, and when it arrived, if it did. */
import {
  type EventHead,
  type Events,
  headsOf,
  isClient,
  type JournalEvent,
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
  /** None: it was lost or cut. Several: it was duplicated. */
  arrived: number[];
  type: string;
  /** The rest of its body, shortened: all that are drawn may lie in memory, and one may have megabytes. */
  body: string;
}

/** So much is shown of a body, in characters. */
const BODY_SHOWN = 240;

/** Requests of the set-up: the workload's own begin after them. */
const SET_UP: ReadonlySet<unknown> = new Set(["init", "topology"]);

/**
 * Messages of a run, and of what followed it, in the order of their sending: all, or those
 * whose numbers in that order are given, since millions do not fit into memory.
 */
export function flightsOf(
  recording: Recording,
  numbers?: ReadonlySet<number>,
): Flight[] {
  const origin = journalOrigin(recording);
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
  const origin = journalOrigin(recording);
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

/**
 * When the main phase began on the journal's clock, in nanoseconds. If that was not recorded,
 * the workload's first request is taken for the first invocation.
 */
export function journalOrigin(recording: Recording): number {
  const { journalOrigin, journal, history } = recording;
  if (journalOrigin !== undefined) return journalOrigin;
  const first = journal.find(isRequest) ?? journal.at(0);
  const began = history.find(({ type }) => type === "invoke")?.time ?? 0;
  return (first?.[1] ?? 0) - began;
}

function isRequest([kind, , , src, , body]: JournalEvent): boolean {
  return kind === "send" && isClient(src) && !SET_UP.has(body.type);
}
