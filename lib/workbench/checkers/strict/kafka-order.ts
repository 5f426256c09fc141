/**
 * What must hold of every log, whatever is promised: one message for each offset, in order,
 * none invented, none skipped.
 */
import { asText, type Integer } from "../../history/json.ts";
import type { Findings } from "../findings.ts";
import {
  type KafkaRun,
  lowerBound,
  type Poll,
  type Send,
} from "./kafka-log.ts";

/** Formats a time of the journal. */
export type Clock = (ns: number) => string;

/**
 * Every offset holds one message, and every message has one offset; what is polled was sent,
 * and not refused.
 */
export function contents({ sends, polls }: KafkaRun, findings: Findings): void {
  const sent = new Map(sends.map((send) => [place(send), send]));
  const messages = new Map<string, string>();
  const offsets = new Map<string, Integer>();
  const told = new Set<string>();

  function put(key: string, offset: Integer, message: string) {
    const at = `${key} ${offset}`, of = `${key} ${message}`;
    const other = messages.get(at), elsewhere = offsets.get(of);
    messages.set(at, message);
    offsets.set(of, offset);
    if (other !== undefined && other !== message) {
      findings.add(
        "inconsistent-offsets",
        `offset ${offset} of key ${key} holds ${other} and ${message}`,
      );
    }
    if (elsewhere !== undefined && elsewhere !== offset) {
      findings.add(
        "duplicate",
        `message ${message} of key ${key} is at offset ${elsewhere} and at ${offset}`,
      );
    }
  }

  for (const { key, offset, message } of sends) {
    if (offset !== null) put(key, offset, message);
  }
  for (const { key, got, call } of polls) {
    for (const [offset, message] of got) {
      if (messages.get(`${key} ${offset}`) !== message) {
        put(key, offset, message);
      }
      const of = `${key} ${message}`;
      const send = sent.get(of);
      const sentence =
        `${call.node} gave message ${message} of key ${key}, offset ${offset}`;
      if (send === undefined || send.call.from > call.to) {
        if (told.size < told.add(of).size) {
          findings.add(
            "invented-message",
            `${sentence}, which nobody had sent`,
          );
        }
      } else if (send.refused && told.size < told.add(of).size) {
        findings.add(
          "G1a",
          `${sentence}, whose send ${send.call.node} had refused with error ${
            asText(send.call.reply!.code)
          }`,
        );
      }
    }
  }
}

function place({ key, message }: Send): string {
  return `${key} ${message}`;
}

/** The offsets that one node gives for a key rise in real time. */
export function sendOrder(
  { sends }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const acked = sends.filter(({ offset }) => offset !== null);
  const groups = Map.groupBy(acked, ({ key, call }) => `${call.node} ${key}`);
  for (const group of groups.values()) {
    const answered = group.toSorted((a, b) => a.call.to - b.call.to);
    let highest: Send | null = null, next = 0;
    for (const send of group) {
      for (; answered[next]!.call.to < send.call.from; next++) {
        if (answered[next]!.offset! >= (highest?.offset ?? -1)) {
          highest = answered[next]!;
        }
      }
      if (highest === null || highest.offset! < send.offset!) continue;
      const { key, call } = send;
      findings.add(
        "nonmonotonic-send",
        `${call.node} gave ${highest.message} offset ${highest.offset} of key ${key} at ${
          at(highest.call.to)
        }, and ${send.message}, sent at ${
          at(call.from)
        }, the lower offset ${send.offset}`,
      );
    }
  }
}

/** A poll begins at the offset asked for, goes up, and skips nothing. */
export function pollOrder(
  { polls, offsets }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  for (const { key, asked, got, call } of polls) {
    const sentence = () =>
      `${call.node}, polled at ${
        at(call.from)
      } for key ${key} from offset ${asked}, gave offsets ${
        got.map(([offset]) => offset).join(", ")
      }`;
    if (asked === null) {
      const because = `${call.node}, polled at ${
        at(call.from)
      }, gave key ${key}, which it was not asked for`;
      if (got.length > 0) findings.add("unasked-key", because);
      else findings.note("unasked-key", because);
      continue;
    }
    if (got.length === 0) continue;
    if (got.some(([offset]) => offset < asked)) {
      findings.add("poll-below-offset", sentence());
    } else if (got.some(([offset], i) => i > 0 && got[i - 1]![0] >= offset)) {
      findings.add("poll-order", sentence());
    } else {
      const known = offsets.get(key)!;
      const first = lowerBound(known, asked);
      const last = lowerBound(known, got.at(-1)![0]);
      if (last - first + 1 === got.length) continue;
      const given = new Set(got.map(([offset]) => offset));
      const skipped = known.slice(first, last).find((o) => !given.has(o));
      findings.add(
        "poll-skip",
        `${sentence()}, and skipped offset ${skipped}, where there is a message`,
      );
    }
  }
}

/**
 * Polls that have null for a key instead of a list. Maelstrom accepts it, but its checker
 * throws if no message of such a key is ever polled.
 */
export function nullLists(
  { polls }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const told = new Set<string>();
  for (const { key, isNull, call } of polls) {
    if (!isNull || told.has(key)) continue;
    told.add(key);
    findings.note(
      "null-poll",
      `${call.node}, polled at ${
        at(call.from)
      }, gave null for key ${key}: Maelstrom's checker throws if no poll ever has a message of it`,
    );
  }
}

/** What one node has shown, it keeps showing. */
export function vanished(
  { polls }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const asked = polls.filter((poll) => poll.asked !== null);
  const groups = Map.groupBy(asked, ({ key, call }) => `${call.node} ${key}`);
  const last = ({ got }: Poll) => got.at(-1)?.[0] ?? -1;
  for (const group of groups.values()) {
    const answered = group.toSorted((a, b) => a.call.to - b.call.to);
    let best: Poll | null = null, next = 0;
    for (const poll of group) {
      for (; answered[next]!.call.to < poll.call.from; next++) {
        if (last(answered[next]!) >= (best === null ? 0 : last(best))) {
          best = answered[next]!;
        }
      }
      if (best === null || poll.asked! > last(best)) continue;
      if (last(poll) >= last(best)) continue;
      const { key, call } = poll;
      findings.add(
        "message-vanished",
        `${call.node} showed offset ${last(best)} of key ${key} at ${
          at(best.call.to)
        }, and did not when it was polled from offset ${poll.asked} at ${
          at(call.from)
        }`,
      );
    }
  }
}
