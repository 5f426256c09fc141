/**
 * What Maelstrom does not check in kafka: when messages become visible, whether a poll begins where it
 * should, committed offsets, and whether every node has everything in the end. It is judged by the
 * messages to and from clients, which say more than the history.
 */
import { isClientOp, type Recording } from "../../history/history.ts";
import { nodesOf } from "../../history/options.ts";
import { stringify } from "../../history/json.ts";
import { keyJson } from "../json-key.ts";
import { calmSince, dueBy } from "../faults.ts";
import { Findings, seconds } from "../findings.ts";
import { originOf } from "../origin.ts";
import { logHistory, type Message } from "../kafka/ops.ts";
import { misses } from "./kafka-visibility.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { committedOffsets } from "./kafka-commits.ts";
import { isRefused, type KafkaRun, kafkaRun, type Poll } from "./kafka-log.ts";
import {
  type Clock,
  contents,
  nullLists,
  pollOrder,
  sendOrder,
  vanished,
} from "./kafka-order.ts";
import type { Finding } from "../verdict.ts";

/**
 * How soon an acknowledged message must be visible if the program promises nothing, in milliseconds:
 * at once if there is one node, else after the time that any sensible replication takes.
 */
const UNKNOWN_PROGRAM_MS = { alone: 0, among: 2_000 };

/**
 * How late an error may come, in ns. A later one is taken for a timeout, since clients wait for 5 s.
 */
const TIMEOUT_NS = 3e9;

/** From how long after its acknowledgement on a message that no poll shows counts as lost, in ns. */
const LONG_NS = 5e9;

/**
 * How much later a message may be visible than promised on a machine that may have stalled, a real one
 * or a simulated one that is not quiet, in milliseconds: real ones were seen to stall for 180 ms, and a
 * process to stand still for 165 ms while it starts.
 */
const STALLS_MS = 180 + 165;

/** Judges a run of kafka. */
export function strictKafka(
  recording: Recording,
  promises: Promises,
): Finding[] {
  const run = kafkaRun(recording);
  const origin = originOf(recording);
  const at: Clock = (ns) => seconds(ns - origin);
  const due = dueByPromise(recording, promises, origin);
  const since = calmSince(recording);
  const calm = ({ from, to }: { from: number; to: number }) =>
    to - from < TIMEOUT_NS && since(to - origin) <= from - origin;
  const findings = new Findings();
  contents(run, findings);
  if (run.calls.length === 0) invented(recording, findings);
  sendOrder(run, findings, at);
  pollOrder(run, findings, at);
  nullLists(run, findings, at);
  if (promises.visibilityMs === undefined) {
    lostMessages(recording, run, findings, origin, at);
  } else {
    vanished(run, findings, at);
    hidden(run, findings, due, at);
  }
  const available = promises.available ||
    recording.options.availability !== undefined;
  const exact = promises.visibilityMs !== undefined;
  committedOffsets(run, findings, { dueBy: due, calm, available, exact }, at);
  silentNodes(recording, exact ? [] : refusingNodes(run), findings);
  return findings.all();
}

/**
 * Returns by when a message must have been acknowledged for a poll at a given time to show it. Both are
 * on the journal's clock.
 */
function dueByPromise(
  recording: Recording,
  promises: Promises,
  origin: number,
): (ns: number) => number {
  const { visibilityMs, convergenceMs, hops, boundsUnderFaults } = promises;
  const { alone, among } = UNKNOWN_PROGRAM_MS;
  const one = nodesOf(recording.options).length === 1;
  // A message that must be visible at once waits for no timer that a stall delays.
  const stallsMs = visibilityMs === 0 || isQuiet(recording) ? 0 : STALLS_MS;
  const due = dueBy(recording, {
    boundMs: visibilityMs === undefined
      ? (one ? alone : among)
      : visibilityMs + stallsMs,
    afterHealMs: convergenceMs,
    hops,
    underFaults: boundsUnderFaults,
  });
  return (ns) => due(ns - origin) + origin;
}

/** Whether a run's machine is known not to have stalled. */
function isQuiet({ faults, machine = "quiet" }: Recording): boolean {
  return faults !== undefined && machine === "quiet";
}

/** Finds acknowledged messages that a node did not show in time, or never. */
function hidden(
  { polls, acked }: KafkaRun,
  findings: Findings,
  due: (ns: number) => number,
  at: Clock,
): void {
  const told = new Set<string>();
  let shown: Set<string> | null = null;
  for (const { poll, missed } of misses({ polls, acked })) {
    if (missed.call.to > due(poll.call.from)) continue;
    const { log: { key }, call: { node, from } } = poll;
    const { offset } = missed.entry;
    const place = `${node} ${key} ${offset}`;
    if (told.has(place)) continue;
    told.add(place);
    shown ??= new Set(
      polls.flatMap(({ log, got, call }) =>
        got.map(({ offset }) => `${call.node} ${log.key} ${offset}`)
      ),
    );
    const sentence =
      `message ${missed.message.text} of key ${key}, offset ${offset}, was acknowledged by ${missed.call.node} at ${
        at(missed.call.to)
      }, and ${node}, polled from offset ${poll.asked} at ${at(from)}`;
    if (shown.has(place)) {
      findings.add("late-message", `${sentence}, did not show it yet`);
    } else {
      findings.add(
        "lost-message",
        `${sentence}, did not show it, then or ever`,
      );
    }
  }
}

/**
 * For programs that do not promise when messages can be polled: finds messages that a node did not
 * show, though after everything had healed it was polled until nothing more came.
 */
function lostMessages(
  { aftermath }: Recording,
  run: KafkaRun,
  findings: Findings,
  origin: number,
  at: Clock,
): void {
  if (aftermath === undefined) return unseen(run, findings, at);
  const { polls, acked } = run;
  const over = aftermath.healedAt + origin;
  const last = polls.filter(({ call }) => call.from >= over);
  for (const [node, own] of Map.groupBy(last, ({ call }) => call.node)) {
    const final = own.at(-1)!.call;
    const ended = own.every(({ call, got }) =>
      call !== final || got.length === 0
    );
    if (!ended) continue;
    const shown = placesIn(own);
    for (const [{ key }, messages] of acked) {
      for (const { message, entry, call } of messages) {
        if (call.to >= over || shown.has(entry.place)) continue;
        findings.add(
          "lost-message",
          `message ${message.text} of key ${key}, offset ${entry.offset}, was acknowledged by ${call.node} at ${
            at(call.to)
          }, and ${node}, polled from the beginning until nothing more came, at ${
            at(final.from)
          }, did not show it`,
        );
      }
    }
  }
}

/** The numbers of the offsets that polls show. */
function placesIn(polls: readonly Poll[]): Set<number> {
  return new Set(polls.flatMap(({ got }) => got.map(({ place }) => place)));
}

/** For recordings without a journal: finds messages in the history that were polled and never sent. */
function invented({ history }: Recording, findings: Findings): void {
  const read = logHistory(history);
  // Some sends were never answered.
  const sent = new Set<Message>();
  for (const op of history) {
    if (op.type !== "invoke" || !isClientOp(op)) continue;
    for (const { messages } of read.writesOf(op)) {
      for (const message of messages) sent.add(message);
    }
  }
  for (const { key, polled } of read.listed) {
    for (const message of polled) {
      if (sent.has(message)) continue;
      const { value, reader } = message;
      const { process, time } = reader!.op;
      findings.add(
        "invented-message",
        `process ${process} polled message ${
          stringify(keyJson(value))
        } of key ${key} at ${seconds(time)}, which nobody had sent`,
      );
    }
  }
}

/**
 * For recordings without an aftermath: finds messages that no node ever showed, though one was
 * polled for them long after.
 */
function unseen(
  { polls, acked }: KafkaRun,
  findings: Findings,
  at: Clock,
): void {
  const shown = placesIn(polls);
  for (const { poll, missed } of misses({ polls, acked })) {
    const { message, entry, call } = missed;
    const patience = poll.call.from - call.to;
    if (patience < LONG_NS || shown.has(entry.place)) continue;
    shown.add(entry.place);
    findings.add(
      "lost-message",
      `message ${message.text} of key ${poll.log.key}, offset ${entry.offset}, was acknowledged by ${call.node} at ${
        at(call.to)
      }, and no poll ever showed it, not even that of ${poll.call.node} at ${
        at(poll.call.from)
      }`,
    );
  }
}

/** Nodes that refused every request, to send their clients elsewhere. */
function refusingNodes({ calls }: KafkaRun): string[] {
  const asked = calls.filter(({ type }) => type !== "init");
  return [...Map.groupBy(asked, ({ node }) => node)]
    .filter(([, own]) => own.every(isRefused)).map(([node]) => node);
}

/** Checks that every node answered polls after everything had healed; for nodes that need not, it is a note. */
function silentNodes(
  { aftermath, options }: Recording,
  excused: readonly string[],
  findings: Findings,
): void {
  if (aftermath === undefined) return;
  const polled = new Set(
    aftermath.history.filter(({ f, type }) => f === "peek" && type === "ok")
      .map(({ node }) => node),
  );
  for (const node of nodesOf(options)) {
    if (polled.has(node)) continue;
    const because =
      `${node} was polled after everything had healed, and did not answer with messages`;
    if (excused.includes(node)) findings.note("no-final-poll", because);
    else findings.add("no-final-poll", because);
  }
}
