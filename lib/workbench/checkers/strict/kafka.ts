/**
 * What Maelstrom does not look at in kafka: when messages become visible, whether a poll
 * begins where it was asked to, committed offsets, and whether every node has everything in
 * the end. Judged by the messages to and from clients, which say more than the history
 * does.
 */
import { nodesOf, type Recording } from "../../history.ts";
import { calmSince, dueBy } from "../calm.ts";
import { Findings } from "../findings.ts";
import { misses } from "../kafka/visibility.ts";
import type { Promises } from "../../promises.ts";
import { committedOffsets } from "./kafka-commits.ts";
import { type KafkaRun, kafkaRun } from "./kafka-log.ts";
import {
  type Clock,
  contents,
  pollOrder,
  sendOrder,
  vanished,
} from "./kafka-order.ts";
import type { Finding } from "../verdict.ts";

/**
 * When messages must be visible that a node unknown to us has acknowledged, in
 * milliseconds: at once if there is one node, else after any replication worth its name.
 */
const UNKNOWN_PROGRAM_MS = { alone: 0, among: 2_000 };

/**
 * An error that takes longer tells of something that takes too long, in ns: clients wait
 * for 5 s.
 */
const TIMEOUT_NS = 3e9;

/** Judges a run of kafka. */
export function strictKafka(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const run = kafkaRun(recording);
  const origin = originOf(recording);
  const at: Clock = (ns) => `${((ns - origin) / 1e9).toFixed(3)} s`;
  const due = dueByPromise(recording, promises, origin);
  const since = calmSince(recording);
  const calm = ({ from, to }: { from: number; to: number }) =>
    to - from < TIMEOUT_NS && since(to - origin) <= from - origin;
  const findings = new Findings();
  contents(run, findings);
  sendOrder(run, findings, at);
  pollOrder(run, findings, at);
  vanished(run, findings, at);
  hidden(run, findings, due, at);
  committedOffsets(run, findings, { dueBy: due, calm }, at);
  silentNodes(recording, findings);
  return findings.all();
}

/**
 * The history's time zero on the journal's clock: where it is not recorded, it is taken
 * from the first send, which both have.
 */
function originOf({ journal, history, journalOrigin }: Recording): number {
  if (journalOrigin !== undefined) return journalOrigin;
  const sent = journal.find(([kind, , , src, , body]) =>
    kind === "send" && src.startsWith("c") && body.type === "send"
  );
  const asked = history.find(({ f }) => f === "send");
  return (sent?.[1] ?? 0) - (asked?.time ?? 0);
}

/**
 * Until when a message must have been acknowledged to be shown by a poll that begins at a
 * given time; both by the journal's clock.
 */
function dueByPromise(
  recording: Recording,
  promises: Promises,
  origin: number,
): (ns: number) => number {
  const { visibilityMs, convergenceMs, boundsUnderFaults } = promises;
  const { alone, among } = UNKNOWN_PROGRAM_MS;
  const one = nodesOf(recording.options).length === 1;
  const due = dueBy(recording, {
    boundMs: visibilityMs ?? (one ? alone : among),
    afterHealMs: convergenceMs,
    underFaults: boundsUnderFaults,
  });
  return (ns) => due(ns - origin) + origin;
}

/** Acknowledged messages that a node did not show in time, or never. */
function hidden(
  { polls, acked }: KafkaRun,
  findings: Findings,
  due: (ns: number) => number,
  at: Clock,
): void {
  const told = new Set<string>();
  let shown: Set<string> | null = null;
  for (const { poll, missed } of misses(polls, acked)) {
    if (missed.at > due(poll.call.from)) continue;
    const { key, call: { node, from } } = poll;
    const place = `${node} ${key} ${missed.offset}`;
    if (told.has(place)) continue;
    told.add(place);
    shown ??= new Set(
      polls.flatMap(({ key, got, call }) =>
        got.map(([offset]) => `${call.node} ${key} ${offset}`)
      ),
    );
    const sentence =
      `message ${missed.message} of key ${key}, offset ${missed.offset}, was acknowledged by ${missed.node} at ${
        at(missed.at)
      }, and ${node}, polled from offset ${poll.asked} at ${at(from)}`;
    if (shown.has(place)) {
      findings.add("late-message", `${sentence}, did not show it yet`);
    } else {
      findings.add(
        "lost-message",
        `${sentence}, did not show it, nor ever did`,
      );
    }
  }
}

/** Every node that was polled after everything had healed gave an answer. */
function silentNodes(
  { aftermath, options }: Recording,
  findings: Findings,
): void {
  if (aftermath === undefined) return;
  const polled = new Set(
    aftermath.history.filter(({ f, type }) => f === "poll" && type === "ok")
      .map(({ node }) => node),
  );
  for (const node of nodesOf(options)) {
    if (polled.has(node)) continue;
    findings.add(
      "no-final-poll",
      `${node} was polled after everything had healed, and did not answer with messages`,
    );
  }
}
