import { isClientOp, type Op } from "../../history/history.ts";
import {
  asText,
  type Integer,
  type Json,
  type JsonObject,
} from "../../history/json.ts";
import { type JsonKey, jsonKey } from "../json-key.ts";
import { pairs } from "../pairs.ts";

/** A message at its place; the offset of a send that did not complete is unknown. */
export interface Placed {
  offset: Integer | null;
  message: JsonKey;
}

/** A completed operation on logs, with what it sent and what it polled, by key. */
export interface LogOp {
  op: Op & { process: number };
  invocation: Op;
  writes: ReadonlyMap<string, readonly Placed[]>;
  reads: ReadonlyMap<string, readonly Placed[]>;
}

const NONE: ReadonlyMap<string, readonly Placed[]> = new Map();

function append(
  map: Map<string, Placed[]>,
  key: string,
  placed: Iterable<Placed>,
): void {
  const list = map.get(key);
  if (list) list.push(...placed);
  else map.set(key, [...placed]);
}

function placed(pair: Json): Placed {
  const [offset, message] = pair as [Integer | null, Json];
  return { offset, message: jsonKey(message) };
}

/** The micro-operations `["send", key, message or [offset, message]]` and `["poll", {key: [[offset, message], ...]}]`. */
function microOps(op: Op): Json[][] {
  return Array.isArray(op.value) ? op.value as Json[][] : [];
}

function writesOf(op: Op): LogOp["writes"] {
  if (op.f !== "send" && op.f !== "txn") return NONE;
  const writes = new Map<string, Placed[]>();
  for (const [f, key, sent] of microOps(op)) {
    if (f !== "send") continue;
    const pair = Array.isArray(sent) ? sent : [null, sent!];
    append(writes, asText(key), [placed(pair)]);
  }
  return writes;
}

function readsOf(op: Op): LogOp["reads"] {
  if (op.f !== "poll" && op.f !== "txn") return NONE;
  const reads = new Map<string, Placed[]>();
  for (const [f, polled] of microOps(op)) {
    if (f !== "poll" || polled === undefined || polled === null) continue;
    for (const [key, messages] of Object.entries(polled as JsonObject)) {
      append(reads, key, (messages as Json[] ?? []).map(placed));
    }
  }
  return reads;
}

/**
 * The completed client operations in the order of their completions, assignments
 * and crashes included.
 */
export function logOps(history: readonly Op[]): LogOp[] {
  const ops: LogOp[] = [];
  for (const { invocation, completion } of pairs(history)) {
    if (!completion || !isClientOp(completion)) continue;
    ops.push({
      op: completion,
      invocation,
      writes: writesOf(completion),
      reads: readsOf(completion),
    });
  }
  return ops.sort((a, b) => a.op.index - b.op.index);
}

/** Values by key and message. */
export class MessageMap<T> {
  readonly #byKey = new Map<string, Map<JsonKey, T>>();

  get(key: string, message: JsonKey): T | undefined {
    return this.#byKey.get(key)?.get(message);
  }

  has(key: string, message: JsonKey): boolean {
    return this.#byKey.get(key)?.has(message) ?? false;
  }

  set(key: string, message: JsonKey, value: T): void {
    const messages = this.of(key);
    messages.set(message, value);
  }

  /** Everything under one key, which exists from now on. */
  of(key: string): Map<JsonKey, T> {
    let messages = this.#byKey.get(key);
    if (!messages) this.#byKey.set(key, messages = new Map());
    return messages;
  }

  entries(): Iterable<[key: string, messages: ReadonlyMap<JsonKey, T>]> {
    return this.#byKey.entries();
  }
}

/** Who sent and who saw each message. */
export interface Visibility {
  /** The completion of its send, whatever its outcome. */
  writers: MessageMap<LogOp>;
  /** The first successful poll that returned it. Keys which were polled in vain are there, without messages. */
  readers: MessageMap<LogOp>;
}

/** Looks up every message of a history: who sent it, and who saw it first. */
export function visibility(ops: readonly LogOp[]): Visibility {
  const writers = new MessageMap<LogOp>(), readers = new MessageMap<LogOp>();
  for (const op of ops) {
    for (const [key, sent] of op.writes) {
      for (const { message } of sent) writers.set(key, message, op);
    }
    if (op.op.type !== "ok") continue;
    for (const [key, polled] of op.reads) {
      const seen = readers.of(key);
      for (const { message } of polled) {
        if (!seen.has(message)) seen.set(message, op);
      }
    }
  }
  return { writers, readers };
}

/** Whether the effects of an operation are certain: it succeeded, or somebody polled what it sent. */
export function mustHaveCommitted(op: LogOp, { readers }: Visibility): boolean {
  if (op.op.type !== "info") return op.op.type === "ok";
  for (const [key, sent] of op.writes) {
    if (sent.some(({ message }) => readers.has(key, message))) return true;
  }
  return false;
}
