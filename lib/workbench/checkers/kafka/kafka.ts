/**
 * Jepsen's checker for Kafka-like logs (`jepsen.tests.kafka`), for clients that assign keys to
 * themselves and operations of one send or poll.
 */
import type { Op } from "../../history/history.ts";
import type { Json, JsonObject } from "../../history/json.ts";
import { type JsonKey, jsonKey, keyJson } from "../json-key.ts";
import { cycles } from "./cycles.ts";
import { worstRealtimeLag } from "./lag.ts";
import {
  duplicates,
  inconsistentOffsets,
  type VersionOrders,
  versionOrders,
} from "./log.ts";
import { type LogHistory, logHistory, type LogOp } from "./ops.ts";
import { externalSteps, internalSteps } from "./order.ts";
import {
  abortedReads,
  lostWrites,
  precommittedReads,
  unseen,
} from "./values.ts";
import { type Results, throwing } from "../verdict.ts";

/** Error types that Kafka's own transactions allow. */
const ALLOWED: ReadonlySet<string> = new Set([
  "int-send-skip",
  "G0",
  "G0-process",
  "G0-realtime",
  "PL-1-cycle-exists",
  "strong-PL-1-cycle-exists",
]);

/** How many examples of an error are shown; contradictions about the log are shown more fully. */
const SHOWN = 8;
const SHOWN_FULLY = 32;
const FULLY: ReadonlySet<string> = new Set([
  "duplicate",
  "inconsistent-offsets",
  "lost-write",
]);

function examples(type: string, errors: JsonObject[]): JsonObject {
  const shown = FULLY.has(type) ? SHOWN_FULLY : SHOWN;
  return { count: errors.length, errs: errors.slice(0, shown) };
}

/** Why operations on logs had unknown outcomes: each cause once. */
function infoCauses(ops: readonly LogOp[]): Json[] {
  const causes = new Set<JsonKey>();
  for (const { op } of ops) {
    if (op.type !== "info" || !["send", "poll", "txn"].includes(op.f)) continue;
    causes.add(jsonKey(op.error ?? null));
  }
  return [...causes].map(keyJson);
}

/**
 * Judges a history of `assign`, `send`, `poll` and `crash`. For every error type
 * found there is an entry with its count and some examples; `unseen` has instead
 * what remained unseen at the end. Valid when every type found is allowed.
 *
 * Committed offsets and recency are ignored: {@link worstRealtimeLag} only informs.
 *
 * Jepsen's checker throws on a key that was polled without ever returning a message, and on
 * offsets that cannot index a vector; here these are only named.
 *
 * @throws {Error} a polled message that nobody sent, which makes the verdict unknown
 */
export function checkKafka(history: readonly Op[]): Results {
  const read = logHistory(history);
  const { ops } = read;
  const logs = versionOrders(ops);
  const poll = internalSteps(ops, logs, "reads");
  const send = internalSteps(ops, logs, "writes");
  const nextPoll = externalSteps(ops, logs, "reads");
  const nextSend = externalSteps(ops, logs, "writes");
  const found: { [type: string]: JsonObject[] } = {
    "inconsistent-offsets": inconsistentOffsets(logs),
    duplicate: duplicates(logs),
    "lost-write": lostWrites(logs, read),
    G1a: abortedReads(ops),
    "precommitted-read": precommittedReads(ops),
    "int-poll-skip": poll.skip,
    "int-nonmonotonic-poll": poll.nonmonotonic,
    "int-send-skip": send.skip,
    "int-nonmonotonic-send": send.nonmonotonic,
    "poll-skip": nextPoll.skip,
    "nonmonotonic-poll": nextPoll.nonmonotonic,
    // Other senders' messages always come between: a skip would mean nothing.
    "nonmonotonic-send": nextSend.nonmonotonic,
    ...cycles(read),
  };
  const errors: JsonObject = {};
  for (const [type, list] of Object.entries(found)) {
    if (list.length > 0) errors[type] = examples(type, list);
  }
  const never = unseen(ops);
  if (never) errors["unseen"] = never;
  const types = Object.keys(errors).sort();
  const bad = types.filter((type) => !ALLOWED.has(type));
  return throwing({
    "valid?": bad.length === 0,
    "worst-realtime-lag": worstRealtimeLag(ops),
    "bad-error-types": bad,
    "error-types": types,
    "info-txn-causes": infoCauses(ops),
    ...errors,
  }, whereJepsenThrows(logs, read));
}

/** How many elements a Clojure vector has at most; Jepsen's have one for every possible offset. */
const LONGEST_VECTOR = 2 ** 31;

function whereJepsenThrows(
  logs: VersionOrders,
  { listed }: LogHistory,
): string[] {
  const because: string[] = [];
  for (const log of listed) {
    const { key, polled } = log;
    if (polled.length > 0 && logs.has(log)) continue;
    const what = polled.length > 0
      ? "a message of it at an offset from 0 on"
      : "a message of it";
    because.push(
      `polls listed key ${key}, and none of them ever returned ${what}: Maelstrom's checker throws an IndexOutOfBoundsException`,
    );
  }
  for (const [{ key }, { offsets }] of logs) {
    const offset = offsets.at(-1) ?? 0;
    if (offset < LONGEST_VECTOR) continue;
    because.push(
      `key ${key} has the offset ${offset}: Maelstrom's checker, which makes a vector of all offsets from 0 on, runs out of memory or throws`,
    );
  }
  return because;
}
