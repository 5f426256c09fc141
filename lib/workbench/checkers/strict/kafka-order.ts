/**
 * What must hold for every log, whatever is promised: each offset has one message, and polls return
 * messages in order, with none invented and none skipped.
 */
import { asText, type Integer } from "../../history/json.ts";
import type { Findings } from "../findings.ts";
import { firstOf } from "../first-of.ts";
import {
  type Acked,
  afterHighest,
  byNodeAndLog,
  type Entry,
  isAcked,
  type KafkaRun,
  type Log,
  type Message,
  type Poll,
} from "./kafka-log.ts";

/** Formats a time of the journal. */
export type Clock = (ns: number) => string;

/**
 * Checks that every offset holds one message and every message has one offset, and that what is polled
 * was sent and not refused.
 */
export function contents(
  { sends, polls, counts }: KafkaRun,
  findings: Findings,
): void {
  /** By the number of an offset, the message last seen there; by the number of a message, its last offset. */
  const messages = new Array<Message | undefined>(counts.places);
  const offsets = new Array<Integer | undefined>(counts.messages);
  const told = new Set<Message>();

  function put(key: string, { offset, message, place }: Entry) {
    const { id, text } = message;
    const other = messages[place], elsewhere = offsets[id];
    messages[place] = message;
    offsets[id] = offset;
    if (other !== undefined && other !== message) {
      findings.add(
        "inconsistent-offsets",
        `offset ${offset} of key ${key} holds ${other.text} and ${text}`,
      );
    }
    if (elsewhere !== undefined && elsewhere !== offset) {
      findings.add(
        "duplicate",
        `message ${text} of key ${key} is at offset ${elsewhere} and at ${offset}`,
      );
    }
  }

  function tell(type: string, poll: Poll, entry: Entry, why: string) {
    const { offset, message } = entry;
    if (told.has(message)) return;
    told.add(message);
    findings.add(
      type,
      `${poll.call.node} returned message ${message.text} of key ${poll.log.key}, offset ${offset}, ${why}`,
    );
  }

  for (const { log, entry } of sends) {
    if (entry !== null) put(log.key, entry);
  }
  for (const poll of polls) {
    for (const entry of poll.got) {
      const { message, place } = entry;
      if (messages[place] !== message) put(poll.log.key, entry);
      const { send } = message;
      if (send === null || send.call.from > poll.call.to) {
        tell("invented-message", poll, entry, "which nobody had sent");
      } else if (send.refused) {
        const { node, reply } = send.call;
        const error = asText(reply!.code);
        const why = `whose send ${node} had refused with error ${error}`;
        tell("G1a", poll, entry, why);
      }
    }
  }
}

/** Checks that the offsets that one node assigns for a key rise in real time. */
export function sendOrder(
  { sends }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const offsetOf = ({ entry }: Acked) => entry.offset;
  for (const group of byNodeAndLog(sends.filter(isAcked))) {
    afterHighest(group, offsetOf, -1, (send, highest) => {
      if (highest === null || offsetOf(highest) < offsetOf(send)) return;
      const { log, call, message } = send;
      findings.add(
        "nonmonotonic-send",
        `${call.node} gave ${highest.message.text} offset ${
          offsetOf(highest)
        } of key ${log.key} at ${
          at(highest.call.to)
        }, but ${message.text}, sent at ${at(call.from)}, the lower offset ${
          offsetOf(send)
        }`,
      );
    });
  }
}

/** Checks that a poll begins at the offset asked for, goes up, and skips nothing. */
export function pollOrder(
  { polls }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  for (const { log, asked, got, call } of polls) {
    if (got.length === 0 && asked !== null) continue;
    const { key, offsets } = log;
    const sentence = () =>
      `${call.node}, polled at ${
        at(call.from)
      } for key ${key} from offset ${asked}, returned offsets ${
        got.map(({ offset }) => offset).join(", ")
      }`;
    if (asked === null) {
      const because = `${call.node}, polled at ${
        at(call.from)
      }, returned key ${key}, which it was not asked for`;
      if (got.length > 0) findings.add("unasked-key", because);
      else findings.note("unasked-key", because);
      continue;
    }
    if (got.some(({ offset }) => offset < asked)) {
      findings.add("poll-below-offset", sentence());
    } else if (
      got.some(({ offset }, i) => i > 0 && got[i - 1]!.offset >= offset)
    ) {
      findings.add("poll-order", sentence());
    } else {
      const end = got.at(-1)!.offset;
      const first = firstOf(offsets, (offset) => offset >= asked);
      const last = firstOf(offsets, (offset) => offset >= end);
      if (last - first + 1 === got.length) continue;
      const given = new Set(got.map(({ offset }) => offset));
      const skipped = offsets.slice(first, last).find((o) => !given.has(o));
      findings.add(
        "poll-skip",
        `${sentence()}, and skipped offset ${skipped}, which has a message`,
      );
    }
  }
}

/**
 * Notes polls that return null for a key instead of a list. Maelstrom accepts that, but its checker
 * throws if no message of such a key is ever polled.
 */
export function nullLists(
  { polls }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const told = new Set<Log>();
  for (const { log, isNull, call } of polls) {
    if (!isNull || told.has(log)) continue;
    told.add(log);
    findings.note(
      "null-poll",
      `${call.node}, polled at ${
        at(call.from)
      }, returned null for key ${log.key}: Maelstrom's checker throws if no poll ever returns a message of it`,
    );
  }
}

/** Checks that a node goes on showing what it has shown. */
export function vanished(
  { polls }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const asked = polls.filter((poll) => poll.asked !== null);
  const last = ({ got }: Poll) => got.at(-1)?.offset ?? -1;
  for (const group of byNodeAndLog(asked)) {
    afterHighest(group, last, 0, (poll, best) => {
      if (best === null || poll.asked! > last(best)) return;
      if (last(poll) >= last(best)) return;
      const { log, call } = poll;
      findings.add(
        "message-vanished",
        `${call.node} showed offset ${last(best)} of key ${log.key} at ${
          at(best.call.to)
        }, but no longer when it was polled from offset ${poll.asked} at ${
          at(call.from)
        }`,
      );
    });
  }
}
