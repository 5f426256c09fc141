/** Finds operations on logs that precede each other, as Elle would in a graph of sends and polls. */
import { type JsonObject, stringify } from "../../history/json.ts";
import { type JsonKey, keyJson, opJson } from "../json-key.ts";
import type { LogHistory, LogOp } from "./ops.ts";

/** A message from the operation that sent it to one that polled it. */
interface Edge {
  key: string;
  value: JsonKey;
  writer: LogOp;
  reader: LogOp;
}

function isTransaction({ op }: LogOp): boolean {
  return op.f === "send" || op.f === "poll" || op.f === "txn";
}

/** Whether one transaction succeeded before another began, in which case Elle's graph has an edge. */
function hasRealtimeEdge(ops: readonly LogOp[]): boolean {
  let lastInvoked = -1, firstOk = Infinity;
  for (const { op, invocation } of ops.filter(isTransaction)) {
    lastInvoked = Math.max(lastInvoked, invocation.index);
    if (op.type === "ok") firstOk = Math.min(firstOk, op.index);
  }
  return firstOk < lastInvoked;
}

/**
 * How many edges there are from the send of a polled message to the poll that returned it
 * first, and those that go back in time.
 */
function writeReadEdges(listed: LogHistory["listed"]) {
  let count = 0;
  const back: Edge[] = [];
  for (const { key, polled } of listed) {
    for (const { value, writer, reader } of polled) {
      if (writer === null) {
        // Elle's graph has no transaction to start this edge at, and throws.
        const text = stringify(keyJson(value));
        throw new Error(`Cannot find the writer of ${key}'s message ${text}`);
      }
      if (writer === reader) continue;
      count++;
      if (reader!.op.index < writer.invocation.index) {
        back.push({ key, value, writer, reader: reader! });
      }
    }
  }
  return { count, back };
}

/**
 * Cycles in the graph where a send precedes the polls that return its message
 * and everything precedes what began after its end.
 *
 * With one send or poll an operation, which is all that Maelstrom generates, a cycle needs a
 * poll that ended before the send of something it returned. Along all other edges the time at
 * which polls end and sends begin only grows, so two such pairs are in one strongly connected
 * component exactly if their time spans overlap. Elle reports one cycle a component, and that
 * there is one.
 *
 * @returns errors by type, none when there is no cycle
 * @throws {Error} a message was polled that nobody sent; the verdict is unknown
 */
export function cycles(
  { ops, listed }: LogHistory,
): { [type: string]: JsonObject[] } {
  const { count, back } = writeReadEdges(listed);
  if (count === 0 && !hasRealtimeEdge(ops)) {
    return { "empty-transaction-graph": [{}] };
  }
  back.sort((a, b) => a.reader.op.index - b.reader.op.index);
  const found: JsonObject[] = [];
  let end = -1;
  for (const { key, value, writer, reader } of back) {
    if (reader.op.index > end) {
      found.push({
        key,
        value: keyJson(value),
        writer: opJson(writer.op),
        reader: opJson(reader.op),
      });
    }
    end = Math.max(end, writer.invocation.index);
  }
  // Of transactions, Elle tells only the first of these; of logs, both.
  return { "G1c-realtime": found, [EXISTS]: found.map(() => EXISTING) };
}

/** What Elle calls a component of which it has not yet named a cycle. */
const EXISTS = "strong-PL-2-cycle-exists";

/** What it says of one. */
const EXISTING: JsonObject = {
  type: EXISTS,
  not: "strong-read-committed",
  subgraph: ["union", "ww", "wr", "realtime"],
  explanation:
    "Some sends and polls all precede each other: by what was polled, and by what had ended when another began.",
};
