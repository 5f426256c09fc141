/** What every kafka node is asked once everything has healed: before the final phase, and after a run. */
import type { Op } from "../history/history.ts";
import type { Integer, JsonObject } from "../history/json.ts";
import { polledOffsets, raise, sentOffsets } from "./kafka-offsets.ts";
import type { Invocation, Questions } from "./workload.ts";

/** After this many polls without a new message, none are left: a node may return messages one by one. */
const EMPTY_POLLS = 8;

/** How long to wait after a poll that brought nothing, in milliseconds. */
const EMPTY_DELAY_MS = 200;

/** For how many keys a lower offset is committed. */
const LOWERED_KEYS = 10;

/**
 * On every node, 1 s after the last fault: send two messages to a new key; list the committed
 * offsets of all keys, of the new one and of one that nobody has used; poll all messages from the
 * beginning without committing, by itself the key that nobody has used; list the committed offsets
 * again, which must not have changed; commit lower offsets; and list once more.
 */
export function askAfterwards(
  history: readonly Op[],
  index: number,
): Questions {
  const lowest = new Map<string, Integer>();
  // A send that was never answered may have taken effect: its key is not new.
  let last = -1;
  for (const op of history) {
    if (op.f === "send") {
      const [[, key]] = op.value as [[string, string]];
      if (Number.isInteger(Number(key))) last = Math.max(last, Number(key));
    }
    if (op.type !== "ok") continue;
    const found = op.f === "send" ? sentOffsets(op) : polledOffsets(op);
    for (const [key, offset] of found) {
      if (offset < (lowest.get(key) ?? Infinity)) lowest.set(key, offset);
    }
  }
  const known = [...lowest.keys()].sort((a, b) => Number(a) - Number(b));
  const [fresh, unused] = [`${last + 1}`, `${last + 2}`];
  const used = [...known, fresh];
  const all = [...used, unused];
  const send = (message: number): Invocation => ({
    f: "send",
    value: [["send", fresh, message]],
    once: true,
  });
  const back: JsonObject = Object.fromEntries(
    [...lowest].slice(0, LOWERED_KEYS),
  );
  let empty = 0;
  const highest = new Map<string, Integer>();
  const isNew = ([key, offset]: [string, Integer]) =>
    offset > (highest.get(key) ?? -1);
  return {
    settleMs: 1_000,
    invocations: [
      send(2 * index + 1),
      send(2 * index + 2),
      { f: "list", value: all },
      { f: "peek", value: used },
      // On its own, since a node may refuse to poll what does not exist.
      { f: "peek-unused", value: [unused] },
      { f: "list", value: all },
      { f: "commit", value: back },
      { f: "list", value: all },
    ],
    again(op) {
      if (op.f !== "peek") return null;
      const polled = polledOffsets({ ...op, f: "poll" });
      empty = polled.some(isNew) ? 0 : empty + 1;
      raise(highest, polled);
      if (empty === EMPTY_POLLS) return null;
      return empty === 0 ? 0 : EMPTY_DELAY_MS;
    },
  };
}

/**
 * Lists the committed offsets of all keys. This precedes the final phase, which commits everything
 * and so would hide what a node had lost.
 */
export function askForCommits(history: readonly Op[]): Questions {
  const keys = new Set<string>();
  for (const { f, value } of history) {
    if (f === "send") keys.add((value as [[string, string]])[0][1]);
  }
  return { settleMs: 0, invocations: [{ f: "list", value: [...keys] }] };
}
