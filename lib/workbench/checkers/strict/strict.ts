/**
 * The strict judge: what Maelstrom cannot see, or does not look at. Some of it is asked
 * of every node of every workload and is here; the rest is by workload.
 */
import { stringify } from "../../json.ts";
import {
  among,
  type Incident,
  isClientOp,
  isWithClient,
  type JournalEvent,
  nodeOf,
  type Op,
  type Recording,
} from "../../history.ts";
import type { Promises } from "../../promises.ts";
import { faithfulAnomalies } from "./faithful.ts";
import { rateFindings } from "../rate.ts";
import type { Anomaly, Finding, Results, StrictResults } from "../verdict.ts";

/** Finds contradictions between a recording and promises, and what else is worth knowing. */
export type StrictCheck = (
  recording: Recording,
  promises: Promises,
) => Finding[];

/** The checks that belong to one workload. */
export type StrictChecks = { readonly [workload: string]: StrictCheck };

/** Operations without any message, made by the generator alone. */
const OWN_CRASHES: ReadonlySet<string> = new Set(["crash"]);

/** At most so many sentences are given per anomaly. */
const SENTENCES = 8;

/** Workloads in which every request can succeed as long as nothing is broken. */
const NEVER_REFUSED: ReadonlySet<string> = new Set([
  "echo",
  "unique-ids",
  "broadcast",
  "g-set",
  "g-counter",
  "pn-counter",
]);

/**
 * Judges a recording by what is asked of every workload, by its own workload's checks,
 * and by what the faithful judge has found: the strict judge is never the milder one.
 */
export function judgeStrict(
  recording: Recording,
  faithful: Results,
  promises: Promises,
  checks: StrictChecks,
): StrictResults {
  const own = [
    ...incidents(recording),
    ...rateFindings(recording),
    ...replies(recording),
    ...availability(recording, promises),
    ...(checks[recording.workload]?.(recording, promises) ?? []),
  ];
  const named = new Set(
    own.filter(isAnomaly).map(({ type }) => type),
  );
  const others = faithfulAnomalies(faithful).filter(({ type }) =>
    !named.has(type)
  );
  const { true: anomalies = [], false: notes = [] } = Object.groupBy(
    [...own, ...others],
    (finding) => `${isAnomaly(finding)}`,
  );
  const clientOps = recording.history.filter(isClientOp);
  // A rate of 0 asks for nothing.
  const nothingDone = clientOps.length > 0 &&
    !clientOps.some(({ type }) => type === "ok");
  return {
    "valid?": anomalies.length > 0 ? false : nothingDone ? "unknown" : true,
    anomalies: anomalies.map(shortened),
    notes: notes.map(shortened),
  };
}

function isAnomaly({ rank }: Finding): boolean {
  return rank !== "note";
}

/** A finding without its rank, which the list it stands in tells. */
function shortened({ type, because }: Finding): Anomaly {
  return { type, because: shorten(because) };
}

/** Some sentences and the number of the others. */
function shorten(because: string[]): string[] {
  if (because.length <= SENTENCES) return because;
  const more = because.length - SENTENCES;
  return [...because.slice(0, SENTENCES), `... and ${more} more of this kind`];
}

/** Broken lines, processes that ended, nodes that never got ready, runs without an end. */
function incidents({ incidents = [], exit }: Recording): Finding[] {
  if (exit === 255) {
    const because = [
      "the run was recorded as crashed: a node ended or never began, and there is no verdict",
    ];
    return [{ type: "crashed", because }];
  }
  const types = ["protocol-violation", "process-exit", "setup-failed"] as const;
  return [...types, "foreign-source" as const].flatMap((type) => {
    const because = incidents.filter((incident) => incident.type === type).map(
      ({ time, text }) =>
        `${time > 0 ? `at ${seconds(time)}` : "in the set-up"}: ${text}`,
    );
    if (because.length === 0) return [];
    const finding = { type, because };
    return [type === "foreign-source" ? { ...finding, rank: "note" } : finding];
  });
}

/** How long a client waits for a reply, in ns: lin-kv's clients alone wait by the latency. */
function patienceNs({ workload, options }: Recording): number {
  const { latency = 0 } = options;
  return workload === "lin-kv"
    ? Math.max(1_000, 10 * Number(latency)) * 1e6
    : 5e9;
}

/** Every request gets exactly one reply, of the right form, before its client gives up. */
function replies(recording: Recording): Finding[] {
  const found: Finding[] = [];
  const add = (type: string, because: string[]) => {
    if (because.length > 0) found.push({ type, because });
  };
  add(
    "malformed-reply",
    recording.history.filter(isMalformed).map((op) =>
      `${op.f} of process ${op.process} at ${
        seconds(op.time)
      } got a reply of the wrong form: ${text(op.error)}`
    ),
  );
  const { repeated, late, unsolicited, unanswered } = answers(recording);
  add(
    "duplicate-reply",
    repeated.map(([, , , src, dest, body]) =>
      `${src} answered message ${body.in_reply_to} of ${dest} twice, the second time with ${
        text(body)
      }`
    ),
  );
  add(
    "late-reply",
    late.map(({ reply: [, , , src, dest, body], tookNs }) =>
      `${src} answered message ${body.in_reply_to} of ${dest} after ${
        seconds(tookNs)
      }, when its client had given up: Maelstrom may never listen to it again`
    ),
  );
  add(
    "unsolicited-reply",
    unsolicited.map(([, , , src, dest, body]) =>
      `${src} sent ${dest} ${text(body)}, which answers nothing it asked`
    ),
  );
  const gone = nodesWith(recording, "kill", "pause", "process-exit");
  add(
    "unanswered-request",
    unanswered.filter(([, , , , dest]) => !gone.has(dest)).map((
      [, , , src, dest, body],
    ) => `${dest} never answered ${src}, which asked ${text(body)}`),
  );
  return found;
}

/** The nodes to which one of these happened. */
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

/** Whether a reply broke the protocol, in our words or in those of Maelstrom's recordings. */
function isMalformed({ exception, error }: Op): boolean {
  return exception === "MalformedReply" ||
    /^indeterminate: Malformed/.test(String(error));
}

/** What became of the requests of clients, by the journal. */
function answers(recording: Recording) {
  const { journal, history, journalOrigin = NaN } = recording;
  const patience = patienceNs(recording);
  const asked = new Map<string, JournalEvent>();
  const answered = new Set<string>();
  const repeated: JournalEvent[] = [], unsolicited: JournalEvent[] = [];
  const late: { reply: JournalEvent; tookNs: number }[] = [];
  for (const event of among(journal, isWithClient)) {
    const [kind, time, , src, dest, body] = event;
    if (kind === "recv" && isClient(src) && body.msg_id !== undefined) {
      asked.set(`${src} ${body.msg_id}`, event);
    }
    if (kind !== "send" || !isClient(dest)) continue;
    const key = `${dest} ${body.in_reply_to}`;
    const request = asked.get(key);
    if (request === undefined) unsolicited.push(event);
    else if (answered.has(key)) repeated.push(event);
    else {
      answered.add(key);
      const tookNs = time - request[1];
      // A node has ten seconds for init.
      const limit = request[5].type === "init" ? 10e9 : patience;
      if (tookNs > limit) late.push({ reply: event, tookNs });
    }
  }
  const end = Math.max(
    journal.at(-1)?.[1] ?? 0,
    journalOrigin + (history.at(-1)?.time ?? 0) || 0,
  );
  const unanswered = [...asked].filter(([key, [, time]]) =>
    !answered.has(key) && end - time >= patience
  ).map(([, event]) => event);
  return { repeated, late, unsolicited, unanswered };
}

/** Whether an endpoint is a client is a matter of its first letter, in Maelstrom too. */
function isClient(endpoint: string): boolean {
  return endpoint.startsWith("c");
}

/**
 * Every operation is ok where total availability is promised, and in most workloads
 * also as long as nothing is broken; unless its node was killed or paused.
 */
function availability(recording: Recording, promises: Promises): Finding[] {
  const healthy = recording.options.nemesis === undefined &&
    (recording.faults ?? "official") === "official" &&
    NEVER_REFUSED.has(recording.workload);
  if (!promises.available && !healthy) return [];
  const gone = nodesWith(recording, "kill", "pause", "process-exit");
  const refused = recording.history.filter((op) =>
    (op.type === "fail" || op.type === "info") && isClientOp(op) &&
    !OWN_CRASHES.has(op.f) &&
    !gone.has(nodeOf(op.process, recording.options))
  );
  if (refused.length === 0) return [];
  const because = refused.map((op) =>
    `${op.f} of process ${op.process}, ended at ${
      seconds(op.time)
    }, is ${op.type}: ${text(op.error)}`
  );
  return [{ type: "unavailable", because }];
}

function text(value: unknown): string {
  return (stringify(value) ?? "no reason given").slice(0, 160);
}

/** A time in a history, for people. */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}
