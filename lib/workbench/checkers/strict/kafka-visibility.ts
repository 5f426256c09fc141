/** When acknowledged messages could be polled. */
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

/** A poll that asked for an acknowledged message and did not get it. */
export interface Miss {
  poll: Poll;
  /** Of the messages it missed, the one that was acknowledged first. */
  missed: Acked;
}

/**
 * For each poll of a key that stopped short of acknowledged messages, the one of these that was
 * acknowledged first.
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
 * How late messages became visible at worst, in milliseconds: the longest time from a message's
 * acknowledgement to the beginning of a poll, of any node, that asked for it and did not get it. The
 * true lag is longer, but by no more than the time until the next poll. Null if no poll asked for an
 * acknowledged message; 0 if all that did got it.
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
