/**
 * The types of everything that is recorded during a run and judged after it.
 *
 * A history is one in Jepsen's sense: every operation of every client, as an invocation and,
 * later, a completion. A journal is every message on the network. Both have the form of
 * Maelstrom's recordings in `tests/golden/`, in memory and on disk, so one set of checkers
 * judges both.
 */
import { type Json, type JsonObject, stringify } from "./json.ts";
import {
  type Beginning,
  briefly,
  holding,
  lengthOf,
  LongLists,
} from "./lists.ts";

/**
 * The state of an operation: begun, or ended in success, in certain failure, or with unknown
 * outcome.
 */
export type OpType = "invoke" | "ok" | "fail" | "info";

/** The process of the nemesis's operations. */
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
  /** Its function: `"read"`, `"txn"`, `"start-partition"`, ... */
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

  /** @param lists keeps what clients have read */
  constructor(private readonly lists: LongLists = new LongLists()) {}

  /** Appends a line and gives it its index; a time before the last line's becomes that time. */
  add(op: Omit<Op, "index">): Op {
    const { ops } = this;
    const { time, type, process, f, value } = op as Omit<Op, "index">;
    // All lines get one shape: checkers read them many times.
    const line = {
      index: ops.length,
      time: Math.max(time as number, ops.at(-1)?.time ?? 0),
      type,
      process,
      f,
      value,
    } as Op;
    for (const key of Object.keys(op)) {
      if (!Object.hasOwn(line, key)) line[key] = op[key];
    }
    const list = Array.isArray(value) && this.lists.keep(value, `${process}`);
    const kept = list ? holding(line, "value", list) : line;
    ops.push(kept);
    return kept;
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

/** The fields of a body that identify a message. */
export interface Head {
  type?: Json | undefined;
  msg_id?: Json | undefined;
  in_reply_to?: Json | undefined;
}

/** An event without the rest of its message. */
export type EventHead = [
  kind: "send" | "recv",
  time: number,
  id: number,
  src: string,
  dest: string,
  head: Head,
];

/** What {@link visit} calls for each event, with its place in the journal; true ends the visit. */
export type Visitor = (
  kind: "send" | "recv",
  time: number,
  id: number,
  src: string,
  dest: string,
  index: number,
) => boolean | void;

/**
 * The events of a journal in order, as checkers read them: an array, or something smaller that
 * makes each event when it is read.
 */
export interface Events extends Iterable<JournalEvent> {
  readonly length: number;
  at(index: number): JournalEvent | undefined;
  find(wanted: (event: JournalEvent) => boolean): JournalEvent | undefined;
  filter(wanted: (event: JournalEvent) => boolean): JournalEvent[];
  some(wanted: (event: JournalEvent) => boolean): boolean;
  map<T>(change: (event: JournalEvent) => T): T[];
  /** If bodies are slow to read: the events between endpoints of these kinds. */
  among?(
    wanted: (src: string, dest: string) => boolean,
  ): Iterable<JournalEvent>;
  /** If bodies are slow to read: the events of these messages. */
  withIds?(ids: ReadonlySet<number>): Iterable<JournalEvent>;
  /** If events are slow to make: as {@link visit}. */
  visit?(see: Visitor): void;
  /** If bodies are slow to read: the head of an event's message. */
  headAt?(index: number): Head;
  /** If events are slow to make: the body of an event's message. */
  bodyAt?(index: number): Body;
  /** If bodies are slow to read: the length of the body of an event's message as JSON text. */
  lengthAt?(index: number): number;
  /** If bodies are slow to read: all events, with only their heads. */
  heads?(): Iterable<EventHead>;
  /**
   * If bodies are slow to read: the JSON text of each event; `tell` says what stands there for a
   * long list, if not all of it.
   */
  texts?(tell?: (list: Beginning) => Json): Iterable<string>;
  /** If bodies are slow to read: some of the events. */
  part?(wanted: (event: EventHead) => boolean): Events;
}

/** The events of a journal between endpoints of these kinds. */
export function among(
  events: Events,
  wanted: (src: string, dest: string) => boolean,
): Iterable<JournalEvent> {
  return events.among?.(wanted) ??
    events.filter(([, , , src, dest]) => wanted(src, dest));
}

/** The events of these messages in a journal. */
export function withIds(
  events: Events,
  ids: ReadonlySet<number>,
): Iterable<JournalEvent> {
  return events.withIds?.(ids) ?? events.filter(([, , id]) => ids.has(id));
}

/** The events of a journal, with only the heads of their messages. */
export function headsOf(events: Events): Iterable<EventHead> {
  return events.heads?.() ?? events;
}

/** The JSON text of each event of a journal, with something shorter for long lists if `tell` is given. */
export function* textsOf(
  events: Events,
  tell?: (list: Beginning) => Json,
): Generator<string> {
  const made = events.texts?.(tell);
  if (made !== undefined) return yield* made;
  for (const [kind, time, id, src, dest, body] of events) {
    const told = tell === undefined ? body : briefly(body, tell);
    yield stringify([kind, time, id, src, dest, told]);
  }
}

/**
 * Sees the events of a journal in order, until one is enough. Nothing is made for them: judges
 * go through all messages several times, and arrays and iterators of events were an eighth of
 * all that a campaign allocates.
 */
export function visit(events: Events, see: Visitor): void {
  if (events.visit) return events.visit(see);
  let index = 0;
  for (const [kind, time, id, src, dest] of events) {
    if (see(kind, time, id, src, dest, index++)) return;
  }
}

/** The head of the message of an event that {@link visit} shows. */
export function headAt(events: Events, index: number): Head {
  return events.headAt?.(index) ?? events.at(index)![5];
}

/** The length of the body of an event that {@link visit} shows, as JSON text. */
export function lengthAt(events: Events, index: number): number {
  return events.lengthAt?.(index) ?? lengthOf(events.at(index)![5]);
}

/** The body of an event that {@link visit} shows. */
export function bodyAt(events: Events, index: number): Body {
  return events.bodyAt?.(index) ?? events.at(index)![5];
}

/** Some events of a journal, chosen by their heads. */
export function partOf(
  events: Events,
  wanted: (event: EventHead) => boolean,
): Events {
  return events.part?.(wanted) ?? events.filter(wanted);
}

/** Whether a message is to or from a client. */
export function isWithClient(src: string, dest: string): boolean {
  return isClient(src) || isClient(dest);
}

/** Whether a message is between nodes, or a node and a service: S counts these. */
export function isBetweenServers(src: string, dest: string): boolean {
  return !isClient(src) && !isClient(dest);
}

/**
 * Something the workbench saw that is neither an operation nor a message. Maelstrom does not
 * keep it; the strict judge reads it.
 */
export interface Incident {
  /** Nanoseconds since the main phase began (negative during set-up). */
  time: number;
  /** The node concerned, e.g. `"n0"`. */
  node: string;
  type:
    | "protocol-violation" // a line after which Maelstrom ignores the node
    | "gone-client" // such a line: a reply to a client that had given up and gone
    | "foreign-source" // a message in another node's name, which Maelstrom delivers
    | "process-exit" // a process that ended by itself
    | "message-storm" // nodes set each other off without end
    | "stood-still" // the workbench itself did not run for a while: the machine slept, or was too busy
    | "journal-cut" // a file of the journal ends too early: some messages are not known
    | "stopped" // the workbench aborted the run, since a storm could only grow
    | "setup-failed" // no init_ok, or no answer to a set-up request: nothing could be tested
    | "kill" // the workbench killed the process (chaos)
    | "restart" // and started it again
    | "pause" // the workbench stopped the process
    | "resume"; // and let it continue
  text: string;
}

/** The flags of a run, without their dashes, as `tests/golden/` has them: `{"node-count": 5, "rate": 10}`. */
export type Options = { [flag: string]: Json | undefined };

/** What was asked after Maelstrom's part of the run, for the strict judge only. */
export interface Aftermath {
  /** Its operations; each has a `node` key with the name of the node it asked. */
  history: Op[];
  /** Messages after the end of the run, which count in no figure. */
  journal: Events;
  /** Nanoseconds since the main phase began at which all faults had ended. */
  healedAt: number;
}

/** What clients did in the calm at the end of a run, long after the last fault. */
export interface Calm {
  /** The operations of the run's own clients, with its own generator. */
  history: Op[];
  /** Its messages, which count in no figure. */
  journal: Events;
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
  /** For runs of the real Maelstrom, only what its log says. */
  incidents?: Incident[];
  /** Absent in recordings of the real Maelstrom, and for workloads without one. */
  aftermath?: Aftermath;
  /** For runs under chaos: whether nodes answer again when all is well. */
  calm?: Calm;
  /** Nanoseconds to add to a history's time to get a journal's; absent if unknown. */
  journalOrigin?: number;
  /** The program (`"kafka-5c"`), if it is one of ours: its promises are then judged too. */
  program?: string;
  /** The challenge (`"broadcast-3d"`) that a guest was tested as. */
  challenge?: string;
  /** Whether a malformed line muted its node, as in Maelstrom; if not, Maelstrom's verdict is unknown after one. */
  faithful?: boolean;
  /** The seed of the run, if it had one. */
  seed?: number;
  /** What a simulated program used that does not come from its node, a sentence each. */
  impurities?: string[];
  /** The fault profile of a simulated run; `official` faults are those of the options. */
  faults?: string;
  /** The machine of a simulated run. */
  machine?: string;
}

/** All operations of a run's clients in the order of time, those in the calm at its end included. */
export function wholeHistory({ history, calm }: Recording): Op[] {
  if (calm === undefined) return history;
  const later = calm.history.map((op) => ({
    ...op,
    index: op.index + history.length,
  }));
  return [...history, ...later];
}

/** Whether an operation belongs to a client, as opposed to the nemesis. */
export function isClientOp(op: Op): op is Op & { process: number } {
  return op.process !== NEMESIS;
}

/**
 * Whether a partition, as the nemesis describes it, `["isolated", {"n0": ["n1"]}]`, parts any
 * nodes: some kinds leave small clusters whole.
 */
export function isParting(value: Json): boolean {
  const grudge = Array.isArray(value) ? value[1] : null;
  return Object.values(Object(grudge)).some((sources) =>
    Array.isArray(sources) && sources.length > 0
  );
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

/** Whether a run never began, or was aborted. */
export function wasBrokenOff({ incidents = [] }: Recording): boolean {
  return incidents.some(({ type, time }) =>
    type === "stopped" || (type === "setup-failed" && time <= 0)
  );
}

/**
 * The node that a process talked to: workers are assigned to nodes round robin, and keep theirs
 * through crashes.
 */
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
 * How long this many messages one after another may take with the run's latencies, in
 * milliseconds; by default two, a request and its reply. It is added to bounds that exclude
 * network latency. Random latencies are counted at more than their worst, since messages also
 * wait behind each other.
 */
export function networkMs(options: Options, hops = 2): number {
  const mean = Number(options.latency ?? 0);
  const worst = { constant: 1, uniform: 3, exponential: 15 };
  const distribution = String(options["latency-dist"] ?? "constant");
  return hops * mean * (worst[distribution as keyof typeof worst] ?? 1);
}

/** Whether an endpoint is a client: its name tells, as in Maelstrom. */
export function isClient(id: string): boolean {
  return id.charCodeAt(0) === 99; // "c"
}

/** Options as they are typed: `--node-count 5 --rate 10`. */
export function flagsText(options: Options): string {
  return Object.entries(options)
    .map(([name, value]) => `--${name} ${shellWord(String(value))}`).join(" ");
}

/** A text, quoted as one word of a shell command. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
