/** Finds messages that were lost, or polled though they should not have been. */
import type { Json, JsonObject } from "../../history/json.ts";
import { keyJson, opJson } from "../json-key.ts";
import type { VersionOrder, VersionOrders } from "./log.ts";
import {
  type Log,
  type LogHistory,
  type LogOp,
  type Message,
  mustHaveCommitted,
  type Part,
} from "./ops.ts";

/** Messages of failed sends in successful polls. */
export function abortedReads(ops: readonly LogOp[]): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const { op, reads } of ops) {
    if (op.type !== "ok") continue;
    for (const { log, messages } of reads) {
      for (const { value, writer } of messages) {
        if (writer?.op.type !== "fail") continue;
        errors.push({
          key: log.key,
          value: keyJson(value),
          writer: opJson(writer.op),
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
    if (op.type !== "ok" || reads.length === 0) continue;
    for (const { log, messages: own } of writes) {
      const polled = reads.find((part) => part.log === log)?.messages ?? [];
      for (const message of polled) {
        if (!own.includes(message)) continue;
        errors.push({
          key: log.key,
          value: keyJson(message.value),
          op: opJson(op),
        });
      }
    }
  }
  return errors;
}

/** For every message of a log the index where it is first or last, whichever is noted. */
function indices(
  { messages }: VersionOrder,
  which: "first" | "last",
): Map<Message, number> {
  const found = new Map<Message, number>();
  messages.forEach((there, index) => {
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
  logs: VersionOrders,
  { listed }: LogHistory,
): JsonObject[] {
  const errors: JsonObject[] = [];
  for (const log of listed) {
    const order = logs.get(log);
    if (log.polled.length === 0 || order === undefined) continue;
    const first = indices(order, "first");
    let bound = -1;
    for (const message of log.polled) {
      bound = Math.max(bound, first.get(message) ?? -1);
    }
    const furthest = order.byIndex[bound]?.reader;
    for (const [message, index] of indices(order, "last")) {
      const { value, writer, reader } = message;
      if (index > bound || reader !== null) continue;
      if (writer === null || !mustHaveCommitted(writer)) continue;
      errors.push({
        key: log.key,
        value: keyJson(value),
        index: first.get(message)!,
        "max-read-index": bound,
        writer: opJson(writer.op),
        "max-read": furthest ? opJson(furthest.op) : null,
      });
    }
  }
  return errors;
}

/** How many unseen messages of a log are shown. */
const SHOWN = 32;

/**
 * What was acknowledged and never polled by the end of the history; undefined if nothing. Of a
 * log that shows first in the last operation, and that nobody is known to have sent to, Jepsen
 * counts what was polled as unseen.
 */
export function unseen(ops: readonly LogOp[]): JsonObject | undefined {
  const missing = new Map<Log, Set<Message>>();
  const known = new Set<Log>();
  let last: LogOp | undefined, strange: readonly Part[] = [];
  const miss = (log: Log, message: Message) => {
    const others = missing.get(log) ?? new Set();
    missing.set(log, others.add(message));
  };
  for (const ended of ops) {
    const { op, writes, reads } = ended;
    if (op.type !== "ok" || !["poll", "send", "txn"].includes(op.f)) continue;
    last = ended;
    for (const { log, messages } of writes) {
      known.add(log);
      for (const message of messages) {
        if (message.reader === null) miss(log, message);
      }
    }
    strange = reads.filter(({ log }) => !known.has(log));
    for (const { log } of reads) known.add(log);
  }
  for (const { log, messages } of strange) {
    for (const message of messages) miss(log, message);
  }
  if (missing.size === 0) return undefined;
  const messages = [...missing].map(([{ key }, set]) =>
    [key, [...set].map(({ value }) => keyJson(value)).sort(ascending)] as const
  );
  return {
    time: last?.op.time ?? 0,
    unseen: Object.fromEntries(
      messages.map(([key, list]) => [key, list.length]),
    ),
    messages: Object.fromEntries(
      messages.map(([key, list]) => [key, list.slice(0, SHOWN)]),
    ),
  };
}

function ascending(a: Json, b: Json): number {
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}
