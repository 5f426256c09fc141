/** Kafka: append-only logs by key; clients send messages, poll them, and commit offsets. */
import type { Op } from "../history/history.ts";
import type { Integer, JsonObject } from "../history/json.ts";
import { CLIENT_TIMEOUT_MS, numberFlag } from "./flags.ts";
import { askAfterwards, askForCommits } from "./kafka-afterwards.ts";
import { openKafkaClient } from "./kafka-client.ts";
import { polledOffsets, raise, sentOffsets } from "./kafka-offsets.ts";
import { type MicroOp, transactions } from "./transactions.ts";
import type {
  Generator,
  GeneratorContext,
  Invocation,
  Workload,
} from "./workload.ts";

/** The share of operations that an `assign` replaces. In Jepsen 0.3.1 it was 1/8. */
const ASSIGN_PROBABILITY = 1 / 64;

/** The share of assigns that also list all keys with unseen messages. */
const CATCH_UP_PROBABILITY = 1 / 3;

/** Mean time between the crashes of one client. */
const CRASH_INTERVAL_SECONDS = 30;

/** Mean time between the final polls of one worker. */
const FINAL_POLL_INTERVAL_SECONDS = 0.2;

/**
 * Half sends, half polls, of keys that come and go; sometimes an assign of the next operation's
 * key; and crashes, after which a client has no keys assigned.
 */
function mainPhase(
  { random, options, workers }: GeneratorContext,
): Generator {
  const nextTransaction = transactions(random.fork("transactions"), "send", {
    keyCount: numberFlag(options, "key-count", 10),
    maxLength: 1,
    maxWritesPerKey: numberFlag(options, "max-writes-per-key", 16),
  });
  const crashes = random.fork("crashes");
  const assigns = random.fork("assigns");
  const unseen = trackUnseen();
  let held: MicroOp<"r" | "send"> | undefined;
  let crashDueAt = 0;

  const assign = (key: string): Invocation => {
    const behind = unseen.keys();
    if (
      assigns.chance(CATCH_UP_PROBABILITY) && Object.keys(behind).length > 0
    ) {
      const value = [...new Set([...Object.keys(behind), key])];
      return { f: "assign", value, unseen: behind };
    }
    return { f: "assign", value: [key] };
  };

  return {
    next(_worker, now) {
      // A crash that is due competes, at equal odds, with the operation.
      if (now >= crashDueAt && crashes.chance(0.5)) {
        const interval = CRASH_INTERVAL_SECONDS / workers;
        crashDueAt = now + crashes.uniform(0, 2 * interval) * 1e9;
        return { f: "crash", value: null };
      }
      held ??= nextTransaction()[0]!;
      const [f, key, message] = held;
      if (assigns.chance(ASSIGN_PROBABILITY)) return assign(String(key));
      held = undefined;
      return f === "send"
        ? { f, value: [[f, String(key), message]] }
        : { f: "poll", value: [["poll"]] };
    },
    update: unseen.update,
  };
}

/**
 * Tracks, by key, the highest offset acknowledged and the highest polled by any client, until they are
 * equal.
 */
function trackUnseen() {
  const sent = new Map<string, Integer>();
  const polled = new Map<string, Integer>();
  return {
    update(op: Op): void {
      const stored = sentOffsets(op), seen = polledOffsets(op);
      raise(sent, stored);
      // Polls of a key without unseen messages are not remembered, as in Jepsen.
      raise(polled, seen.filter(([key]) => sent.has(key)));
      for (const [key] of [...stored, ...seen]) {
        if ((polled.get(key) ?? -1) >= (sent.get(key) ?? -1)) {
          sent.delete(key);
          polled.delete(key);
        }
      }
    },
    /** The keys with unseen messages: acknowledged, and returned by no poll. */
    keys(): JsonObject {
      return Object.fromEntries(
        [...sent].map(([key, offset]) => [
          key,
          { polled: polled.get(key) ?? -1, sent: offset },
        ]),
      );
    },
  };
}

/**
 * For each worker: a crash, which gives it a new client; an assign of all keys from their
 * beginnings; then polls until it has seen the highest known offset of every key.
 */
function finalPhase(
  { random }: GeneratorContext,
  history: readonly Op[],
): Generator {
  const known = knownOffsets(history);
  const keys = [...known.keys()];

  const fresh = () => ({
    missing: new Map(known),
    done: 0,
    pollDueAt: 0,
  });
  const workers = new Map<number, ReturnType<typeof fresh>>();
  const stateOf = (index: number) => {
    const state = workers.get(index) ?? fresh();
    workers.set(index, state);
    return state;
  };

  return {
    next({ index }, now) {
      const state = stateOf(index);
      if (state.missing.size === 0) return null;
      switch (state.done++) {
        case 0:
          return { f: "crash", value: null };
        case 1:
          return { f: "assign", value: keys, "seek-to-beginning?": true };
        default: {
          const pollAt = Math.max(now, state.pollDueAt);
          const gap = random.uniform(0, 2 * FINAL_POLL_INTERVAL_SECONDS);
          state.pollDueAt = pollAt + gap * 1e9;
          return {
            f: "poll",
            value: [["poll"]],
            "poll-ms": 1000,
            delayMs: (pollAt - now) / 1e6,
          };
        }
      }
    },
    update(op, { index }) {
      const { missing } = stateOf(index);
      for (const [key, offset] of polledOffsets(op)) {
        if (offset >= (missing.get(key) ?? Infinity)) missing.delete(key);
      }
    },
  };
}

/** Each key's highest offset that a send or a poll has shown, in the order of the keys' numbers. */
function knownOffsets(history: readonly Op[]): Map<string, Integer> {
  const known = new Map<string, Integer>();
  for (const op of history) {
    raise(known, sentOffsets(op));
    raise(known, polledOffsets(op));
  }
  return new Map(
    [...known].sort(([a], [b]) => Number(a) - Number(b)),
  );
}

/** Sends, polls, assigns and crashes; for a client's state see {@link openKafkaClient}. */
export const kafka: Workload = {
  name: "kafka",
  idempotent: new Set(["assign"]),
  handlesErrors: true,
  reusesClient: false,
  timeoutMs: () => CLIENT_TIMEOUT_MS,
  generator: mainPhase,
  final: { limitSeconds: 10, generator: finalPhase },
  beforeFinal: askForCommits,
  aftermath: askAfterwards,
  openClient: openKafkaClient,
};
