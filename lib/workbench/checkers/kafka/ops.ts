/** Reads a history of logs: what each operation sent and polled, and what became of each message. */
import { isClientOp, type Op } from "../../history/history.ts";
import { asText, type Integer, type Json, larger } from "../../history/json.ts";
import { type JsonKey, jsonKey } from "../json-key.ts";

/** A message of a log and what became of it: one object, however many operations show it. */
export interface Message {
  value: JsonKey;
  /** Its last completed send, whatever the outcome. */
  writer: LogOp | null;
  /** The first successful poll that returned it. */
  reader: LogOp | null;
  /** Its index in the version order; -1 if it has none. */
  index: number;
}

/** What a history shows of one key. */
export class Log {
  readonly #messages = new Map<JsonKey, Message>();
  /** The messages that successful polls returned, in the order in which they first did. */
  readonly polled: Message[] = [];

  constructor(readonly key: string) {}

  /** The message with this value. */
  message(json: Json): Message {
    const value = jsonKey(json);
    let message = this.#messages.get(value);
    if (message === undefined) {
      message = { value, writer: null, reader: null, index: -1 };
      this.#messages.set(value, message);
    }
    return message;
  }
}

/** What one operation sent to a log, or polled of it. */
export interface Part {
  op: ClientOp;
  log: Log;
  /** The offset of each message; that of a send that did not complete is unknown. */
  offsets: readonly (Integer | null)[];
  messages: readonly Message[];
  /** The highest of the offsets; -1 without any. */
  highest: Integer;
}

/** An operation of a client. */
type ClientOp = Op & { process: number };

/** A completed operation on logs, with what it sent and what it polled: a part for each key. */
export interface LogOp {
  op: ClientOp;
  invocation: Op;
  writes: readonly Part[];
  reads: readonly Part[];
}

/** What a history says of logs. */
export interface LogHistory {
  /**
   * The completed client operations in the order of their completions, assignments and crashes
   * included.
   */
  ops: readonly LogOp[];
  /**
   * The logs that successful polls listed, with or without messages, in the order in which they
   * first did.
   */
  listed: Iterable<Log>;
  /** What an operation sends, ended or not. */
  writesOf(op: ClientOp): readonly Part[];
}

/** Reads a history: who sent each message, and who saw it first. */
export function logHistory(history: readonly Op[]): LogHistory {
  const reader = new Reader();
  for (const op of history) if (isClientOp(op)) reader.read(op);
  return reader;
}

/** A message at its place, as operations have it. */
type Pair = readonly [offset: Integer | null, message: Json];

const NONE: readonly Part[] = [];

class Reader implements LogHistory {
  readonly ops: LogOp[] = [];
  readonly listed = new Set<Log>();
  readonly #logs = new Map<string, Log>();
  /** By process, what it has begun. */
  readonly #open = new Map<number, Op>();

  read(op: ClientOp): void {
    const { type, process } = op;
    if (type === "invoke") {
      this.#open.set(process, op);
      return;
    }
    const invocation = this.#open.get(process);
    if (invocation === undefined) return;
    this.#open.delete(process);
    const writes = this.writesOf(op), reads = this.#readsOf(op);
    const ended = { op, invocation, writes, reads };
    this.ops.push(ended);
    for (const { messages } of writes) {
      for (const message of messages) message.writer = ended;
    }
    if (type === "ok") this.#see(ended);
  }

  /** Notes what a poll returned. */
  #see(poll: LogOp): void {
    for (const { log, messages } of poll.reads) {
      this.listed.add(log);
      for (const message of messages) {
        if (message.reader !== null) continue;
        message.reader = poll;
        log.polled.push(message);
      }
    }
  }

  writesOf(op: ClientOp): readonly Part[] {
    if (op.f !== "send" && op.f !== "txn") return NONE;
    const sends = microOps(op).filter(([f]) => f === "send");
    return merged(sends.map(([, key, sent]) => {
      const pair: Pair = Array.isArray(sent)
        ? [sent[0] as Integer, sent[1]!]
        : [null, sent!];
      return [this.#part(op, asText(key), [pair])];
    }));
  }

  #readsOf(op: ClientOp): readonly Part[] {
    if (op.f !== "poll" && op.f !== "txn") return NONE;
    const polls = microOps(op).filter(([f, polled]) =>
      f === "poll" && polled !== undefined && polled !== null
    );
    return merged(polls.map(([, polled]) => {
      const lists = polled as { [key: string]: Pair[] | null };
      return Object.keys(lists).map((key) =>
        this.#part(op, key, lists[key] ?? [])
      );
    }));
  }

  #part(op: ClientOp, key: string, pairs: readonly Pair[]): Part {
    let log = this.#logs.get(key);
    if (!log) this.#logs.set(key, log = new Log(key));
    // Mapped, not pushed: arrays that grow keep room for sixteen elements more.
    const messages = pairs.map(([, message]) => log.message(message));
    const offsets = pairs.map(([offset]) => offset);
    let highest: Integer = -1;
    for (const offset of offsets) highest = larger(highest, offset ?? -1);
    return { op, log, offsets, messages, highest };
  }
}

/** The parts of an operation's steps: a transaction may name a key in several. */
function merged(steps: readonly Part[][]): readonly Part[] {
  if (steps.length <= 1) return steps[0] ?? NONE;
  const byLog = new Map<Log, Part>();
  for (const part of steps.flat()) {
    const before = byLog.get(part.log);
    byLog.set(
      part.log,
      before === undefined ? part : {
        ...before,
        offsets: [...before.offsets, ...part.offsets],
        messages: [...before.messages, ...part.messages],
        highest: larger(before.highest, part.highest),
      },
    );
  }
  return [...byLog.values()];
}

/** The micro-operations `["send", key, message or [offset, message]]` and `["poll", {key: [[offset, message], ...]}]`. */
function microOps(op: Op): Json[][] {
  return Array.isArray(op.value) ? op.value as Json[][] : [];
}

/** Whether the effects of an operation are certain: it succeeded, or somebody polled what it sent. */
export function mustHaveCommitted({ op, writes }: LogOp): boolean {
  if (op.type !== "info") return op.type === "ok";
  return writes.some(({ messages }) =>
    messages.some(({ reader }) => reader !== null)
  );
}
