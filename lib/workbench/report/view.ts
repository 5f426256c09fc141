/**
 * What a run's page draws, small enough to be part of it: operations, messages, faults. All
 * times are seconds since the main phase began, to the microsecond.
 */
import { type Pair, pairs } from "../checkers/pairs.ts";
import {
  type Incident,
  isClient,
  type Op,
  type OpType,
  type Recording,
} from "../history/history.ts";
import { nodeOf, nodesOf, workersOf } from "../history/options.ts";
import { brief, cap, type Span } from "./cap.ts";
import { type Cut, cutsOf, type Down, downsOf } from "./cuts.ts";
import { type Flight, flightsOf, sendings, TYPES_SHOWN } from "./messages.ts";

/** A client's operation, from invocation to completion. */
export interface Call {
  /** The row it is drawn in: its worker. */
  row: number;
  process: number;
  /** The node it was sent to. */
  node: string;
  f: string;
  from: number;
  /** Null when the run ended first. */
  to: number | null;
  type: Exclude<OpType, "invoke"> | "open";
  asked: string;
  got: string;
}

/** A message that is drawn. */
export interface Hop extends Flight {
  /** Whether a client sends or receives it. */
  client: boolean;
}

/** A phase of a run. */
export interface Phase extends Span {
  name: string;
}

/** An incident. */
export interface Mark {
  at: number;
  /** What happened to which node. */
  text: string;
}

/** Everything that is drawn. */
export interface View extends Span {
  phases: Phase[];
  cuts: Cut[];
  downs: Down[];
  marks: Mark[];
  /** How many operations began in each of equal parts of the run, and how they ended. */
  density: { ok: number; bad: number }[];
  /** A label for each row of operations: `"client 0 of n0"`. */
  workers: string[];
  calls: Call[];
  /** Nodes, and services that somebody used: the rows of the spacetime diagram. */
  endpoints: string[];
  /** The most frequent types of messages between servers, in that order. */
  types: string[];
  hops: Hop[];
  /** Where operations and messages were left out, because there are too many. */
  omitted: { calls: Span[]; hops: Span[] };
  /** How many there are in all. */
  total: { calls: number; hops: number };
}

/** How many operations and messages a page has at most. */
export interface Caps {
  calls: number;
  serverHops: number;
  clientHops: number;
}

/** Leaves some room after the end of the run. */
const MARGIN = 1.02;

/** With these, the page of a large run has about 5 MB. */
const CAPS: Caps = {
  calls: 8_000,
  serverHops: 8_000,
  clientHops: 6_000,
};

/**
 * What is drawn of a recording.
 *
 * @param moments times near which nothing is left out if possible, in seconds
 */
export function viewOf(
  recording: Recording,
  moments: readonly number[] = [],
  caps: Caps = CAPS,
): View {
  const { history, options, aftermath, calm, incidents = [] } = recording;
  const all = [history, aftermath?.history ?? [], calm?.history ?? []];
  const calls = all.flatMap(pairs);
  const last = all.flat().at(-1);
  const limit = Number(options["time-limit"] ?? 60);
  const to = Math.max(limit, last === undefined ? 0 : seconds(last)) * MARGIN;
  const from = ({ invocation }: Pair) => seconds(invocation);
  const keptCalls = cap(calls, caps.calls, from, moments);
  const hops = hopsOf(recording, moments, caps);
  return {
    from: 0,
    to: micro(to),
    phases: phasesOf(recording, to),
    cuts: cutsOf(history, to),
    downs: downsOf(incidents, to),
    marks: incidents.map(markOf),
    density: densityOf(calls, to),
    workers: workersOfRun(recording),
    calls: keptCalls.kept.map((call) => callOf(recording, call)),
    endpoints: endpointsOf(recording, hops.others),
    types: typesOf(hops.kept),
    hops: hops.kept.map(hopOf),
    omitted: { calls: keptCalls.omitted, hops: hops.omitted },
    total: { calls: calls.length, hops: hops.total },
  };
}

function markOf({ time, node, type, text }: Incident): Mark {
  const told = text.startsWith(node) ? text : `${node}: ${text}`;
  const isNemesis = ["kill", "restart", "pause", "resume"].includes(type);
  return {
    at: micro(time / 1e9),
    text: isNemesis ? told : `${type}: ${told}`,
  };
}

/** The messages that are drawn. Of the others only sender and time are read. */
function hopsOf(
  recording: Recording,
  moments: readonly number[],
  caps: Caps,
) {
  const nodes = nodesOf(recording.options);
  const others = new Set<string>();
  // There may be millions: a message is its number in the order of sendings.
  const times: number[] = [], servers: number[] = [], clients: number[] = [];
  for (const { sent, src, dest } of sendings(recording)) {
    const number = times.push(sent) - 1;
    (isClient(src) || isClient(dest) ? clients : servers).push(number);
    for (const id of [src, dest]) {
      if (!isClient(id) && !nodes.includes(id)) others.add(id);
    }
  }
  const sent = (number: number) => times[number]!;
  const parts = [
    cap(servers, caps.serverHops, sent, moments),
    cap(clients, caps.clientHops, sent, moments),
  ];
  const numbers = parts.flatMap(({ kept }) => kept);
  const kept = flightsOf(recording, new Set(numbers))
    .sort((a, b) => a.sent - b.sent || a.id - b.id);
  const omitted = parts.flatMap(({ omitted }) => omitted);
  return { kept, omitted, others, total: times.length };
}

function seconds({ time }: Op): number {
  return time / 1e9;
}

/** Rounds to the microsecond, so that few digits are written. */
function micro(seconds: number): number {
  return Number(seconds.toFixed(6));
}

function callOf(
  { options }: Recording,
  { invocation, completion }: Pair,
): Call {
  const process = Number(invocation.process);
  // Operations of the aftermath say which node they ask.
  const { node } = invocation;
  const after = typeof node === "string";
  const error = completion?.error;
  return {
    row: after ? process : process % workersOf(options),
    process,
    node: after ? node : nodeOf(process, options),
    f: invocation.f,
    from: micro(seconds(invocation)),
    to: completion === undefined ? null : micro(seconds(completion)),
    type: completion === undefined
      ? "open"
      : completion.type as Exclude<OpType, "invoke">,
    asked: invocation.value === null ? "" : brief(invocation.value),
    got: completion === undefined
      ? ""
      : error !== undefined
      ? brief(error)
      : completion.value === null
      ? ""
      : brief(completion.value),
  };
}

/** How many parts a run has in the overview: fine enough for the widest window. */
const PARTS = 240;

function densityOf(calls: readonly Pair[], end: number): View["density"] {
  const parts = Array.from({ length: PARTS }, () => ({ ok: 0, bad: 0 }));
  for (const { invocation, completion } of calls) {
    const at = micro(seconds(invocation));
    const part = Math.min(PARTS - 1, Math.floor(at / end * PARTS));
    parts[part]![completion?.type === "ok" ? "ok" : "bad"]++;
  }
  return parts;
}

function hopOf(flight: Flight): Hop {
  const { src, dest, sent, arrived } = flight;
  return {
    ...flight,
    sent: micro(sent),
    arrived: arrived.map(micro),
    client: isClient(src) || isClient(dest),
  };
}

function workersOfRun({ options, aftermath }: Recording): string[] {
  const nodes = nodesOf(options);
  const rows = Math.max(workersOf(options), aftermath ? nodes.length : 0);
  return Array.from(
    { length: rows },
    (_, i) => `client ${i} of ${nodes[i % nodes.length]}`,
  );
}

function endpointsOf(
  { options }: Recording,
  others: ReadonlySet<string>,
): string[] {
  return [...nodesOf(options), ...[...others].sort()];
}

function typesOf(flights: readonly Flight[]): string[] {
  const counts = new Map<string, number>();
  for (const { type, src, dest } of flights) {
    if (isClient(src) || isClient(dest)) continue;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, TYPES_SHOWN)
    .map(([type]) => type);
}

/** The silence between main and final phase is 10 s; half of that tells it from a slow operation. */
const QUIET_SECONDS = 5;

function phasesOf(
  { history, options, aftermath, calm }: Recording,
  end: number,
): Phase[] {
  const limit = Number(options["time-limit"] ?? 60);
  const final = history.find(({ type, time }) =>
    type === "invoke" && time / 1e9 > limit + QUIET_SECONDS
  );
  const begins = [{ name: "main phase", from: 0 }];
  if (final !== undefined) {
    begins.push({ name: "quiet", from: limit });
    begins.push({ name: "final phase", from: seconds(final) });
  }
  if (aftermath !== undefined) {
    begins.push({ name: "asked afterwards", from: aftermath.healedAt / 1e9 });
  }
  const [first] = calm?.history ?? [];
  if (first !== undefined) begins.push({ name: "calm", from: seconds(first) });
  return begins.map(({ name, from }, i) => ({
    name,
    from: micro(from),
    to: micro(begins[i + 1]?.from ?? end),
  }));
}
