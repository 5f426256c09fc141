import type { Op } from "../../history/history.ts";
import type { JsonObject } from "../../history/json.ts";
import { type JsonKey, keyJson, opJson } from "../json-key.ts";
import type { Log } from "./log.ts";
import {
  type LogOp,
  MessageMap,
  mustHaveCommitted,
  type Visibility,
} from "./ops.ts";

/** Messages of failed sends in successful polls. */
export function abortedReads(
  ops: readonly LogOp[],
  { writers }: Visibility,
): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const { op, reads } of ops) {
    if (op.type !== "ok") continue;
    for (const [key, polled] of reads) {
      for (const { message } of polled) {
        const writer = writers.get(key, message)?.op;
        if (writer?.type !== "fail") continue;
        errors.push({
          key,
          value: keyJson(message),
          writer: opJson(writer),
          reader: opJson(op),
        });
      }
    }
  }
  return errors;
}

/** Transactions that poll what they send themselves, before it is committed. */
export function precommittedReads(ops: readonly LogOp[]): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const { op, reads, writes } of ops) {
    if (op.type !== "ok") continue;
    for (const [key, sent] of writes) {
      const own = new Set(sent.map(({ message }) => message));
      for (const { message } of reads.get(key) ?? []) {
        if (!own.has(message)) continue;
        errors.push({ key, value: keyJson(message), op: opJson(op) });
      }
    }
  }
  return errors;
}

/** For every message of a log the index where it is first or last, whichever is noted. */
function indices(log: Log, which: "first" | "last"): Map<JsonKey, number> {
  const found = new Map<JsonKey, number>();
  log.messages.forEach((there, index) => {
    for (const message of there) {
      if (which === "last" || !found.has(message)) found.set(message, index);
    }
  });
  return found;
}

/**
 * Messages before the furthest one that was polled which nobody ever polled,
 * although they were certainly sent.
 *
 * A message may be at several offsets, so the furthest polled one is where it is
 * first, and a message counts as before it only where it is last.
 */
export function lostWrites(
  logs: ReadonlyMap<string, Log>,
  seen: Visibility,
): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const [key, read] of seen.readers.entries()) {
    const log = logs.get(key);
    if (read.size === 0 || log === undefined) continue;
    const first = indices(log, "first");
    let bound = -1;
    for (const message of read.keys()) {
      bound = Math.max(bound, first.get(message) ?? -1);
    }
    const furthest = read.get(log.byIndex[bound]!);
    for (const [message, index] of indices(log, "last")) {
      if (index > bound || read.has(message)) continue;
      const writer = seen.writers.get(key, message);
      if (!writer || !mustHaveCommitted(writer, seen)) continue;
      errors.push({
        key,
        value: keyJson(message),
        index: first.get(message)!,
        "max-read-index": bound,
        writer: opJson(writer.op),
        "max-read": furthest ? opJson(furthest.op) : null,
      });
    }
  }
  return errors;
}

/** What was acknowledged and never polled by the end of the history; undefined if nothing. */
export function unseen(
  ops: readonly LogOp[],
  { readers }: Visibility,
): JsonObject | undefined {
  const missing = new MessageMap<true>();
  let last: Op | undefined;
  for (const { op, writes } of ops) {
    if (op.type !== "ok") continue;
    last = op;
    for (const [key, sent] of writes) {
      for (const { message } of sent) {
        if (!readers.has(key, message)) missing.set(key, message, true);
      }
    }
  }
  const messages = [...missing.entries()].map(([key, set]) =>
    [key, [...set.keys()].map(keyJson)] as const
  );
  if (messages.length === 0) return undefined;
  return {
    time: last?.time ?? 0,
    unseen: Object.fromEntries(
      messages.map(([key, list]) => [key, list.length]),
    ),
    messages: Object.fromEntries(messages),
  };
}
