/** Finds messages between nodes that grow for ever, and nodes that never sent any. */
import {
  headAt,
  isBetweenServers,
  isClientOp,
  lengthAt,
  NEMESIS,
  type Recording,
  visit,
} from "../../history/history.ts";
import { nodesOf } from "../../history/options.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { quantile } from "../figures.ts";
import type { Finding } from "../verdict.ts";

/** How many messages each part of a run must have to be judged. */
const ENOUGH = 10;

/** How many times as long messages may be towards the end as towards the beginning. */
const GROWTH = 4;

/**
 * Messages up to this length, in characters of JSON, are never a problem, unless the program
 * promises another length.
 */
const SHORT = 1_000;

/**
 * `growing-messages`: in a run without faults, messages between servers are much longer in the last
 * fifth of the run than in the first: half of the last are longer than any message should be, and longer
 * than nine of ten of the first. This is an anomaly for our own programs, and a note for others, since
 * sending everything to everybody is correct, if expensive.
 */
export function growingMessages(
  { history, journal, journalOrigin: origin = 0, faults }: Recording,
  promises: Promises,
): Finding[] {
  const official = faults === undefined || faults === "official";
  const cut = history.some(({ process }) => process === NEMESIS);
  if (!official || cut) return [];
  const end = history.at(-1)?.time ?? 0;
  const early: number[] = [], late: number[] = [];
  visit(journal, (kind, time, _id, src, dest, index) => {
    const at = (time - origin) / end;
    const part = at >= 0 && at < 0.2
      ? early
      : at >= 0.8 && at < 1
      ? late
      : null;
    if (part === null || kind === "recv") return;
    if (!isBetweenServers(src, dest)) return;
    if (headAt(journal, index).in_reply_to !== undefined) return;
    part.push(lengthAt(journal, index));
  });
  if (early.length < ENOUGH || late.length < ENOUGH) return [];
  const before = quantile(early, 0.5)!, after = quantile(late, 0.5)!;
  const { messageCharacters: short = SHORT } = promises;
  if (after <= short || after <= GROWTH * before) return [];
  // Where half of the messages are short, the median may be of either half.
  if (after <= quantile(early, 0.9)!) return [];
  const isOurs = Object.keys(promises).length > 0;
  return [{
    type: "growing-messages",
    ...(isOurs ? {} : { rank: "note" as const }),
    because: [
      `messages between nodes had ${before} characters in the first fifth of the run, ` +
      `and ${after} in the last (medians), though nothing was cut off`,
    ],
  }];
}

/** Incidents after which nodes may not have come to it. */
const ENDS: ReadonlySet<string> = new Set([
  "process-exit",
  "setup-failed",
  "stopped",
]);

/** Workloads whose nodes need not know of each other. */
const ALONE: ReadonlySet<string> = new Set(["echo", "unique-ids"]);

/**
 * `no-replication`: nodes that should hold the same never sent each other, or a service, anything.
 * Those that served no client have a worse fault.
 */
export function silence(
  { workload, options, history, journal, incidents = [] }: Recording,
): Finding[] {
  if (!history.some((op) => op.type === "ok" && isClientOp(op))) return [];
  if (ALONE.has(workload) || nodesOf(options).length < 2) return [];
  if (journal.length === 0 || incidents.some(({ type }) => ENDS.has(type))) {
    return [];
  }
  let isSilent = true;
  visit(journal, (_kind, _time, _id, src, dest) => {
    if (isBetweenServers(src, dest)) isSilent = false;
  });
  const because = [
    "in the whole run no node sent another node, or a service, any message",
  ];
  return isSilent ? [{ type: "no-replication", because }] : [];
}
