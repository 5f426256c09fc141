/**
 * What Maelstrom does not check in broadcast and g-set: what else a read holds, whether every
 * node has all values in the end, and what nodes still send when there is nothing left to say.
 */
import { type Json, stringify } from "../../history/json.ts";
import {
  among,
  isBetweenServers,
  type JournalEvent,
  networkMs,
  nodeOf,
  nodesOf,
  type Op,
  type Recording,
} from "../../history/history.ts";
import { dueBy } from "../faults.ts";
import { returnsOf, WAITS_NS } from "../told.ts";
import { Findings } from "../findings.ts";
import { type Beginning, listIn } from "../../history/lists.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { seconds, type StrictCheck } from "./strict.ts";

/** How soon a node shows what it has acknowledged itself, if its program promises nothing, in milliseconds. */
const UNKNOWN_PROGRAM_MS = 2_000;

/** A value and what is known of it. */
interface Value {
  /** When storing it was requested and acknowledged, in ns. */
  invoked: number;
  acked: number;
  /** The node that acknowledged it. */
  node: string;
}

/** A value as a key: itself if it is a number, as most are, else as text. */
type Key = number | string;

/** The check of a set workload, in which values are added by operations of this name. */
export function strictSet(addF: string): StrictCheck {
  return (recording, promises) => {
    const findings = new Findings();
    const values = new Map<Key, Value>();
    readsAndValues(recording, addF, values, findings, promises);
    finalReads(recording, values, findings);
    quiet(recording, promises, findings);
    if (promises.crossings !== undefined) {
      crossings(recording, values, promises.crossings, findings);
    }
    return findings.all();
  };
}

/**
 * Checks the reads, in one pass: a read holds no value twice and none that was never sent; it
 * holds what its node has acknowledged or shown before; and what every node has by then if
 * convergence is promised.
 */
function readsAndValues(
  recording: Recording,
  addF: string,
  values: Map<Key, Value>,
  findings: Findings,
  promises: Promises,
): void {
  const { history, options } = recording;
  /** By node, the values it has acknowledged or shown, in order. */
  const shown = new Map<string, Map<Key, number>>();
  /** By node, what its last read held. */
  const showings = new Map<string, Showing>();
  const open = new Map<
    number,
    { op: Op; expected: number; isOfEarlier?: boolean }
  >();
  const { convergenceMs, hops } = promises;
  const due = convergenceMs === undefined
    ? () => -Infinity
    : dueBy(recording, { boundMs: convergenceMs, hops });
  const nodes = nodesOf(options);
  const alone = nodes.length === 1;
  const ownDue = alone || convergenceMs !== undefined
    ? (time: number) => time
    : dueBy(recording, { boundMs: UNKNOWN_PROGRAM_MS });
  const kills = (recording.incidents ?? []).filter(({ type }) =>
    type === "kill"
  );
  const acked: Acked[] = [];
  const waits = promises.survivesRestart === "told" && !promises.backMs;
  const returns = waits && kills.length > 0 ? returnsOf(recording) : [];
  /** By node that was killed, what it and all others had shown. */
  const told = new Map<string, Key[]>();
  const isEverywhere = (key: Key, but: string) =>
    nodes.every((node) => node === but || shown.get(node)?.has(key) === true);
  for (const op of history) {
    if (typeof op.process !== "number") continue;
    const node = nodeOf(op.process, options);
    // A new life may begin without what the last one knew.
    for (let next; (next = kills[0]) && next.time <= op.time; kills.shift()) {
      const before = [
        ...shown.get(next.node)?.keys() ?? [],
        ...told.get(next.node) ?? [],
      ];
      const { node } = next;
      told.set(node, before.filter((key) => isEverywhere(key, node)));
      shown.delete(node);
      showings.delete(node);
      for (const read of open.values()) {
        if (nodeOf(Number(read.op.process), options) === next.node) {
          read.expected = 0;
          read.isOfEarlier = true;
        }
      }
    }
    const known = shown.get(node) ?? new Map<Key, number>();
    shown.set(node, known);
    if (op.type === "invoke") {
      open.set(op.process, { op, expected: known.size });
      if (op.f === addF) {
        const added = { invoked: op.time, acked: Infinity, node };
        values.set(keyOf(op.value), added);
      }
      continue;
    }
    const invoked = open.get(op.process);
    open.delete(op.process);
    if (op.type !== "ok" || invoked === undefined) continue;
    if (op.f === addF) {
      const key = keyOf(op.value);
      values.get(key)!.acked = op.time;
      acked.push({ key, at: op.time });
      if (!known.has(key) && !invoked.isOfEarlier) known.set(key, known.size);
      continue;
    }
    const list = listIn(op, "value");
    if (list !== null) {
      const before = showings.get(node);
      // A reply from an earlier life may still have been on its way.
      const isOfEarlier = invoked.isOfEarlier === true;
      const showing = before?.goesOn(list) && !isOfEarlier
        ? before
        : new Showing(list.list);
      if (!isOfEarlier) showings.set(node, showing);
      const { held } = showing;
      const fresh = showing.show(list.length);
      odd(op, node, showing, values, findings);
      const owed = ownDue(invoked.op.time);
      const lacked = showing.lacked(known, invoked.expected);
      missing(invoked.op, node, lacked, values, owed, findings);
      const comesBack = returns.some(({ node: one, at, actsAt }) =>
        one === node && at < invoked.op.time && op.time < actsAt + WAITS_NS
      );
      for (const key of comesBack ? told.get(node) ?? [] : []) {
        if (held.has(key) || !isEverywhere(key, node)) continue;
        findings.add(
          "value-forgotten",
          `the read of ${node} at ${
            seconds(op.time)
          } lacks value ${key}, which ${node} had shown before it was killed, and all others too: it answered before it had heard what they know`,
        );
      }
      const limit = due(invoked.op.time);
      const isFull = findings.isFull("stale-read");
      for (const { key, at } of isFull ? [] : showing.owed(acked, limit)) {
        findings.add(
          "stale-read",
          `value ${key} was acknowledged at ${
            seconds(at)
          }, and the read of ${node} at ${
            seconds(invoked.op.time)
          } lacks it: all nodes are to have it after ${convergenceMs} ms`,
        );
      }
      for (const key of isOfEarlier ? [] : fresh) {
        if (!known.has(key)) known.set(key, known.size);
      }
    }
  }
}

/** A value that was acknowledged, and when, in ns. */
interface Acked {
  key: Key;
  at: number;
}

/**
 * What a node's reads hold, as long as each shows what the last one did and perhaps more. Then
 * only what is new has to be looked at: a run may read a value a hundred thousand times.
 */
class Showing {
  readonly held = new Set<Key>();
  /** Values that the list has once more, and values that nobody had sent, in its order. */
  readonly twice: Key[] = [];
  unsent: Key[] = [];
  #length = 0;
  /** How many known values have been looked at, in which order they come, and which were lacking. */
  #known = 0;
  #keys: Iterator<Key> | null = null;
  #lacking: { key: Key; order: number }[] = [];
  /** The same of acknowledged values. */
  #acked = 0;
  #lackingAcked: Acked[] = [];

  constructor(private readonly list: readonly Json[]) {}

  /** Whether a read shows all that the last one did. */
  goesOn({ list, length }: Beginning): boolean {
    return list === this.list && length >= this.#length;
  }

  /** The next read shows so much of the list; returns the values that are new. */
  show(length: number): Key[] {
    const fresh: Key[] = [];
    for (; this.#length < length; this.#length++) {
      const key = keyOf(this.list[this.#length]!);
      const { size } = this.held;
      if (this.held.add(key).size === size) this.twice.push(key);
      else fresh.push(key);
      this.unsent.push(key);
    }
    return fresh;
  }

  /** Those of the first so many known values that it lacks. */
  lacked(known: ReadonlyMap<Key, number>, first: number): Key[] {
    this.#keys ??= known.keys();
    for (; this.#known < first; this.#known++) {
      const key = this.#keys.next().value!;
      if (!this.held.has(key)) this.#lacking.push({ key, order: this.#known });
    }
    this.#lacking = this.#lacking.filter(({ key }) => !this.held.has(key));
    return this.#lacking.filter(({ order }) => order < first)
      .map(({ key }) => key);
  }

  /** The values acknowledged up to a time that it lacks. */
  owed(acked: readonly Acked[], limit: number): Acked[] {
    for (; this.#acked < acked.length; this.#acked++) {
      const one = acked[this.#acked]!;
      if (one.at > limit) break;
      if (!this.held.has(one.key)) this.#lackingAcked.push(one);
    }
    this.#lackingAcked = this.#lackingAcked
      .filter(({ key }) => !this.held.has(key));
    return this.#lackingAcked.filter(({ at }) => at <= limit);
  }
}

/** Finds values in a read that do not belong there. */
function odd(
  read: Op,
  node: string,
  showing: Showing,
  values: ReadonlyMap<Key, Value>,
  findings: Findings,
): void {
  const where = () =>
    `in the read of ${node} answered at ${seconds(read.time)}`;
  for (const key of showing.twice) {
    findings.add("duplicate-value", `value ${key} is twice ${where()}`);
  }
  showing.unsent = showing.unsent.filter((key) => !values.has(key));
  for (const key of showing.unsent) {
    findings.add(
      "never-sent-value",
      `value ${key} is ${where()}, but nobody had sent it`,
    );
  }
}

/**
 * Finds values that a read lacks although its node had acknowledged or shown them before the
 * read began.
 */
function missing(
  read: Op,
  node: string,
  lacked: readonly Key[],
  values: ReadonlyMap<Key, Value>,
  owed: number,
  findings: Findings,
): void {
  for (const key of lacked) {
    const own = values.get(key);
    const isOwn = own?.node === node && own.acked <= read.time;
    const type = isOwn ? "own-write-missing" : "value-forgotten";
    // A node that stores values elsewhere, and acknowledges when that is done, sees them a
    // little later.
    const rank = isOwn && own.acked > owed ? "note" : undefined;
    if (findings.isFull(type, rank)) continue;
    const says = `the read of ${node} at ${
      seconds(read.time)
    } lacks value ${key}, which ${
      isOwn
        ? `${node} had acknowledged at ${seconds(own.acked)}`
        : `an earlier read of ${node} had shown`
    }`;
    if (rank === "note") findings.note(type, says);
    else findings.add(type, says);
  }
}

/** After all faults have ended, every node's last read holds every acknowledged value. */
function finalReads(
  { history, aftermath, options }: Recording,
  values: ReadonlyMap<Key, Value>,
  findings: Findings,
): void {
  const invoked = new Map<string, Op>();
  const last = new Map<string, { read: Op; asked: Op }>();
  const look = (op: Op, node: string, who: string) => {
    if (op.type === "invoke") invoked.set(who, op);
    else if (op.type === "ok" && Array.isArray(op.value)) {
      last.set(node, { read: op, asked: invoked.get(who) ?? op });
    }
  };
  for (const op of history) {
    if (op["final?"] !== true || typeof op.process !== "number") continue;
    look(op, nodeOf(op.process, options), `${op.process}`);
  }
  for (const op of aftermath?.history ?? []) {
    look(op, String(op.node), `${op.node} afterwards`);
  }
  for (const node of nodesOf(options)) {
    const final = last.get(node);
    if (final === undefined) {
      // Without an aftermath, nodes without a worker are never asked.
      if ([...invoked].some(([, op]) => askedOf(op, node, options))) {
        findings.add(
          "no-final-read",
          `${node} never answered its final read with values`,
        );
      }
      continue;
    }
    const held = new Set((final.read.value as Json[]).map(keyOf));
    for (const [key, { acked }] of values) {
      if (acked >= final.asked.time || held.has(key)) continue;
      if (findings.isFull("lost-value")) break;
      findings.add(
        "lost-value",
        `value ${key} was acknowledged at ${
          seconds(acked)
        }, and the last read of ${node}, at ${
          seconds(final.asked.time)
        } after all faults had ended, lacks it`,
      );
    }
  }
}

function askedOf(op: Op, node: string, options: Recording["options"]): boolean {
  return op.node === node ||
    (op.node === undefined && nodeOf(Number(op.process), options) === node);
}

/** If silence is promised, nodes send each other nothing when everything is known. */
function quiet(
  { history, journal, journalOrigin, options, incidents = [] }: Recording,
  { quietMs, hops }: Promises,
  findings: Findings,
): void {
  if (quietMs === undefined || journalOrigin === undefined) return;
  const firstFinal = history.find((op) => op["final?"] === true);
  if (firstFinal === undefined) return;
  const before = history.slice(0, history.indexOf(firstFinal));
  const lastChange = [...before, ...incidents]
    .reduce((latest, { time }) => Math.max(latest, time), 0);
  // A returning node is told, and then tells others.
  const turns = incidents.some(({ type }) => type === "kill") ? 2 : 1;
  const lastMs = turns * quietMs + networkMs(options, hops);
  const from = lastChange + lastMs * 1e6 + journalOrigin;
  const to = firstFinal.time + journalOrigin;
  for (const event of among(journal, isBetweenServers)) {
    const [, time, , src, dest, body] = event;
    if (time <= from || time >= to || !isSend(event)) continue;
    findings.add(
      "chatter",
      `${src} sent ${dest} ${stringify(body).slice(0, 100)} at ${
        seconds(time - journalOrigin)
      }, more than ${lastMs} ms after anything had happened`,
    );
  }
}

/** Without faults, each value is sent to each other node at most this often, on average. */
function crossings(
  { history, journal, options, faults = "official" }: Recording,
  values: ReadonlyMap<Key, Value>,
  most: number,
  findings: Findings,
): void {
  const broken = options.nemesis !== undefined || faults !== "official";
  const others = nodesOf(options).length - 1;
  if (broken || others === 0 || values.size === 0 || history.length === 0) {
    return;
  }
  let sent = 0;
  for (const event of among(journal, isBetweenServers)) {
    if (isSend(event)) sent += numbersInArrays(event[5]);
  }
  const each = sent / (values.size * others);
  if (each <= most) return;
  findings.add(
    "sent-again",
    `each value crossed to each other node ${
      each.toFixed(1)
    } times on average: ${most} is the promise`,
  );
}

/** How many numbers are in arrays anywhere in a body: these may be values. */
function numbersInArrays(body: Json): number {
  if (typeof body !== "object" || body === null) return 0;
  let count = 0;
  for (const value of Object.values(body)) {
    if (typeof value === "number") count += Array.isArray(body) ? 1 : 0;
    else count += numbersInArrays(value);
  }
  return count;
}

function isSend([kind]: JournalEvent): boolean {
  return kind === "send";
}

function keyOf(value: Json): Key {
  return typeof value === "number" ? value : stringify(value);
}
