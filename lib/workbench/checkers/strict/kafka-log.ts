/**
 * What a run of kafka shows of the logs: every send, every poll of a key, and where every message is.
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
import { isDefinite } from "../../history/errors.ts";
import type { Recording } from "../../history/history.ts";
import { type Call, clientCalls } from "../client-calls.ts";

/** A message of one key. */
export interface Message {
  /** Numbers all messages of a run from 0 on. */
  id: number;
  /** The message as JSON. */
  text: string;
  /** Its last send, if anybody sent it. */
  send: Send | null;
}

/** A message at an offset. There is one object for it, however many polls show it. */
export interface Entry {
  offset: Integer;
  message: Message;
  /** Numbers all offsets of a run from 0 on, over all keys. */
  place: number;
  /** Another message that was seen at the same offset. */
  next: Entry | null;
}

/** A message that a client sent. */
export interface Send {
  log: Log;
  message: Message;
  /** Where it went; null if that is unknown. */
  entry: Entry | null;
  /** Whether it was refused with certainty. */
  refused: boolean;
  call: Call;
}

/** A send whose offset is known. */
export type Acked = Send & { entry: Entry };

/** What one poll asked for under one key, and what it got. */
export interface Poll {
  log: Log;
  /** The first offset asked for; null if the key was not asked for. */
  asked: Integer | null;
  /** Whether the reply has null for the key instead of a list. */
  isNull: boolean;
  /** In the order of the reply. */
  got: readonly Entry[];
  call: Call;
}

/** How many messages and offsets have been numbered. */
interface Counts {
  messages: number;
  places: number;
}

/** One key's log, as far as clients know it. */
export class Log {
  readonly #messages = new Map<number | string, Message>();
  readonly #entries = new Map<Integer, Entry>();
  #offsets: Integer[] | null = null;

  constructor(readonly key: string, private readonly counts: Counts) {}

  /** The message with this value. */
  message(value: Json): Message {
    const key = typeof value === "number" ? value : stringify(value);
    let message = this.#messages.get(key);
    if (message === undefined) {
      const id = this.counts.messages++;
      message = { id, text: stringify(value), send: null };
      this.#messages.set(key, message);
    }
    return message;
  }

  /** The entry of a message at an offset, which is made if there is none. */
  entry(offset: Integer, value: Json): Entry {
    const message = this.message(value);
    const first = this.#entries.get(offset);
    for (let entry = first ?? null; entry !== null; entry = entry.next) {
      if (entry.message === message) return entry;
    }
    const place = first?.place ?? this.counts.places++;
    const entry = { offset, message, place, next: first?.next ?? null };
    if (first === undefined) this.#entries.set(offset, entry);
    else first.next = entry;
    this.#offsets = null;
    return entry;
  }

  /** In ascending order, the offsets that certainly hold something. */
  get offsets(): readonly Integer[] {
    return this.#offsets ??= [...this.#entries.keys()].sort(ascending);
  }
}

/** What clients were shown of logs, and what should have been there. */
export interface Shown {
  /** A {@link Poll} for each key that an answered poll asked for or got. */
  polls: readonly Poll[];
  /** Acknowledged messages in ascending order of their offsets. */
  acked: ReadonlyMap<Log, readonly Acked[]>;
}

/** Everything known of the run's logs, the aftermath included. Times are the journal's ns. */
export interface KafkaRun extends Shown {
  calls: readonly Call[];
  sends: readonly Send[];
  /** How many messages and offsets are numbered. */
  counts: Readonly<Counts>;
  /** The same without the aftermath. */
  beforeAftermath: Shown;
}

/** Whether a call was answered with a definite error. */
export function isRefused({ reply }: Call): boolean {
  return reply?.type === "error" && isDefinite(reply.code);
}

/** What was read from each recording, since judges and figures need the same. */
const runs = new WeakMap<Recording, KafkaRun>();

/** Reads a recording's messages, including those of the aftermath. */
export function kafkaRun(recording: Recording): KafkaRun {
  const known = runs.get(recording);
  if (known !== undefined) return known;
  const { journal, aftermath } = recording;
  const reader = new Reader();
  reader.read(clientCalls(journal));
  const beforeAftermath = reader.shown();
  if (aftermath !== undefined) reader.read(clientCalls(aftermath.journal));
  const { calls, sends, counts } = reader;
  const run = { calls, sends, counts, beforeAftermath, ...reader.shown() };
  runs.set(recording, run);
  return run;
}

/** Reads calls, and numbers messages and offsets. */
class Reader {
  readonly counts: Counts = { messages: 0, places: 0 };
  readonly calls: Call[] = [];
  readonly sends: Send[] = [];
  readonly #polls: Poll[] = [];
  readonly #logs = new Map<string, Log>();

  read(calls: readonly Call[]): void {
    for (const call of calls) {
      this.calls.push(call);
      if (call.type === "send") this.#readSend(call);
      else if (call.type === "poll" && call.isOk) this.#readPoll(call);
    }
  }

  shown(): Shown {
    const acked = Map.groupBy(this.sends.filter(isAcked), ({ log }) => log);
    for (const list of acked.values()) {
      list.sort((a, b) => ascending(a.entry.offset, b.entry.offset));
    }
    return { polls: [...this.#polls], acked };
  }

  #readSend(call: Call): void {
    const { request, reply } = call;
    const log = this.#log(asText(request.key));
    const message = log.message(request.msg!);
    const entry = call.isOk && isInteger(reply?.offset)
      ? log.entry(reply.offset, request.msg!)
      : null;
    const send = { log, message, entry, refused: isRefused(call), call };
    message.send = send;
    this.sends.push(send);
  }

  #readPoll(call: Call): void {
    const asked = call.request.offsets as { [key: string]: Integer };
    const msgs = (call.reply!.msgs ?? {}) as JsonObject;
    for (const key of Object.keys(asked)) {
      const list = Object.hasOwn(msgs, key) ? msgs[key] : undefined;
      this.#readList(call, key, asked[key]!, list);
    }
    for (const key of Object.keys(msgs)) {
      if (Object.hasOwn(asked, key)) continue;
      this.#readList(call, key, null, msgs[key]);
    }
  }

  /** Reads what a poll returned of one key. */
  #readList(
    call: Call,
    key: string,
    asked: Integer | null,
    list: Json | undefined,
  ): void {
    const log = this.#log(key);
    const got = Array.isArray(list) && list.length > 0
      ? list.filter(isPlaced).map(([offset, message]) =>
        log.entry(offset, message)
      )
      : NOTHING;
    this.#polls.push({ log, asked, isNull: list === null, got, call });
  }

  #log(key: string): Log {
    let log = this.#logs.get(key);
    if (!log) this.#logs.set(key, log = new Log(key, this.counts));
    return log;
  }
}

/** What most polls get: no messages. */
const NOTHING: readonly Entry[] = [];

/** Whether the offset of a send is known. */
export function isAcked(send: Send): send is Acked {
  return send.entry !== null;
}

/** Whether an element of a poll is an offset and a message. */
function isPlaced(pair: Json): pair is [offset: Integer, message: Json] {
  return Array.isArray(pair) && pair.length === 2 && isInteger(pair[0]);
}

/** Groups what happened by node and log; groups are in the order of their first members. */
export function byNodeAndLog<T extends { log: Log; call: Call }>(
  all: Iterable<T>,
): T[][] {
  const groups: T[][] = [];
  const byLog = new Map<Log, Map<string, T[]>>();
  for (const one of all) {
    let byNode = byLog.get(one.log);
    if (!byNode) byLog.set(one.log, byNode = new Map());
    const group = byNode.get(one.call.node);
    if (group) group.push(one);
    else {
      const begun = [one];
      byNode.set(one.call.node, begun);
      groups.push(begun);
    }
  }
  return groups;
}

/**
 * Calls back with each member of a group, in the order of requests, and with the highest of those
 * members that had been answered when it was requested: of equal ones the last, and null if none was
 * at least as high as `least`.
 */
export function afterHighest<T extends { call: Call }>(
  group: readonly T[],
  heightOf: (one: T) => Integer,
  least: Integer,
  visit: (one: T, highest: T | null) => void,
): void {
  const answered = group.toSorted((a, b) => a.call.to - b.call.to);
  let highest: T | null = null, height = least, next = 0;
  for (const one of group) {
    for (; answered[next]!.call.to < one.call.from; next++) {
      const other = heightOf(answered[next]!);
      if (other < height) continue;
      highest = answered[next]!;
      height = other;
    }
    visit(one, highest);
  }
}
