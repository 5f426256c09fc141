/**
 * What a run of kafka shows of the logs: every send, every poll of a key, and every message's
 * place.
 */
import {
  ascending,
  asText,
  type Integer,
  isInteger,
  type Json,
  type JsonObject,
  stringify,
} from "../../history/json.ts";
import type { Recording } from "../../history/history.ts";
import { type Call, clientCalls, isOk } from "../client-calls.ts";

/** A message that a client sent. */
export interface Send {
  key: string;
  message: string;
  /** Its offset; null if that is unknown. */
  offset: Integer | null;
  /** Whether it was refused with certainty. */
  refused: boolean;
  call: Call;
}

/** What one poll asked of one key, and what it got. */
export interface Poll {
  key: string;
  /** The first offset asked for; null if the key was not asked for. */
  asked: Integer | null;
  /** Whether the reply has null for the key instead of a list. */
  isNull: boolean;
  /** Offsets and messages, as returned. */
  got: [offset: Integer, message: string][];
  call: Call;
}

/** An acknowledged message. */
export interface Acked {
  offset: Integer;
  message: string;
  node: string;
  at: number;
}

/** Everything known of the run's logs. Messages are JSON texts; times are the journal's ns. */
export interface KafkaRun {
  /** All calls, those after the run included. */
  calls: Call[];
  sends: Send[];
  /** One for each key that a poll asked for or got, if it was answered. */
  polls: Poll[];
  /** By key, in ascending order, the offsets that certainly hold something. */
  offsets: Map<string, Integer[]>;
  /** By key, acknowledged messages in ascending order of their offsets. */
  acked: Map<string, Acked[]>;
}

/** Error codes after which a request has certainly not happened. */
const DEFINITE: ReadonlySet<Json | undefined> = new Set([
  1,
  10,
  11,
  12,
  14,
  20,
  21,
  22,
  30,
]);

/** Whether a call was answered with an error that says it did not happen. */
export function isRefused({ reply }: Call): boolean {
  return reply?.type === "error" && DEFINITE.has(reply.code);
}

/** Reads a recording's messages, including those of the aftermath. */
export function kafkaRun({ journal, aftermath }: Recording): KafkaRun {
  const calls = [journal, aftermath?.journal ?? []].flatMap(clientCalls);
  const sends = calls.filter(({ type }) => type === "send").map(sendOf);
  const polls = calls.filter((call) => call.type === "poll" && isOk(call))
    .flatMap(pollsOf);
  const acked = Map.groupBy(
    sends.filter(({ offset }) => offset !== null),
    ({ key }) => key,
  );
  return {
    calls,
    sends,
    polls,
    offsets: existing(sends, polls),
    acked: new Map([...acked].map(([key, list]) => [
      key,
      list.map(({ offset, message, call: { node, to } }) => ({
        offset: offset!,
        message,
        node,
        at: to,
      })).sort((a, b) => ascending(a.offset, b.offset)),
    ])),
  };
}

function sendOf(call: Call): Send {
  const { request, reply } = call;
  return {
    key: asText(request.key),
    message: stringify(request.msg),
    offset: isOk(call) && isInteger(reply?.offset) ? reply.offset : null,
    refused: isRefused(call),
    call,
  };
}

function pollsOf(call: Call): Poll[] {
  const asked = new Map(
    Object.entries(call.request.offsets as { [key: string]: Integer }),
  );
  const msgs = new Map(Object.entries((call.reply!.msgs ?? {}) as JsonObject));
  const keys = new Set([...asked.keys(), ...msgs.keys()]);
  const listOf = (value: Json | undefined) => Array.isArray(value) ? value : [];
  return [...keys].map((key) => ({
    key,
    asked: asked.get(key) ?? null,
    isNull: msgs.get(key) === null,
    got: listOf(msgs.get(key)).filter(isPlaced)
      .map(([offset, message]) => [offset as Integer, stringify(message)]),
    call,
  }));
}

/** Whether an element of a poll is an offset and a message. */
function isPlaced(pair: Json): pair is Json[] {
  return Array.isArray(pair) && pair.length === 2 && isInteger(pair[0]);
}

function existing(
  sends: readonly Send[],
  polls: readonly Poll[],
): Map<string, Integer[]> {
  const found = new Map<string, Set<Integer>>();
  const add = (key: string, offset: Integer) => {
    const offsets = found.get(key) ?? new Set();
    found.set(key, offsets.add(offset));
  };
  for (const { key, offset } of sends) if (offset !== null) add(key, offset);
  for (const { key, got } of polls) got.forEach(([offset]) => add(key, offset));
  return new Map(
    [...found].map((
      [key, offsets],
    ) => [key, [...offsets].sort(ascending)]),
  );
}

/** The position of the first element that is not below a value, in an ascending array. */
export function lowerBound(
  sorted: readonly Integer[],
  value: Integer,
): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
