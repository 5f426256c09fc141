/** Checks what a read of broadcast or g-set must have, and must not have. */
import { type Json, stringify } from "../../history/json.ts";
import type { Op, Recording } from "../../history/history.ts";
import { nodeOf, nodesOf } from "../../history/options.ts";
import { type Beginning, listIn } from "../../history/lists.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { dueBy } from "../faults.ts";
import { type Findings, seconds } from "../findings.ts";
import { type Return, returnsOf } from "../returns.ts";
import { WAITS_NS } from "../told.ts";

/** How soon a node must show what it has acknowledged itself, if its program promises nothing, in milliseconds. */
const UNKNOWN_PROGRAM_MS = 2_000;

/** A value and what is known of it. */
export interface Value {
  /** When it was sent by a client and acknowledged, in ns. */
  invoked: number;
  acked: number;
  /** The node that acknowledged it. */
  node: string;
}

/** A value as the key of a map: the value itself if it is a number, as most are, else its JSON text. */
export type Key = number | string;

/**
 * Checks the reads in one pass. A read must have no value twice and none that was never sent. It must
 * have what its node has acknowledged or shown before, and, if convergence is promised, what every node
 * must have by then.
 *
 * @returns all values that clients tried to add
 */
export function checkReads(
  recording: Recording,
  addF: string,
  promises: Promises,
  findings: Findings,
): ReadonlyMap<Key, Value> {
  const pass = new Pass(recording, addF, promises, findings);
  for (const op of recording.history) {
    if (typeof op.process === "number") pass.see(op, op.process);
  }
  return pass.values;
}

/** A request that has not been answered yet. */
interface Request {
  op: Op;
  /** For a read, how many of the values that its node has shown, from the first on, it must have. */
  expected: number;
  /** Whether its node was killed after it was sent; its reply may still be on its way. */
  isOfEarlier: boolean;
}

/** The values that a node has acknowledged or shown, with their positions in the order in which it did. */
type Known = Map<Key, number>;

/** One pass through a history, with what is known so far. */
class Pass {
  readonly values = new Map<Key, Value>();
  readonly #recording: Recording;
  readonly #nodes: readonly string[];
  readonly #addF: string;
  readonly #findings: Findings;
  readonly #convergenceMs: number | undefined;
  /** By when another node, and the node itself, must have acknowledged a value if a read is to have it. */
  readonly #due: (readNs: number) => number;
  readonly #ownDue: (readNs: number) => number;
  /** The kills to come. */
  readonly #kills: { node: string; time: number }[];
  readonly #returns: readonly Return[];
  /** By process. */
  readonly #open = new Map<number, Request>();
  /** By node. */
  readonly #known = new Map<string, Known>();
  /** By node, what its last read held. */
  readonly #showings = new Map<string, Showing>();
  /** By node that was killed, what both it and all others had shown. */
  readonly #told = new Map<string, Key[]>();
  /** In the order of acknowledgements. */
  readonly #acked: Acked[] = [];

  constructor(
    recording: Recording,
    addF: string,
    promises: Promises,
    findings: Findings,
  ) {
    const { incidents = [], options } = recording;
    const { convergenceMs, hops, survivesRestart, backMs } = promises;
    this.#recording = recording;
    this.#nodes = nodesOf(options);
    this.#addF = addF;
    this.#findings = findings;
    this.#convergenceMs = convergenceMs;
    this.#due = convergenceMs === undefined
      ? () => -Infinity
      : dueBy(recording, { boundMs: convergenceMs, hops });
    this.#ownDue = this.#nodes.length === 1 || convergenceMs !== undefined
      ? (time) => time
      : dueBy(recording, { boundMs: UNKNOWN_PROGRAM_MS });
    this.#kills = incidents.filter(({ type }) => type === "kill");
    const waits = survivesRestart === "told" && !backMs;
    this.#returns = waits && this.#kills.length > 0 ? returnsOf(recording) : [];
  }

  /** Takes in the next operation of a client. */
  see(op: Op, process: number): void {
    while (this.#kills[0] !== undefined && this.#kills[0].time <= op.time) {
      this.#kill(this.#kills.shift()!.node);
    }
    const node = nodeOf(process, this.#recording.options);
    const known = this.#known.get(node) ?? new Map<Key, number>();
    this.#known.set(node, known);
    if (op.type === "invoke") {
      this.#open.set(process, { op, expected: known.size, isOfEarlier: false });
      if (op.f !== this.#addF) return;
      const added = { invoked: op.time, acked: Infinity, node };
      this.values.set(keyOf(op.value), added);
      return;
    }
    const request = this.#open.get(process);
    this.#open.delete(process);
    if (op.type !== "ok" || request === undefined) return;
    if (op.f === this.#addF) this.#acknowledge(op, request, known);
    else this.#read(op, node, request, known);
  }

  /** Takes in a kill: a new life of the node may begin without what the last one knew. */
  #kill(node: string): void {
    const before = [
      ...this.#known.get(node)?.keys() ?? [],
      ...this.#told.get(node) ?? [],
    ];
    this.#told.set(node, before.filter((key) => this.#isKnownBut(node, key)));
    this.#known.delete(node);
    this.#showings.delete(node);
    for (const [process, request] of this.#open) {
      if (nodeOf(process, this.#recording.options) !== node) continue;
      request.expected = 0;
      request.isOfEarlier = true;
    }
  }

  /** Whether all nodes but one have shown a value. */
  #isKnownBut(one: string, key: Key): boolean {
    return this.#nodes.every((node) =>
      node === one || this.#known.get(node)?.has(key) === true
    );
  }

  #acknowledge(op: Op, { isOfEarlier }: Request, known: Known): void {
    const key = keyOf(op.value);
    this.values.get(key)!.acked = op.time;
    this.#acked.push({ key, at: op.time });
    if (!known.has(key) && !isOfEarlier) known.set(key, known.size);
  }

  #read(op: Op, node: string, request: Request, known: Known): void {
    const list = listIn(op, "value");
    if (list === null) return;
    const { op: { time }, expected, isOfEarlier } = request;
    const before = this.#showings.get(node);
    const showing = before?.goesOn(list) && !isOfEarlier
      ? before
      : new Showing(list.list);
    if (!isOfEarlier) this.#showings.set(node, showing);
    const fresh = showing.show(list.length);
    odd(op, node, showing, this.values, this.#findings);
    const lacked = showing.lacked(known, expected);
    const owed = this.#ownDue(time);
    missing(request.op, node, lacked, this.values, owed, this.#findings);
    this.#findForgotten(op, node, time, showing);
    this.#findStale(node, time, showing);
    if (isOfEarlier) return;
    for (const key of fresh) if (!known.has(key)) known.set(key, known.size);
  }

  /** Checks that a node that has come back waits for the values that it had known and all others still know. */
  #findForgotten(op: Op, node: string, time: number, { held }: Showing): void {
    const comesBack = this.#returns.some((one) =>
      one.node === node && one.at < time && op.time < one.actsAt + WAITS_NS
    );
    if (!comesBack) return;
    for (const key of this.#told.get(node) ?? []) {
      if (held.has(key) || !this.#isKnownBut(node, key)) continue;
      this.#findings.add(
        "value-forgotten",
        `the read of ${node} at ${
          seconds(op.time)
        } lacks value ${key}, which both ${node}, before it was killed, and all other nodes had shown: it answered before it had heard what they know`,
      );
    }
  }

  /** If convergence is promised, checks that a read has what was acknowledged long enough before. */
  #findStale(node: string, time: number, showing: Showing): void {
    if (this.#findings.isFull("stale-read")) return;
    for (const { key, at } of showing.owed(this.#acked, this.#due(time))) {
      this.#findings.add(
        "stale-read",
        `value ${key} was acknowledged at ${
          seconds(at)
        }, and the read of ${node} at ${
          seconds(time)
        } lacks it, though all nodes must have it after ${this.#convergenceMs} ms`,
      );
    }
  }
}

/** A value that was acknowledged, and when, in ns. */
interface Acked {
  key: Key;
  at: number;
}

/**
 * What a series of a node's reads has, of which each has all that the one before had. Only what is new
 * in each read has to be looked at, which matters when a value is read a hundred thousand times.
 */
class Showing {
  readonly held = new Set<Key>();
  /** Values that the list has more than once, and values that nobody had sent when they were read. */
  readonly twice: Key[] = [];
  unsent: Key[] = [];
  #length = 0;
  /** How many known values have been looked at, the rest of them, and those that were lacking. */
  #known = 0;
  #keys: Iterator<Key> | null = null;
  #lacking: { key: Key; order: number }[] = [];
  /** The same of acknowledged values. */
  #acked = 0;
  #lackingAcked: Acked[] = [];

  constructor(private readonly list: readonly Json[]) {}

  /** Whether a read continues the series: it has all that the last one had. */
  goesOn({ list, length }: Beginning): boolean {
    return list === this.list && length >= this.#length;
  }

  /** Takes in the next read, which has this much of the list; returns the values that are new. */
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

  /** Which of the first so many known values the last read lacks. */
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

  /** Which of the values acknowledged up to a time the last read lacks. */
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
    findings.add("duplicate-value", `value ${key} is there twice ${where()}`);
  }
  showing.unsent = showing.unsent.filter((key) => !values.has(key));
  for (const key of showing.unsent) {
    findings.add(
      "never-sent-value",
      `value ${key} is there ${where()}, but nobody had sent it`,
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
    // If a node stores values on other nodes, and acknowledges once they are stored, its own reads
    // may show them a little later.
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

/** The key that stands for a value. */
export function keyOf(value: Json): Key {
  return typeof value === "number" ? value : stringify(value);
}
