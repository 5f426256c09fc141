/** When acknowledged messages became visible to polls. */
import { sum } from "../../history/json.ts";
import type { Recording } from "../../history/history.ts";
import { firstOf } from "../first-of.ts";
import {
  type Acked,
  kafkaRun,
  type Log,
  type Poll,
  type Shown,
} from "./kafka-log.ts";

/** A poll that asked for a message and did not get it. */
export interface Miss {
  poll: Poll;
  /** Of the messages it missed, the one that was acknowledged first. */
  missed: Acked;
}

/**
 * For each poll of a key that stopped short of acknowledged messages, the one of these
 * acknowledged first. A poll from an offset on that returned nothing, or only messages before
 * another one, did not show that one, whatever was visible elsewhere.
 */
export function* misses({ polls, acked }: Shown): Generator<Miss> {
  const earliest = new Map<Log, Acked[]>();
  for (const [log, messages] of acked) {
    const first = [...messages];
    for (let i = first.length - 2; i >= 0; i--) {
      if (first[i + 1]!.call.to < first[i]!.call.to) first[i] = first[i + 1]!;
    }
    earliest.set(log, first);
  }
  for (const poll of polls) {
    const messages = acked.get(poll.log);
    if (poll.asked === null || messages === undefined) continue;
    const last = poll.got.at(-1)?.offset ?? sum(poll.asked, -1);
    const next = firstOf(messages, ({ entry }) => entry.offset > last);
    const missed = earliest.get(poll.log)![next];
    if (missed !== undefined && missed.call.to < poll.call.from) {
      yield { poll, missed };
    }
  }
}

/**
 * How late messages became visible at worst, in milliseconds: the longest time from the
 * acknowledgement of a message to the beginning of a poll, at any node, that asked for it and
 * did not get it. The true lag is at least that, and longer by no more than the time until the
 * next poll. Null if no poll asked for an acknowledged message, 0 if every one got it.
 */
export function visibilityLagMs(recording: Recording): number | null {
  const { beforeAftermath } = kafkaRun(recording);
  const { polls, acked } = beforeAftermath;
  if (!polls.some(({ asked, log }) => asked !== null && acked.has(log))) {
    return null;
  }
  let worst = 0;
  for (const { poll, missed } of misses(beforeAftermath)) {
    worst = Math.max(worst, poll.call.from - missed.call.to);
  }
  return worst / 1e6;
}
