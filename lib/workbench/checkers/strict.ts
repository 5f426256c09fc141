/**
 * The strict judge: what Maelstrom cannot see, or does not look at. Some of it is asked
 * of every node of every workload and is here; the rest is by workload.
 */
import {
  isClientOp,
  type JournalEvent,
  nodeOf,
  type Op,
  type Recording,
} from "../history.ts";
import type { Promises } from "./promises.ts";
import type { Anomaly, StrictResults } from "./verdict.ts";

/** Finds contradictions between a recording and promises. */
export type StrictCheck = (
  recording: Recording,
  promises: Promises,
) => Anomaly[];

/** The checks that belong to one workload. */
export type StrictChecks = { readonly [workload: string]: StrictCheck };

/** Operations without any message, made by the generator alone. */
const OWN_CRASHES: ReadonlySet<string> = new Set(["crash"]);

/** At most so many sentences are given per anomaly. */
const SENTENCES = 8;

/** How long a client waits for a reply, in ns; lin-kv's clients alone wait for less. */
const PATIENCE_NS = 5e9;

/** Judges a recording by what is asked of every workload and by its own workload's checks. */
export function judgeStrict(
  recording: Recording,
  promises: Promises,
  checks: StrictChecks,
): StrictResults {
  const anomalies = [
    ...incidents(recording),
    ...replies(recording),
    ...availability(recording, promises),
    ...(checks[recording.workload]?.(recording, promises) ?? []),
  ].map(({ type, because }) => ({ type, because: shorten(because) }));
  const nothingDone = !recording.history.some((op) =>
    op.type === "ok" && isClientOp(op)
  );
  return {
    "valid?": anomalies.length > 0 ? false : nothingDone ? "unknown" : true,
    anomalies,
  };
}

/** Some sentences and the number of the others. */
function shorten(because: string[]): string[] {
  if (because.length <= SENTENCES) return because;
  const more = because.length - SENTENCES;
  return [...because.slice(0, SENTENCES), `... and ${more} more of this kind`];
}

/** Broken lines, processes that ended, nodes that never got ready. */
function incidents({ incidents = [] }: Recording): Anomaly[] {
  const types = ["protocol-violation", "process-exit", "setup-failed"] as const;
  return types.flatMap((type) => {
    const because = incidents.filter((incident) => incident.type === type).map(
      ({ time, text }) => `at ${seconds(time)}: ${text}`,
    );
    return because.length === 0 ? [] : [{ type, because }];
  });
}

/** Every request gets exactly one reply, of the right form, before its client gives up. */
function replies(recording: Recording): Anomaly[] {
  const { history, journal, options } = recording;
  const found: Anomaly[] = [];
  const add = (type: string, because: string[]) => {
    if (because.length > 0) found.push({ type, because });
  };
  add(
    "malformed-reply",
    history.filter((op) =>
      op.exception !== undefined && !/^Error|NetTimeout/.test(kind(op))
    ).map((op) =>
      `${op.f} of process ${op.process} at ${
        seconds(op.time)
      } got a reply of the wrong form: ${text(op.error)}`
    ),
  );
  const { repeated, unsolicited, unanswered } = answers(journal);
  add(
    "duplicate-reply",
    repeated.map(([, time, , src, dest, body]) =>
      `${src} answered message ${body.in_reply_to} of ${dest} twice (the second time as ${
        text(body)
      }, ${time} ns on the network's clock)`
    ),
  );
  add(
    "unsolicited-reply",
    unsolicited.map(([, , , src, dest, body]) =>
      `${src} sent ${dest} ${text(body)}, which answers nothing it asked`
    ),
  );
  const killed = new Set(
    recording.incidents?.filter(({ type }) => type !== "restart")
      .map(({ node }) => node),
  );
  add(
    "unanswered-request",
    unanswered.filter(([, , , , dest]) => !killed.has(dest)).map((
      [, , , src, dest, body],
    ) =>
      `${dest} never answered ${text(body)}, which ${src} asked (nodes are ${
        options["node-count"] ?? 5
      })`
    ),
  );
  return found;
}

function kind(op: Op): string {
  return typeof op.exception === "string" ? op.exception : "MalformedReply";
}

function answers(journal: readonly JournalEvent[]) {
  const asked = new Map<string, JournalEvent>();
  const answered = new Set<string>();
  const repeated: JournalEvent[] = [], unsolicited: JournalEvent[] = [];
  const last = journal.at(-1)?.[1] ?? 0;
  for (const event of journal) {
    const [kind, , , src, dest, body] = event;
    if (kind === "recv" && src.startsWith("c") && body.msg_id !== undefined) {
      asked.set(`${src} ${body.msg_id}`, event);
    }
    if (kind !== "send" || !dest.startsWith("c")) continue;
    const key = `${dest} ${body.in_reply_to}`;
    if (!asked.has(key)) unsolicited.push(event);
    else if (answered.has(key)) repeated.push(event);
    else answered.add(key);
  }
  const unanswered = [...asked].filter(([key, [, time]]) =>
    !answered.has(key) && last - time >= PATIENCE_NS
  ).map(([, event]) => event);
  return { repeated, unsolicited, unanswered };
}

/** Where total availability is promised, every operation is ok unless its node was killed. */
function availability(recording: Recording, promises: Promises): Anomaly[] {
  if (!promises.available) return [];
  const killed = new Set(recording.incidents?.map(({ node }) => node));
  const refused = recording.history.filter((op) =>
    (op.type === "fail" || op.type === "info") && isClientOp(op) &&
    !OWN_CRASHES.has(op.f) &&
    !killed.has(nodeOf(op.process, recording.options))
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
  return (JSON.stringify(value) ?? "no reason given").slice(0, 160);
}

/** A time in a history, for people. */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}
