/** The journal as messages: who sent what to whom, and when it arrived, if it did. */
import type { Body, JournalEvent, Recording } from "../history.ts";
import { isClient } from "../history.ts";

/** A message from its sending to its arrivals. Times are seconds since the main phase began. */
export interface Flight {
  id: number;
  src: string;
  dest: string;
  sent: number;
  /** None: it was lost or cut. Several: it was duplicated. */
  arrived: number[];
  body: Body;
}

/** Requests of the set-up: the workload's own begin after them. */
const SET_UP: ReadonlySet<unknown> = new Set(["init", "topology"]);

/** All messages of a run in the order of their sending, those after it included. */
export function flightsOf(recording: Recording): Flight[] {
  const origin = journalOrigin(recording);
  const events = [
    ...recording.journal,
    ...recording.aftermath?.journal ?? [],
  ];
  const flights = new Map<number, Flight>();
  for (const [kind, time, id, src, dest, body] of events) {
    const at = (time - origin) / 1e9;
    if (kind === "send") {
      flights.set(id, { id, src, dest, sent: at, arrived: [], body });
    } else flights.get(id)?.arrived.push(at);
  }
  return [...flights.values()];
}

/** Whether a message is between servers: it counts in S. */
export function isBetweenServers({ src, dest }: Flight): boolean {
  return !isClient(src) && !isClient(dest);
}

/**
 * When the main phase began on the journal's clock, in nanoseconds. Where it was not
 * recorded, the first request of the workload is taken for the first invocation.
 */
function journalOrigin(recording: Recording): number {
  const { journalOrigin, journal, history } = recording;
  if (journalOrigin !== undefined) return journalOrigin;
  const first = journal.find(isRequest) ?? journal.at(0);
  const began = history.find(({ type }) => type === "invoke")?.time ?? 0;
  return (first?.[1] ?? 0) - began;
}

function isRequest([kind, , , src, , body]: JournalEvent): boolean {
  return kind === "send" && isClient(src) && !SET_UP.has(body.type);
}
