/**
 * The shapes of everything that is recorded during a run and judged after it.
 *
 * A history is what Jepsen means by the word: every operation of every client as
 * an invocation and, later, a completion. A journal is every message on the
 * network. Both have, in memory and on disk, the form in which Maelstrom's own
 * recordings are kept in `tests/golden/`, so that one set of checkers judges both.
 */
import { stringify } from "./json.ts";

/** Anything JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Json[]
  | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** How an operation stands: begun, or ended with success, with certain failure, or unknown. */
export type OpType = "invoke" | "ok" | "fail" | "info";

/** The process of an operation that no client made: the nemesis. */
export const NEMESIS = "nemesis";

/** One line of a history. */
export interface Op {
  /** Position in the history, from 0. */
  index: number;
  /** Nanoseconds since the main phase began. */
  time: number;
  type: OpType;
  /** A client process (an integer, never reused after an `info`), or {@link NEMESIS}. */
  process: number | string;
  /** What is done: `"read"`, `"txn"`, `"start-partition"`, ... */
  f: string;
  value: Json;
  /** Why it failed, or why its outcome is unknown: `"net-timeout"`, `["abort", "text"]`. */
  error?: Json;
  /** Set on operations whose reply broke the protocol. */
  exception?: Json;
  /** Set on the operations of the final phase. */
  "final?"?: boolean;
  /** Workloads may add keys of their own, as Maelstrom's do (kafka's `poll-ms`). */
  [key: string]: Json | undefined;
}

/** The history under construction. */
export class History {
  readonly ops: Op[] = [];

  /** Appends a line, which gets its index here; a time before the last line's becomes that. */
  add(op: Omit<Op, "index">): Op {
    const { ops } = this;
    const { time, type, process, f, value } = op as Omit<Op, "index">;
    // All lines in one form: checkers go through them many times.
    const line = {
      index: ops.length,
      time: Math.max(time as number, ops.at(-1)?.time ?? 0),
      type,
      process,
      f,
      value,
    } as Op;
    for (const key in op) {
      if (!Object.hasOwn(line, key)) line[key] = op[key];
    }
    ops.push(line);
    return line;
  }
}

/** A message body; `type` is mandatory on a real network, not in a recording. */
export type Body = JsonObject;

/** One event of the network: `[kind, time in ns, message id, src, dest, body]`. */
export type JournalEvent = [
  kind: "send" | "recv",
  time: number,
  id: number,
  src: string,
  dest: string,
  body: Body,
];

/** What tells a message from another, in the words of its body. */
export interface Head {
  type?: Json | undefined;
  msg_id?: Json | undefined;
  in_reply_to?: Json | undefined;
}

/** What is seen of an event without reading all of its message. */
export type EventHead = [
  kind: "send" | "recv",
  time: number,
  id: number,
  src: string,
  dest: string,
  head: Head,
];

/** How large a message is. */
export interface Size {
  /** When it was sent. */
  time: number;
  /** The length of its body as JSON text. */
  characters: number;
  isReply: boolean;
}

/**
 * The events of a journal in their order, as checkers read them: an array, or something
 * smaller that gives out each event when it is asked for.
 */
export interface Events extends Iterable<JournalEvent> {
  readonly length: number;
  at(index: number): JournalEvent | undefined;
  find(wanted: (event: JournalEvent) => boolean): JournalEvent | undefined;
  filter(wanted: (event: JournalEvent) => boolean): JournalEvent[];
  some(wanted: (event: JournalEvent) => boolean): boolean;
  map<T>(change: (event: JournalEvent) => T): T[];
  /** Where bodies take time to read: the events between such ends. */
  among?(
    wanted: (src: string, dest: string) => boolean,
  ): Iterable<JournalEvent>;
  /** Where bodies take time to read: the sizes of what was sent between such ends. */
  sizes?(wanted: (src: string, dest: string) => boolean): Iterable<Size>;
  /** Where bodies take time to read: the events of these messages. */
  withIds?(ids: ReadonlySet<number>): Iterable<JournalEvent>;
  /** Where bodies take time to read: all events, with no more than their heads. */
  heads?(): Iterable<EventHead>;
  /** Where bodies take time to read: some of the events. */
  part?(wanted: (event: EventHead) => boolean): Events;
}

/** The events of a journal whose messages go between such ends. */
export function among(
  events: Events,
  wanted: (src: string, dest: string) => boolean,
): Iterable<JournalEvent> {
  return events.among?.(wanted) ??
    events.filter(([, , , src, dest]) => wanted(src, dest));
}

/** How large the messages of a journal between such ends are, in the order of their sending. */
export function sizesOf(
  events: Events,
  wanted: (src: string, dest: string) => boolean,
): Iterable<Size> {
  return events.sizes?.(wanted) ??
    events.filter(([kind, , , src, dest]) =>
      kind === "send" && wanted(src, dest)
    ).map(([, time, , , , body]) => ({
      time,
      characters: stringify(body).length,
      isReply: body.in_reply_to !== undefined,
    }));
}

/** The events of these messages in a journal. */
export function withIds(
  events: Events,
  ids: ReadonlySet<number>,
): Iterable<JournalEvent> {
  return events.withIds?.(ids) ?? events.filter(([, , id]) => ids.has(id));
}

/** The events of a journal, for who does not read the messages. */
export function headsOf(events: Events): Iterable<EventHead> {
  return events.heads?.() ?? events;
}

/** Some events of a journal, chosen by who does not read the messages. */
export function partOf(
  events: Events,
  wanted: (event: EventHead) => boolean,
): Events {
  return events.part?.(wanted) ?? events.filter(wanted);
}

/** Whether a message has a client at one of its ends. */
export function isWithClient(src: string, dest: string): boolean {
  return isClient(src) || isClient(dest);
}

/** Whether a message goes between nodes, or a node and a service: it counts in S. */
export function isBetweenServers(src: string, dest: string): boolean {
  return !isClient(src) && !isClient(dest);
}

/**
 * Something the harness saw that is neither an operation nor a message.
 * Maelstrom keeps none of it; the strict judge reads it.
 */
export interface Incident {
  /** Nanoseconds since the main phase began (negative during set-up). */
  time: number;
  /** The node concerned, e.g. `"n0"`. */
  node: string;
  type:
    | "protocol-violation" // a line after which Maelstrom hears the node no more
    | "gone-client" // one of those: a reply to a client that had given up and gone
    | "foreign-source" // a message signed as somebody else, which Maelstrom carries
    | "process-exit" // a process that ended before it was told to
    | "message-storm" // nodes set each other off without end
    | "stood-still" // the harness itself did not run for a while: the machine slept, or was too busy
    | "stopped" // the harness broke the run off, since a storm could only grow
    | "setup-failed" // no init_ok, or no answer to a set-up request: nothing could be tested
    | "kill" // the harness killed the process (chaos)
    | "restart" // and started it again
    | "pause" // the harness stopped the process where it was
    | "resume"; // and let it go on
  text: string;
}

/** The flags of a run, without their dashes, as `tests/golden/` has them: `{"node-count": 5, "rate": 10}`. */
export type Options = { [flag: string]: Json | undefined };

/** What was asked after the run that Maelstrom would have made, for the strict judge only. */
export interface Aftermath {
  /** Its operations; each has a `node` key with the name of the node it asked. */
  history: Op[];
  /** Messages from the end of the run on, which count in no figure. */
  journal: Events;
  /** Nanoseconds since the main phase began at which all faults had ended. */
  healedAt: number;
}

/** A whole run, ready to be judged. */
export interface Recording {
  /** A name for people: a golden label, or the program's name. */
  label?: string;
  workload: string;
  options: Options;
  /** Exit status of the run where it was recorded: 0 valid, 1 invalid, 2 unknown, 255 crashed. */
  exit?: number;
  /** The verdict given when it was recorded. */
  results?: JsonObject | null;
  history: Op[];
  journal: Events;
  /** Of the real Maelstrom's runs only what its log tells. */
  incidents?: Incident[];
  /** Absent in recordings of the real Maelstrom, and in workloads that need none. */
  aftermath?: Aftermath;
  /** Nanoseconds to add to a history's time to get a journal's; absent where it is unknown. */
  journalOrigin?: number;
  /** The scenario's program (`"kafka-5c"`), when it is one of ours: its promises are then judged too. */
  program?: string;
  /** The challenge (`"broadcast-3d"`) that another's program was tested as. */
  challenge?: string;
  /** Whether nodes were muted by a broken line, as they are by Maelstrom; where not, its verdict is not known after one. */
  faithful?: boolean;
  /** The seed of the run, where there was one. */
  seed?: number;
  /** What a simulated program used that is not its node's, a sentence each. */
  impurities?: string[];
  /** The fault profile of a simulated run; `official` faults are those of the options. */
  faults?: string;
  /** The machine of a simulated run. */
  machine?: string;
}

/** Whether an operation belongs to a client, as opposed to the nemesis. */
export function isClientOp(op: Op): op is Op & { process: number } {
  return op.process !== NEMESIS;
}

/** The nodes of a run: `--nodes` if given, else n0 .. n(N-1) for `--node-count`, else n1 .. n5. */
export function nodesOf(options: Options): string[] {
  const { nodes, "node-count": count } = options;
  if (typeof nodes === "string") return nodes.split(",");
  if (count === undefined) return ["n1", "n2", "n3", "n4", "n5"];
  return Array.from({ length: Number(count) }, (_, i) => `n${i}`);
}

/** The number of workers of a run: `--concurrency`, where a suffix n multiplies by the number of nodes. */
export function workersOf(options: Options): number {
  const match = /^(\d+)(n?)$/.exec(String(options.concurrency ?? "1n"));
  if (match === null) {
    throw new Error(
      `Cannot read concurrency "${options.concurrency}": use a number, or one with the suffix n as in 2n`,
    );
  }
  return Number(match[1]) * (match[2] === "n" ? nodesOf(options).length : 1);
}

/** Whether a run never began, or ended before its time. */
export function wasBrokenOff({ incidents = [] }: Recording): boolean {
  return incidents.some(({ type, time }) =>
    type === "stopped" || (type === "setup-failed" && time <= 0)
  );
}

/** The node that a process talked to: workers go round the nodes, and keep theirs through crashes. */
export function nodeOf(process: number, options: Options): string {
  const nodes = workerNodes.get(options) ?? nodesOfWorkers(options);
  return nodes[process % nodes.length]!;
}

/** By options, the node of each worker: judges ask for every operation. */
const workerNodes = new WeakMap<Options, string[]>();

function nodesOfWorkers(options: Options): string[] {
  const all = nodesOf(options);
  const nodes = Array.from(
    { length: workersOf(options) },
    (_, i) => all[i % all.length]!,
  );
  workerNodes.set(options, nodes);
  return nodes;
}

/**
 * What so many messages one after another (if nothing is said, a message and the answer to
 * it) may take by the run's own latencies, in milliseconds. A bound beyond the network's
 * own time is judged with this added. Random latencies are counted at more than their
 * worst, since messages also wait behind each other.
 */
export function networkMs(options: Options, hops = 2): number {
  const mean = Number(options.latency ?? 0);
  const worst = { constant: 1, uniform: 3, exponential: 15 };
  const distribution = String(options["latency-dist"] ?? "constant");
  return hops * mean * (worst[distribution as keyof typeof worst] ?? 1);
}

/** Whether an endpoint is a client: that is all its name says, in Maelstrom too. */
export function isClient(id: string): boolean {
  return id.charCodeAt(0) === 99; // "c"
}

/** Options as one would type them: `--node-count 5 --rate 10`. */
export function flagsText(options: Options): string {
  return Object.entries(options)
    .map(([name, value]) => `--${name} ${shellWord(String(value))}`).join(" ");
}

/** A text as one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
