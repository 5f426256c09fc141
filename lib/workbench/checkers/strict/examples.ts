/** Puts into words the examples of errors in Maelstrom's results, which are only data. */
import type { Op } from "../../history/history.ts";
import { type Json, type JsonObject, stringify } from "../../history/json.ts";
import { seconds } from "../findings.ts";

/** An example of an error of this type, in sentences; as JSON, if there are no words for it. */
export function inWords(type: string, example: Json): string[] {
  const words = WORDS[type];
  const sentences = words?.(example as never);
  return sentences === undefined ? [text(example)] : [sentences].flat();
}

function who({ process, time }: Op): string {
  return `process ${process}, at ${seconds(time)}`;
}

function listed(values: Json[]): string {
  return text(values).replace(/^\[|\]$/g, "");
}

/** The beginning of a value as JSON. */
export function text(value: Json | undefined): string {
  return (stringify(value) ?? "").slice(0, 300);
}

/** A step from one message of a log to another, within an operation or between two operations of a process. */
interface Step {
  key: string;
  values: [Json, Json];
  /** What lies between the two. */
  skipped?: Json[];
  op?: Op;
  ops?: [Op, Op];
}

/** A message of a log, at one offset or at several. */
interface Placed {
  key: string;
  value: Json;
  offset: Json;
  offsets: Json[];
  values: Json[];
}

const polled = (step: Step) => stepText("polled", step);
const sent = (step: Step) => stepText("sent", step);

const WORDS: {
  readonly [type: string]: (example: never) => string | string[];
} = {
  "int-poll-skip": polled,
  "int-nonmonotonic-poll": polled,
  "poll-skip": polled,
  "nonmonotonic-poll": polled,
  "int-send-skip": sent,
  "int-nonmonotonic-send": sent,
  "nonmonotonic-send": sent,
  "precommitted-read": ({ key, value, op }: Placed & { op: Op }) =>
    `${who(op)}, polled ${
      text(value)
    } of key ${key} in the transaction that sent it`,
  "G1a": ({ key, value, writer, reader }: Placed & { [role: string]: Op }) =>
    `${who(reader!)}, polled ${
      text(value)
    } of key ${key}, although its send had failed: ${who(writer!)}`,
  "lost-write": (
    { key, value, writer, "max-read": reader }: Placed & {
      writer: Op;
      "max-read": Op | null;
    },
  ) =>
    `${who(writer)}, sent ${
      text(value)
    } to key ${key}, and nobody polled it, though ${
      reader === null ? "somebody" : `${who(reader)},`
    } polled what comes after it`,
  "duplicate": ({ key, value, offsets }: Placed) =>
    `message ${text(value)} of key ${key} is at offsets ${listed(offsets)}`,
  "inconsistent-offsets": ({ key, offset, values }: Placed) =>
    `several messages are at offset ${text(offset)} of key ${key}: ${
      listed(values)
    }`,
  "unseen": ({ messages }: { messages: { [key: string]: Json[] } }) =>
    Object.entries(messages).map(([key, values]) =>
      `nobody ever polled ${
        listed(values)
      } of key ${key}, which had been acknowledged`
    ),
  "wrong-final-read": ({ process, time, value }: Op) =>
    `the final read of process ${process}, at ${seconds(time)}, is ${
      text(value)
    }, which no choice among the adds of unknown outcome explains`,
  "cycle-search-timeout": (
    { "anomaly-spec-type": wanted, "scc-size": size }: JsonObject,
  ) =>
    `${size} transactions all precede each other; Elle may have given up before it had found a ${wanted} among them`,
  "empty-transaction-graph": () =>
    "no two transactions depend on each other, so there is nothing to judge",
};

function stepText(
  did: string,
  { key, values: [from, to], skipped, op, ops = [op!, op!] }: Step,
): string {
  const [first, second] = ops;
  const then = first === second ? "next" : `next, at ${seconds(second.time)},`;
  const wrong = skipped === undefined
    ? "which does not come after it"
    : `and skipped ${listed(skipped)}`;
  return `${who(first)}, ${did} message ${
    text(from)
  } of key ${key} and ${then} ${text(to)}, ${wrong}`;
}
