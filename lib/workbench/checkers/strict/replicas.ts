/**
 * Judges what replicas of a log say to each other, which clients cannot see: who leads, which entries
 * the logs have, which are committed, how long the logs are, and how often the leader changes.
 *
 * It reads the messages of lib/consensus/messages.ts, and of any others their epoch, term or view.
 */
import {
  among,
  type Body,
  isBetweenServers,
  type Recording,
} from "../../history/history.ts";
import { type Json, type JsonObject, stringify } from "../../history/json.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { Findings, seconds } from "../findings.ts";
import { originOf } from "../origin.ts";
import {
  isTooFar,
  settledMs,
  type Stretch,
  stretches,
} from "../registers/answered.ts";
import type { Finding } from "../verdict.ts";

/** How often a leader may be replaced while nothing changes in the network: a machine may stall for a moment. */
const REPLACED = 1;

/** Judges the messages of replicas. */
export function strictReplicas(
  recording: Recording,
  { logEntries }: Promises,
): Finding[] {
  const findings = new Findings();
  const elections = new Elections(recording);
  const logs = logEntries === undefined ? null : new Logs(findings, logEntries);
  const origin = originOf(recording);
  for (const event of among(recording.journal, isBetweenServers)) {
    const [kind, time, , src, , body] = event;
    if (kind !== "send") continue;
    elections.hear(src, time - origin, body);
    logs?.hear(src, time - origin, body);
  }
  for (const sentence of elections.storms()) {
    if (logs === null || isTooFar(recording)) {
      findings.note("election-storm", sentence);
    } else findings.add("election-storm", sentence);
  }
  return findings.all();
}

/** Watches the epochs of nodes that can talk to a majority while nothing changes in the network. */
class Elections {
  readonly #stretches: Stretch[];
  readonly #settleNs: number;
  readonly #seen = new Map<Stretch, { first: number; last: number }>();

  constructor(recording: Recording) {
    this.#stretches = stretches(recording);
    this.#settleNs = settledMs(recording) * 1e6;
  }

  hear(src: string, time: number, body: Body): void {
    const epoch = body["epoch"] ?? body["term"] ?? body["view"];
    if (typeof epoch !== "number") return;
    const stretch = this.#stretches.find(({ from, to }) =>
      from + this.#settleNs <= time && time < to
    );
    if (!stretch?.majority.has(src)) return;
    const seen = this.#seen.get(stretch) ?? { first: epoch, last: epoch };
    this.#seen.set(stretch, seen);
    seen.last = Math.max(seen.last, epoch);
  }

  storms(): string[] {
    return [...this.#seen].filter(([, { first, last }]) =>
      last > first + REPLACED
    ).map(([{ from, to }, { first, last }]) =>
      `between ${seconds(from + this.#settleNs)} and ${
        to === Infinity ? "the end" : seconds(to)
      } the epoch rose from ${first} to ${last}, though nothing changed in the network: no node leads for long`
    );
  }
}

/** An entry of a log, as it is sent. */
type Entry = [epoch: number, command: Json];

function isEntry(entry: Json): entry is Entry {
  return Array.isArray(entry) && typeof entry[0] === "number";
}

/** Checks the invariants of a replicated log in the messages. */
class Logs {
  readonly #leaders = new Map<number, string>();
  /** By index and epoch, the entry that was seen; by index, the entry that was committed. */
  readonly #entries = new Map<string, string>();
  readonly #committed = new Map<number, string>();
  /** By sender and epoch: the entries it has sent, which may be committed later. */
  readonly #sent = new Map<string, Map<number, string>>();

  constructor(readonly findings: Findings, readonly logEntries: number) {}

  hear(src: string, time: number, body: Body): void {
    const { type, epoch, commit } = body;
    if (typeof epoch !== "number" || typeof commit !== "number") return;
    // The rest of the message is well formed, or its receiver would have refused it.
    const log = body["log"] as JsonObject | undefined;
    const { index = body["after"] } = (log ?? body)["base"] as JsonObject ?? {};
    if (typeof index !== "number") return;
    const entries = ((log ?? body)["entries"] as Json[]).filter(isEntry);
    const at = `at ${seconds(time)}`;
    if (type === "append") this.#leads(src, epoch, at);
    const sent = this.#sent.get(`${src} ${epoch}`) ?? new Map();
    this.#sent.set(`${src} ${epoch}`, sent);
    entries.forEach((entry, i) => {
      const place = index + i + 1;
      sent.set(place, this.#holds(src, place, entry, at));
    });
    for (const [place, text] of sent) {
      if (place > commit) continue;
      sent.delete(place);
      this.#commits(src, place, text, at);
    }
    if (commit - index <= this.logEntries) return;
    this.findings.add(
      "unbounded-log",
      `${src} still had entry ${
        index + 1
      } ${at}, when ${commit} were committed: it keeps more than ${this.logEntries}`,
    );
  }

  #leads(src: string, epoch: number, at: string): void {
    const other = this.#leaders.get(epoch) ?? src;
    this.#leaders.set(epoch, other);
    if (other === src) return;
    this.findings.add(
      "two-leaders",
      `${src} leads in epoch ${epoch} ${at}, in which ${other} was already leading`,
    );
  }

  #holds(src: string, place: number, entry: Entry, at: string): string {
    const [epoch] = entry, text = stringify(entry)!;
    const other = this.#entries.get(`${place} ${epoch}`) ?? text;
    this.#entries.set(`${place} ${epoch}`, other);
    if (other !== text) {
      this.findings.add(
        "logs-differ",
        `${src} has ${text} as entry ${place} ${at}, where another node had ${other}`,
      );
    }
    return text;
  }

  #commits(src: string, place: number, text: string, at: string): void {
    const other = this.#committed.get(place) ?? text;
    this.#committed.set(place, other);
    if (other === text) return;
    this.findings.add(
      "commits-differ",
      `${src} has committed ${text} as entry ${place} ${at}, where another node has committed ${other}`,
    );
  }
}
