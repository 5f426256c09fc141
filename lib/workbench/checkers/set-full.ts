/**
 * Jepsen's checker `set-full`: which elements of a set were lost, stale or never read, and how soon
 * they were stable.
 */
import { isClientOp, type Op } from "../history/history.ts";
import type { Json, JsonObject } from "../history/json.ts";
import { beginAlike, listIn } from "../history/lists.ts";
import { quantile } from "./figures.ts";
import { firstOf } from "./first-of.ts";
import { type JsonKey, jsonKey, nanosToMillis, opJson } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/** The workloads in which values are added one by one and read all at once, with the operation that adds. */
export const ADDS: { readonly [workload: string]: string } = {
  "broadcast": "broadcast",
  "g-set": "add",
};

/** Which quantiles of latencies are given. */
const QUANTILES = [0, 0.5, 0.95, 0.99, 1];

/** How many of the stalest elements are described. */
const WORST_SHOWN = 8;

/** An element that a client tried to add, and what reads show of it. */
interface Element {
  value: Json;
  /** The completion of its add, or of the first read that has it, whichever is earlier. */
  known: Op | undefined;
  /** The latest invocation of a read that has it. */
  lastPresent: Op | undefined;
  /** The latest invocation of a read that lacks it. */
  lastAbsent: Op | undefined;
}

/** The outcome of an element; latencies in whole milliseconds. */
interface Outcome {
  element: Element;
  outcome: "stable" | "lost" | "never-read";
  latency: number | null;
}

function later(a: Op | undefined, b: Op): Op {
  return a === undefined || a.index < b.index ? b : a;
}

/** A read that was answered, with its positions in the history. */
interface Read {
  invocation: Op;
  completion: Op;
  answeredAt: number;
  /** How many elements of its series' list it has. */
  length: number;
}

/** A process's reads of one growing list, one after the other: each begins with all that the one before had. */
interface Series {
  list: readonly Json[];
  reads: Read[];
}

/** Collects what reads show of every element. */
function observe(history: readonly Op[], addF: string): Element[] {
  const positions = new Map<JsonKey, number>();
  const elements: Element[] = [];
  /** By element, the position of its add in the history: earlier reads do not count for it. */
  const since: number[] = [];
  const reading = new Map<number, Op>();
  /** By process. */
  const latest = new Map<Op["process"], Series>();
  const series: Series[] = [];

  const add = (op: Op, at: number) => {
    const key = jsonKey(op.value);
    const position = positions.get(key) ?? elements.length;
    if (op.type === "invoke") {
      positions.set(key, position);
      since[position] = at;
      elements[position] = {
        value: op.value,
        known: undefined,
        lastPresent: undefined,
        lastAbsent: undefined,
      };
    } else if (op.type === "ok" && position < elements.length) {
      elements[position]!.known ??= op;
    }
  };

  const read = (read: Read, list: readonly Json[]) => {
    const { process } = read.completion;
    const known = latest.get(process);
    if (known !== undefined && goesOn(known, read, list)) {
      known.list = list;
      known.reads.push(read);
      return;
    }
    const fresh = { list, reads: [read] };
    latest.set(process, fresh);
    series.push(fresh);
  };

  history.forEach((op, at) => {
    if (!isClientOp(op)) return;
    if (op.f === addF) add(op, at);
    if (op.f !== "read") return;
    if (op.type === "invoke") reading.set(op.process, op);
    const asked = reading.get(op.process);
    if (op.type !== "ok" || asked === undefined) return;
    const { list, length } = listIn(op, "value") ?? { list: [], length: 0 };
    read({
      invocation: asked,
      completion: op,
      answeredAt: at,
      length,
    }, list);
  });
  for (const one of series) look(one, positions, elements, since);
  return elements;
}

/** Whether a read of a list begins with all that the last read of a series had. */
function goesOn(
  series: Series,
  { length }: Read,
  list: readonly Json[],
): boolean {
  const last = series.reads.at(-1)!;
  return length >= last.length && beginAlike(list, series.list, last.length);
}

/** Adds what a series shows of every element. */
function look(
  { list, reads }: Series,
  positions: ReadonlyMap<JsonKey, number>,
  elements: Element[],
  since: readonly number[],
): void {
  const last = reads.at(-1)!;
  const { length, answeredAt } = last;
  /** By element, the first read that has it. */
  const firsts = new Uint32Array(elements.length).fill(reads.length);
  let reading = reads.length - 1;
  for (let i = length - 1; i >= 0; i--) {
    while (reading > 0 && reads[reading - 1]!.length > i) reading--;
    const position = positions.get(jsonKey(list[i]!));
    if (position !== undefined) firsts[position] = reading;
  }
  for (let i = 0; i < elements.length; i++) {
    if (since[i]! > answeredAt) continue;
    const element = elements[i]!;
    const first = firstOf(reads, (read) => read.answeredAt > since[i]!);
    const shown = Math.max(first, firsts[i]!);
    if (first < shown) {
      const absent = reads[shown - 1]!;
      element.lastAbsent = later(element.lastAbsent, absent.invocation);
    }
    if (shown === reads.length) continue;
    element.lastPresent = later(element.lastPresent, last.invocation);
    const { completion } = reads[shown]!;
    const { known } = element;
    if (known === undefined || completion.index < known.index) {
      element.known = completion;
    }
  }
}

function judge(element: Element): Outcome {
  const { known, lastPresent, lastAbsent } = element;
  const present = lastPresent?.index ?? -1, absent = lastAbsent?.index ?? -1;
  const since = (last: Op | undefined) =>
    nanosToMillis(
      Math.max(0, (last ? last.time + 1 : 0) - (known?.time ?? 0)),
    );
  if (present > absent) {
    return { element, outcome: "stable", latency: since(lastAbsent) };
  }
  if (known && absent > known.index) {
    return { element, outcome: "lost", latency: since(lastPresent) };
  }
  return { element, outcome: "never-read", latency: null };
}

/**
 * For each stable element, when it was known, in nanoseconds, and for how long after that it was
 * still missing from some read, in whole milliseconds. {@link checkSetFull} gives quantiles of these.
 */
export function stableLatencies(
  history: readonly Op[],
  addF: string,
): { knownNs: number; latencyMs: number }[] {
  return observe(history, addF).map(judge)
    .filter(({ outcome }) => outcome === "stable")
    .map(({ element, latency }) => ({
      knownNs: element.known?.time ?? 0,
      latencyMs: latency ?? 0,
    }));
}

function distribution(latencies: number[]): { [quantile: string]: number } {
  return Object.fromEntries(
    QUANTILES.map((q) => [String(q), quantile(latencies, q)!]),
  );
}

function describe({ element, latency }: Outcome, addF: string): JsonObject {
  const { value, known, lastAbsent } = element;
  // Maelstrom gives its checker a history in which broadcasts are called adds.
  const shown = known?.f === addF ? { ...known, f: "add" } : known;
  return {
    element: value,
    outcome: "stable",
    "stable-latency": latency,
    "lost-latency": null,
    known: shown ? opJson(shown) : null,
    "last-absent": lastAbsent ? opJson(lastAbsent) : null,
  };
}

/**
 * Jepsen's `set-full`: the outcome of every element that a client tried to add.
 *
 * An element is *known* from the completion of its add on, or of the first read that has it. It is
 * *stable* if the last-invoked read has it, *lost* if that read lacks it although the element was known
 * before, and *never-read* otherwise. `stable-latencies` are quantiles, in milliseconds, of how long
 * after it was known an element was still missing from some read. Invalid if an element is lost,
 * unknown if none is stable.
 *
 * Duplicates in reads and values that nobody added go unnoticed, as in Jepsen 0.3.7, whose test for
 * duplicates is inverted.
 *
 * @param addF what adding is called in this history: `"broadcast"` or `"add"`
 */
export function checkSetFull(history: readonly Op[], addF: string): Results {
  const outcomes = observe(history, addF).map(judge);
  const of = (outcome: Outcome["outcome"]) =>
    outcomes.filter((o) => o.outcome === outcome);
  const stable = of("stable"), lost = of("lost"), neverRead = of("never-read");
  const stale = stable.filter(({ latency }) => latency! > 0);
  // Sorted ascending and then reversed, so the later of two equals is first.
  const worst = stale.toSorted((a, b) => a.latency! - b.latency!).reverse()
    .slice(0, WORST_SHOWN);
  const values = (some: Outcome[]) => some.map((o) => o.element.value);
  const latencies = (name: string, some: Outcome[]): JsonObject =>
    some.length === 0
      ? {}
      : { [name]: distribution(some.map((o) => o.latency!)) };
  return {
    "valid?": lost.length > 0 ? false : stable.length === 0 ? "unknown" : true,
    "attempt-count": outcomes.length,
    "stable-count": stable.length,
    "lost-count": lost.length,
    lost: values(lost),
    "never-read-count": neverRead.length,
    "never-read": values(neverRead),
    "stale-count": stale.length,
    stale: values(stale),
    "worst-stale": worst.map((o) => describe(o, addF)),
    "duplicated-count": 0,
    duplicated: {},
    ...latencies("stable-latencies", stable),
    ...latencies("lost-latencies", lost),
  };
}
