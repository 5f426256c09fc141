/** Checks what a read of broadcast or g-set must have, and must not have. */
import type { Json } from "../../history/json.ts";
import type { Op, Recording } from "../../history/history.ts";
import { nodeOf, nodesOf } from "../../history/options.ts";
import { beginAlike, type Beginning, listIn } from "../../history/lists.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { dueBy } from "../faults.ts";
import { type Findings, seconds } from "../findings.ts";
import { type Return, returnsOf } from "../returns.ts";
import { IdSet } from "../id-set.ts";
import { WAITS_NS } from "../told.ts";
import { Numbers, Values } from "./set-values.ts";

/** How soon a node must show what it has acknowledged itself, if its program promises nothing, in milliseconds. */
const UNKNOWN_PROGRAM_MS = 2_000;

/**
 * Checks the reads in one pass. A read must have no value twice and none that was never sent. It must
 * have what its node has acknowledged or shown before, and, if convergence is promised, what every node
 * must have by then.
 *
 * @returns all values that were sent or read
 */
export function checkReads(
  recording: Recording,
  addF: string,
  promises: Promises,
  findings: Findings,
): Values {
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

/** One pass through a history, with what is known so far. */
class Pass {
  readonly values = new Values();
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
  /** By node, the values that it has acknowledged or shown. */
  readonly #known = new Map<string, Numbers>();
  /** By node, what its last read held. */
  readonly #showings = new Map<string, Showing>();
  /** By node that was killed, what both it and all others had shown. */
  readonly #told = new Map<string, number[]>();
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
    const known = this.#known.get(node) ?? new Numbers();
    this.#known.set(node, known);
    if (op.type === "invoke") {
      const expected = known.order.length;
      this.#open.set(process, { op, expected, isOfEarlier: false });
      if (op.f !== this.#addF) return;
      const value = this.values.at(this.values.numberOf(op.value));
      Object.assign(value, { invoked: op.time, acked: Infinity, node });
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
      ...this.#known.get(node)?.order ?? [],
      ...this.#told.get(node) ?? [],
    ];
    this.#told.set(node, before.filter((one) => this.#isKnownBut(node, one)));
    this.#known.delete(node);
    this.#showings.delete(node);
    for (const [process, request] of this.#open) {
      if (nodeOf(process, this.#recording.options) !== node) continue;
      request.expected = 0;
      request.isOfEarlier = true;
    }
  }

  /** Whether all nodes but one have shown a value. */
  #isKnownBut(one: string, number: number): boolean {
    return this.#nodes.every((node) =>
      node === one || this.#known.get(node)?.has(number) === true
    );
  }

  #acknowledge(op: Op, { isOfEarlier }: Request, known: Numbers): void {
    const number = this.values.numberOf(op.value);
    this.values.at(number).acked = op.time;
    this.#acked.push({ number, at: op.time });
    if (!isOfEarlier) known.add(number);
  }

  #read(op: Op, node: string, request: Request, known: Numbers): void {
    const list = listIn(op, "value");
    if (list === null) return;
    const { op: { time }, expected, isOfEarlier } = request;
    const before = this.#showings.get(node);
    const showing = before?.isBeginningOf(list) && !isOfEarlier
      ? before
      : new Showing(this.values);
    if (!isOfEarlier) this.#showings.set(node, showing);
    const fresh = showing.show(list);
    odd(op, node, showing, this.values, this.#findings);
    const lacked = showing.lacked(known.order, expected);
    const owed = this.#ownDue(time);
    missing(request.op, node, lacked, this.values, owed, this.#findings);
    this.#findForgotten(op, node, time, showing);
    this.#findStale(node, time, showing);
    if (isOfEarlier) return;
    for (const number of fresh) known.add(number);
  }

  /** Checks that a node that has come back waits for the values that it had known and all others still know. */
  #findForgotten(op: Op, node: string, time: number, { held }: Showing): void {
    const comesBack = this.#returns.some((one) =>
      one.node === node && one.at < time && op.time < one.actsAt + WAITS_NS
    );
    if (!comesBack) return;
    for (const number of this.#told.get(node) ?? []) {
      if (held.has(number) || !this.#isKnownBut(node, number)) continue;
      const { key } = this.values.at(number);
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
    for (const { number, at } of showing.owed(this.#acked, this.#due(time))) {
      this.#findings.add(
        "stale-read",
        `value ${this.values.at(number).key} was acknowledged at ${
          seconds(at)
        }, and the read of ${node} at ${
          seconds(time)
        } lacks it, though all nodes must have it after ${this.#convergenceMs} ms`,
      );
    }
  }
}

/** The number of a value that was acknowledged, and when, in ns. */
interface Acked {
  number: number;
  at: number;
}

/**
 * What a series of a node's reads has, of which each has all that the one before had. Only what is new
 * in each read has to be looked at, which matters when a value is read a hundred thousand times. Values
 * are given by their numbers.
 */
class Showing {
  readonly held = new IdSet();
  /** Values that the list has more than once, and values that nobody had sent when they were read. */
  readonly twice: number[] = [];
  unsent: number[] = [];
  #list: readonly Json[] = [];
  #length = 0;
  /** How many known values have been looked at, and those that were lacking, with their positions. */
  #known = 0;
  #lacking: { number: number; position: number }[] = [];
  /** The same of acknowledged values. */
  #acked = 0;
  #lackingAcked: Acked[] = [];

  constructor(private readonly values: Values) {}

  /** Whether a read continues the series: it begins with all that the last one had. */
  isBeginningOf({ list, length }: Beginning): boolean {
    return length >= this.#length && beginAlike(list, this.#list, this.#length);
  }

  /** Takes in the next read of the series; returns the values that are new. */
  show({ list, length }: Beginning): number[] {
    this.#list = list;
    const fresh: number[] = [];
    for (; this.#length < length; this.#length++) {
      const number = this.values.numberOf(list[this.#length]!);
      (this.held.add(number) ? fresh : this.twice).push(number);
      if (this.values.at(number).invoked === Infinity) this.unsent.push(number);
    }
    return fresh;
  }

  /** Which of the first so many known values the last read lacks. */
  lacked(known: readonly number[], first: number): number[] {
    for (; this.#known < first; this.#known++) {
      const number = known[this.#known]!;
      if (this.held.has(number)) continue;
      this.#lacking.push({ number, position: this.#known });
    }
    this.#lacking = this.#lacking
      .filter(({ number }) => !this.held.has(number));
    return this.#lacking.filter(({ position }) => position < first)
      .map(({ number }) => number);
  }

  /** Which of the values acknowledged up to a time the last read lacks. */
  owed(acked: readonly Acked[], limit: number): Acked[] {
    for (; this.#acked < acked.length; this.#acked++) {
      const one = acked[this.#acked]!;
      if (one.at > limit) break;
      if (!this.held.has(one.number)) this.#lackingAcked.push(one);
    }
    this.#lackingAcked = this.#lackingAcked
      .filter(({ number }) => !this.held.has(number));
    return this.#lackingAcked.filter(({ at }) => at <= limit);
  }
}

/** Finds values in a read that do not belong there. */
function odd(
  read: Op,
  node: string,
  showing: Showing,
  values: Values,
  findings: Findings,
): void {
  const where = () =>
    `in the read of ${node} answered at ${seconds(read.time)}`;
  for (const number of showing.twice) {
    const { key } = values.at(number);
    findings.add("duplicate-value", `value ${key} is there twice ${where()}`);
  }
  showing.unsent = showing.unsent
    .filter((number) => values.at(number).invoked === Infinity);
  for (const number of showing.unsent) {
    findings.add(
      "never-sent-value",
      `value ${
        values.at(number).key
      } is there ${where()}, but nobody had sent it`,
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
  lacked: readonly number[],
  values: Values,
  owed: number,
  findings: Findings,
): void {
  for (const number of lacked) {
    const own = values.at(number);
    const isOwn = own.node === node && own.acked <= read.time;
    const type = isOwn ? "own-write-missing" : "value-forgotten";
    // If a node stores values on other nodes, and acknowledges once they are stored, its own reads
    // may show them a little later.
    const rank = isOwn && own.acked > owed ? "note" : undefined;
    if (findings.isFull(type, rank)) continue;
    const says = `the read of ${node} at ${
      seconds(read.time)
    } lacks value ${own.key}, which ${
      isOwn
        ? `${node} had acknowledged at ${seconds(own.acked)}`
        : `an earlier read of ${node} had shown`
    }`;
    if (rank === "note") findings.note(type, says);
    else findings.add(type, says);
  }
}
