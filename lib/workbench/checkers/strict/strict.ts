/**
 * The strict judge: checks what Maelstrom cannot see or does not check. The checks for every workload
 * are here; each workload's own checks are in files of their own.
 */
import {
  asText,
  beginning,
  isInteger,
  type Json,
  type JsonObject,
  stringify,
} from "../../history/json.ts";
import {
  headAt,
  type Incident,
  isClient,
  isClientOp,
  isTimeout,
  type JournalEvent,
  type Op,
  type Recording,
  visit,
  wasBrokenOff,
  wholeHistory,
} from "../../history/history.ts";
import { nodeOf } from "../../history/options.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { faithfulAnomalies, throwsNote } from "./faithful.ts";
import { oddErrorCodes } from "./error-codes.ts";
import { recoveryFindings } from "./recovery.ts";
import { growingMessages, silence } from "./traffic.ts";
import { ByRequest } from "../client-calls.ts";
import { disturbed } from "../faults.ts";
import { seconds } from "../findings.ts";
import { originOf } from "../origin.ts";
import { rateFindings } from "../rate.ts";
import { ALWAYS_CRASH } from "../stats.ts";
import type { Anomaly, Finding, Results, StrictResults } from "../verdict.ts";

/** Finds contradictions between a recording and promises, and what deserves a note. */
export type StrictCheck = (
  recording: Recording,
  promises: Promises,
) => Finding[];

/** By workload, its own checks. */
export type StrictChecks = { readonly [workload: string]: StrictCheck };

/** How many sentences are given for each anomaly, and how many characters of each: a value may have megabytes. */
const SENTENCES = 8;
const SENTENCE_LENGTH = 4_000;

/** Workloads in which every request can succeed while no fault is active. */
const NEVER_REFUSED: ReadonlySet<string> = new Set([
  "echo",
  "unique-ids",
  "broadcast",
  "g-set",
  "g-counter",
  "pn-counter",
]);

/**
 * Workloads whose clients stay open after a timeout. In the others, a late reply has no destination, and
 * Maelstrom ignores its node from then on.
 */
const CLIENTS_STAY: ReadonlySet<string> = new Set([
  "lin-kv",
  "txn-list-append",
  "txn-rw-register",
  "unique-ids",
]);

/** The requests of the set-up, before the first operation. */
const SET_UP: ReadonlySet<string> = new Set(["init", "topology"]);

/** How late a reply may be without counting as missing, in ns. */
const LATE_NS = 6e9;

/**
 * Judges a recording by the checks for every workload, by its workload's own checks, and by Maelstrom's
 * errors, so that the strict verdict is never milder than Maelstrom's.
 */
export function judgeStrict(
  recording: Recording,
  faithful: Results,
  promises: Promises,
  checks: StrictChecks,
): StrictResults {
  const found = checks[recording.workload]?.(recording, promises) ?? [];
  const own = [
    ...(found.some(isAnomaly) ? silence(recording) : []),
    ...impurities(recording),
    ...incidents(recording),
    ...rateFindings(recording),
    ...throwsNote(faithful),
    ...replies(recording, promises),
    ...oddErrorCodes(recording),
    ...availability(recording, promises),
    ...growingMessages(recording, promises),
    ...recoveryFindings(recording),
    ...found,
  ];
  const named = new Set(
    own.filter(isAnomaly).map(({ type }) => type),
  );
  // What an aborted run lacks is no fault of the nodes.
  const others = wasBrokenOff(recording)
    ? []
    : faithfulAnomalies(faithful).filter(({ type }) => !named.has(type));
  const { true: anomalies = [], false: notes = [] } = Object.groupBy(
    [...own, ...others],
    (finding) => `${isAnomaly(finding)}`,
  );
  const history = wholeHistory(recording);
  // With a rate of 0, there may be no operation at all.
  const nothingDone = history.some(isClientOp) &&
    !history.some((op) => isClientOp(op) && op.type === "ok");
  return {
    "valid?": anomalies.length > 0 ? false : nothingDone ? "unknown" : true,
    anomalies: merged(anomalies).map(shortened),
    notes: merged(notes).map(shortened),
  };
}

function isAnomaly({ rank }: Finding): boolean {
  return rank !== "note";
}

/** Merges findings of one type: several checks may find the same thing. */
function merged(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, ({ type }) => type);
  return [...groups].map(([type, group]) => {
    const because = [...new Set(group.flatMap(({ because }) => because))];
    return { type, because, isCut: group.some(({ isCut }) => isCut) };
  });
}

/** A finding without its rank. */
function shortened({ type, because, isCut = false }: Finding): Anomaly {
  return { type, because: shorten(because, isCut) };
}

/** The first sentences, and the number of the others. */
function shorten(sentences: string[], isCut: boolean): string[] {
  const because = sentences.map((sentence) =>
    sentence.length <= SENTENCE_LENGTH
      ? sentence
      : `${beginning(sentence, SENTENCE_LENGTH)}…`
  );
  if (because.length <= SENTENCES) return because;
  const more = because.length - SENTENCES;
  const count = isCut ? `more than ${more}` : more;
  return [...because.slice(0, SENTENCES), `... and ${count} more of this kind`];
}

/** Finds what a simulated program used besides its node: its run then proves nothing. */
function impurities({ impurities: because = [] }: Recording): Finding[] {
  return because.length === 0 ? [] : [{ type: "impure-program", because }];
}

/** Finds malformed lines, processes that exited, nodes that never became ready, storms, and the like. */
function incidents({ incidents = [], exit }: Recording): Finding[] {
  const ended = incidents.some(({ type }) =>
    type === "process-exit" || type === "setup-failed"
  );
  if (exit === 255 && !ended) {
    const because = [
      "the run was recorded as crashed: a node exited or never became ready, so there is no verdict",
    ];
    return [{ type: "crashed", because }];
  }
  const types = [
    "message-storm",
    "protocol-violation",
    "process-exit",
    "setup-failed",
  ] as const;
  const notes: readonly string[] = [
    "stdout-closed",
    "stdin-closed",
    "unknown-to-service",
    "unread-output",
    "foreign-source",
    "journal-cut",
    "stood-still",
  ];
  return [...types, ...notes].flatMap((type) => {
    const because = incidents.filter((incident) => type === incident.type)
      .map(told);
    if (because.length === 0) return [];
    const finding = { type, because };
    return [notes.includes(type) ? { ...finding, rank: "note" } : finding];
  });
}

function told({ time, text }: Incident): string {
  return `${time > 0 ? `at ${seconds(time)}` : "in the set-up"}: ${text}`;
}

/** How long after a pause late replies may come, in ns. */
const AFTER_PAUSE_NS = 10e9;

/**
 * Returns whether a node was paused at a time or shortly before. A process cannot know that it was
 * paused, so its late replies are no fault of its own; a new life of the node was not paused.
 */
function pausedBefore(
  incidents: readonly Incident[],
): (node: string, timeNs: number) => boolean {
  return (node, time) => {
    const last = incidents.findLast((incident) =>
      incident.node === node && incident.time <= time &&
      ["pause", "resume", "restart"].includes(incident.type)
    );
    return last?.type === "pause" ||
      last?.type === "resume" && time - last.time < AFTER_PAUSE_NS;
  };
}

/** How long a client waits for a reply, in ns. Only in lin-kv does it depend on the latency. */
function patienceNs({ workload, options }: Recording): number {
  const { latency = 0 } = options;
  return workload === "lin-kv"
    ? Math.max(1_000, 10 * Number(latency)) * 1e6
    : 5e9;
}

/**
 * Checks that every request gets exactly one well-formed reply before its client gives up. A request
 * that met a fault may get none, unless availability is asked for or promised.
 */
function replies(recording: Recording, promises: Promises): Finding[] {
  const found: Finding[] = [];
  const add = (type: string, because: string[], rank?: "note") => {
    if (because.length === 0) return;
    found.push({ type, because, ...(rank && { rank }) });
  };
  const { history, aftermath, calm } = recording;
  const histories = [history, aftermath?.history, calm?.history];
  add(
    "malformed-reply",
    histories.flatMap((ops = []) => ops.filter(isMalformed)).map((op) =>
      `${op.f} of process ${op.process} at ${
        seconds(op.time)
      } got a reply of the wrong form: ${
        asText(op.error).replace(/^indeterminate: /, "")
      }`
    ),
  );
  const { repeated, late, unsolicited, unanswered, toGone } = answers(
    recording,
  );
  const origin = originOf(recording);
  const at = (time: number) => `at ${seconds(time - origin)}`;
  add(
    "duplicate-reply",
    repeated.map(([, time, , src, dest, body]) =>
      `${src} answered message ${body.in_reply_to} of ${dest} twice, the second time ${
        at(time)
      } with ${text(body)}${body.type === "init_ok" ? BY_ITSELF : ""}`
    ),
  );
  const clientsStay = CLIENTS_STAY.has(recording.workload);
  const paused = pausedBefore(recording.incidents ?? []);
  const { true: excused = [], false: harmful = [] } = Object.groupBy(
    late,
    ({ reply: [, time, , src] }) =>
      `${clientsStay || paused(src, time - origin)}`,
  );
  const sentence = ({ reply, tookNs }: (typeof late)[number]) => {
    const [, , , src, dest, body] = reply;
    return `${src} answered message ${body.in_reply_to} of ${dest} after ${
      seconds(tookNs)
    }, when its client had given up${
      clientsStay ? "" : ": Maelstrom may never listen to it again"
    }`;
  };
  add("late-reply", harmful.map(sentence));
  add("late-reply", excused.map(sentence), "note");
  for (const reply of toGone) {
    const { node, time } = reply.incident;
    if (paused(node, time)) add("late-reply", [told(reply.incident)], "note");
    else add(...toldOfGone(reply));
  }
  add(
    "unsolicited-reply",
    unsolicited.map(([, time, , src, dest, body]) =>
      `${src} sent ${dest} ${text(body)} ${
        at(time)
      }, which answers none of its requests${missed(body)}`
    ),
  );
  add(
    "unanswered-request",
    unanswered.filter(isOwed(recording, promises)).map((
      [, time, , src, dest, body],
    ) =>
      `${dest} never answered ${src}, which asked ${text(body)} ${at(time)}`
    ),
  );
  return found;
}

const BY_ITSELF = ": does the library answer init by itself?";

/** What is wrong with a reply to a client that has gone, and how that is told. */
function toldOfGone(
  { incident, request, tookNs }: ReplyToGone,
): [type: string, because: string[]] {
  if (request === undefined) return ["protocol-violation", [told(incident)]];
  const { node } = incident;
  const { client, number } = incident.request!;
  const what = `${node} answered message ${asText(number)} of ${client}`;
  const after = `Maelstrom never listens to ${node} again`;
  return tookNs === undefined
    ? ["duplicate-reply", [
      `${what} twice, the second time when ${client} had gone, and ${after}${
        request.type === "init" ? BY_ITSELF : ""
      }`,
    ]]
    : ["late-reply", [
      `${what} after ${
        seconds(tookNs)
      }, when its client had given up: ${after}`,
    ]];
}

/** Why a message that may be meant as a reply cannot be one. */
function missed({ in_reply_to }: JsonObject): string {
  if ((in_reply_to ?? null) === null) return ": it has no in_reply_to";
  return isInteger(in_reply_to) ? "" : ": its in_reply_to is not an integer";
}

/** Returns whether a request that was never answered should have been. */
function isOwed(
  recording: Recording,
  { available }: Promises,
): (request: JournalEvent) => boolean {
  const gone = nodesWith(
    recording,
    ...["kill", "pause", "process-exit", "setup-failed"] as const,
  );
  const patience = patienceNs(recording), origin = originOf(recording);
  const everyOne = available || recording.options.availability !== undefined;
  const mayHaveMet = everyOne ? () => false : disturbed(recording);
  return ([, time, , , dest]) =>
    !gone.has(dest) && !mayHaveMet(time - origin, time - origin + patience);
}

/** The nodes with one of these incidents. */
function nodesWith(
  { incidents = [] }: Recording,
  ...types: Incident["type"][]
): Set<string> {
  return new Set(
    incidents.filter(({ type }) => types.includes(type)).map(({ node }) =>
      node
    ),
  );
}

/** Whether a reply broke the protocol, as the workbench or as Maelstrom records it. */
function isMalformed({ exception, error }: Op): boolean {
  return exception === "MalformedReply" || error !== undefined &&
      /^indeterminate: Malformed/.test(asText(error));
}

/** A client's request that has reached its node. */
interface Request {
  /** Its index in the journal. */
  index: number;
  time: number;
  type: string;
  isAnswered: boolean;
}

/** A reply that a client was not there to take. */
interface ReplyToGone {
  incident: Incident;
  /** What it answers, if that was asked. */
  request?: Request;
  /** How long the client waited for it, unless it had another reply. */
  tookNs?: number;
}

/** What became of clients' requests, according to the journal. */
function answers(recording: Recording) {
  const { journal, history, incidents = [] } = recording;
  const patience = patienceNs(recording);
  const requests: Request[] = [];
  const asked = new ByRequest<Request>();
  /** Whether any node answers more than set-up requests. */
  let answering = false;
  const repeated: number[] = [], unsolicited: number[] = [];
  const late: { reply: JournalEvent; tookNs: number }[] = [];
  let end = 0;
  visit(journal, (kind, time, _id, src, dest, index) => {
    end = time;
    if (kind === "recv" && isClient(src)) {
      const { type, msg_id } = headAt(journal, index);
      if (msg_id === undefined) return;
      const now = { index, time, type: asText(type), isAnswered: false };
      const before = asked.get(src, msg_id);
      if (before !== undefined) Object.assign(before, now);
      else {
        requests.push(now);
        asked.set(src, msg_id, now);
      }
    }
    if (kind !== "send" || !isClient(dest)) return;
    const { in_reply_to = null } = headAt(journal, index);
    const request = asked.get(dest, in_reply_to);
    if (request === undefined) unsolicited.push(index);
    else if (request.isAnswered) repeated.push(index);
    else {
      request.isAnswered = true;
      const tookNs = time - request.time;
      // A node has ten seconds for init.
      const limit = request.type === "init" ? 10e9 : patience;
      if (!SET_UP.has(request.type)) answering = true;
      if (tookNs > limit) late.push({ reply: journal.at(index)!, tookNs });
    }
  });
  const origin = originOf(recording);
  const toGone = incidents.filter(({ type }) => type === "gone-client")
    .map((incident): ReplyToGone => {
      const { client, number } = incident.request ?? {};
      const request = asked.get(client ?? "", number);
      if (request === undefined) return { incident };
      const tookNs = origin + incident.time - request.time;
      if (tookNs < 0) return { incident }; // it has been asked only since
      if (request.isAnswered) return { incident, request };
      request.isAnswered = true;
      return { incident, request, tookNs };
    });
  end = Math.max(end, origin + (history.at(-1)?.time ?? 0));
  // At the end of the run a reply may still be on its way. That does no harm in workloads whose
  // clients stay open.
  const clientsStay = CLIENTS_STAY.has(recording.workload);
  const waited = clientsStay && answering ? patience + LATE_NS : 0.9 * patience;
  const unanswered = requests.filter(({ isAnswered, time }) =>
    !isAnswered && end - time >= waited
  ).map(({ index }) => index);
  const eventsAt = (indices: number[]) => indices.map((i) => journal.at(i)!);
  return {
    repeated: eventsAt(repeated),
    late,
    unsolicited: eventsAt(unsolicited),
    unanswered: eventsAt(unanswered),
    toGone,
  };
}

/**
 * Checks that every operation succeeds, if total availability is asked for or promised, unless its node
 * was killed or paused. Otherwise, in most workloads, a failure without a fault is worth a note.
 */
function availability(recording: Recording, promises: Promises): Finding[] {
  const { options, workload, faults = "official" } = recording;
  const total = promises.available || options.availability === "total";
  const healthy = options.nemesis === undefined && faults === "official" &&
    NEVER_REFUSED.has(workload);
  if (!total && !healthy) return [];
  const gone = nodesWith(recording, "kill", "pause", "process-exit");
  const refused = recording.history.filter((op) =>
    (op.type === "fail" || op.type === "info") && isClientOp(op) &&
    !ALWAYS_CRASH.has(op.f) &&
    (total || !isTimeout(op) && !isMalformed(op)) &&
    !gone.has(nodeOf(op.process, recording.options))
  );
  if (refused.length === 0) return [];
  const because = refused.map((op) =>
    `${op.f} of process ${op.process}, ended at ${seconds(op.time)}, ${
      op.type === "fail" ? "failed" : "has an unknown outcome"
    }: ${errorText(op.error)}`
  );
  return [
    total
      ? { type: "unavailable", because }
      : { type: "refused-request", because, rank: "note" },
  ];
}

function text(body: JsonObject): string {
  return stringify(body).slice(0, 160);
}

/** An operation's error as text: its name, or its name and its text. */
function errorText(error: Json | undefined): string {
  if (error === undefined) return "no reason given";
  return [error].flat().map(asText).filter((text) => text !== "").join(", ")
    .slice(0, 160);
}
