/**
 * The types of everything that is recorded during a run and judged after it.
 *
 * A history is what Jepsen calls one: every operation of every client, as an invocation and a
 * later completion. A journal is every message on the network. In memory and on disk, both have
 * the form of the recordings of Maelstrom in `tests/golden/`, so the same checkers judge these.
 */
import type { Options } from "./options.ts";
import {
  asText,
  beginning,
  type Json,
  type JsonObject,
  stringify,
} from "./json.ts";
import {
  type Beginning,
  briefly,
  holding,
  lengthOf,
  LongLists,
} from "./lists.ts";

/**
 * The state of an operation: invoked, or completed with success, certain failure, or unknown
 * outcome.
 */
export type OpType = "invoke" | "ok" | "fail" | "info";

/** The `process` of the nemesis's operations. */
export const NEMESIS = "nemesis";

/** One line of a history. */
export interface Op {
  /** Position in the history, from 0. */
  index: number;
  /** Nanoseconds since the main phase began. */
  time: number;
  type: OpType;
  /** A client process, which is an integer and never reused after an `info`; or {@link NEMESIS}. */
  process: number | string;
  /** The function it performs: `"read"`, `"txn"`, `"start-partition"`, ... */
  f: string;
  value: Json;
  /** Why it failed, or why its outcome is unknown: `"net-timeout"`, `["abort", "text"]`. */
  error?: Json;
  /** Set on operations whose reply broke the protocol. */
  exception?: Json;
  /** Set on the operations of the final phase. */
  "final?"?: boolean;
  /** Workloads may add keys of their own, as Maelstrom's do (such as kafka's `poll-ms`). */
  [key: string]: Json | undefined;
}

/** Whether a client gave up waiting, as the workbench or as Maelstrom records it. */
export function isTimeout({ error, exception }: Op): boolean {
  return error === "net-timeout" || exception === "NetTimeout" ||
    error === "indeterminate: Client read timeout";
}

/** Builds a history. */
export class History {
  readonly ops: Op[] = [];

  /** @param lists keeps what clients have read */
  constructor(private readonly lists: LongLists = new LongLists()) {}

  /** Appends a line and gives it its index. A time before that of the last line is raised to that. */
  add(op: Omit<Op, "index">): Op {
    const { ops } = this;
    const { time, type, process, f, value } = op as Omit<Op, "index">;
    // All lines get the same shape in V8: checkers read them many times.
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

/** A message body. On a real network `type` is mandatory; in a recording it is not. */
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

/** An event with only the head of its message's body. */
export type EventHead = [
  kind: "send" | "recv",
  time: number,
  id: number,
  src: string,
  dest: string,
  head: Head,
];

/** What {@link visit} calls for each event, with its index in the journal; returning true ends the visit. */
export type Visitor = (
  kind: "send" | "recv",
  time: number,
  id: number,
  src: string,
  dest: string,
  index: number,
) => boolean | void;

/**
 * The events of a journal in order, as checkers read them: an array, or a more compact form that
 * makes each event when it is read.
 */
export interface Events extends Iterable<JournalEvent> {
  readonly length: number;
  at(index: number): JournalEvent | undefined;
  find(wanted: (event: JournalEvent) => boolean): JournalEvent | undefined;
  filter(wanted: (event: JournalEvent) => boolean): JournalEvent[];
  some(wanted: (event: JournalEvent) => boolean): boolean;
  map<T>(change: (event: JournalEvent) => T): T[];
  /** If bodies are slow to read: as {@link among}. */
  among?(
    wanted: (src: string, dest: string) => boolean,
  ): Iterable<JournalEvent>;
  /** If bodies are slow to read: as {@link withIds}. */
  withIds?(ids: ReadonlySet<number>): Iterable<JournalEvent>;
  /** If events are slow to make: as {@link visit}. */
  visit?(see: Visitor): void;
  /** If bodies are slow to read: as {@link headAt}. */
  headAt?(index: number): Head;
  /** If events are slow to make: as {@link bodyAt}. */
  bodyAt?(index: number): Body;
  /** If bodies are slow to read: as {@link lengthAt}. */
  lengthAt?(index: number): number;
  /** If bodies are slow to read: as {@link headsOf}. */
  heads?(): Iterable<EventHead>;
  /** If bodies are slow to read: as {@link textsOf}. */
  texts?(tell?: (list: Beginning) => Json): Iterable<string>;
  /** If bodies are slow to read: as {@link partOf}. */
  part?(wanted: (event: EventHead) => boolean): Events;
}

/** The events of a journal whose sender and receiver satisfy a condition. */
export function among(
  events: Events,
  wanted: (src: string, dest: string) => boolean,
): Iterable<JournalEvent> {
  return events.among?.(wanted) ??
    events.filter(([, , , src, dest]) => wanted(src, dest));
}

/** The events of the messages with these ids. */
export function withIds(
  events: Events,
  ids: ReadonlySet<number>,
): Iterable<JournalEvent> {
  return events.withIds?.(ids) ?? events.filter(([, , id]) => ids.has(id));
}

/** All events of a journal, with only the heads of their messages. */
export function headsOf(events: Events): Iterable<EventHead> {
  return events.heads?.() ?? events;
}

/**
 * The JSON text of each event of a journal.
 *
 * @param tell what to write in place of a long list; the whole list if not given
 */
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
 * Calls back with each event of a journal in order, until the visitor returns true. It allocates
 * nothing: judges go through all messages several times, and with arrays or iterators of events
 * an eighth of all that a campaign allocates would be for this.
 */
export function visit(events: Events, see: Visitor): void {
  if (events.visit) return events.visit(see);
  let index = 0;
  for (const [kind, time, id, src, dest] of events) {
    if (see(kind, time, id, src, dest, index++)) return;
  }
}

/** The head of the message of the event at an index. */
export function headAt(events: Events, index: number): Head {
  return events.headAt?.(index) ?? events.at(index)![5];
}

/** The length, as JSON text, of the message's body of the event at an index. */
export function lengthAt(events: Events, index: number): number {
  return events.lengthAt?.(index) ?? lengthOf(events.at(index)![5]);
}

/** The message's body of the event at an index. */
export function bodyAt(events: Events, index: number): Body {
  return events.bodyAt?.(index) ?? events.at(index)![5];
}

/** A longer type of a message is cut: it has more in it than a type. */
const LONGEST_TYPE = 60;

/** The type of a message as text, for people. */
export function typeName({ type }: Head): string {
  return type === undefined
    ? "(no type)"
    : beginning(asText(type), LONGEST_TYPE);
}

/** The events of a journal whose heads satisfy a condition. */
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

/** Whether a message is between nodes, or between a node and a service: S counts these. */
export function isBetweenServers(src: string, dest: string): boolean {
  return !isClient(src) && !isClient(dest);
}

/**
 * Something that the workbench saw or did and that is neither an operation nor a message.
 * Maelstrom does not record such things; the strict judge reads them.
 */
export interface Incident {
  /** Nanoseconds since the main phase began (negative during set-up). */
  time: number;
  /** The node concerned, e.g. `"n0"`. */
  node: string;
  type:
    | "protocol-violation" // a line after which Maelstrom ignores the node
    | "gone-client" // such a line: a reply to a client that had given up and left
    | "stdout-closed" // by a node that runs on: nothing more can be heard from it
    | "stdin-closed" // the same: nothing more can be said to it
    | "unknown-to-service" // a request of a type that the service does not know, and never answers
    | "unread-output" // what follows the first value of a line, or ends without a newline
    | "foreign-source" // a message whose src is another node, which Maelstrom delivers
    | "process-exit" // a process exited by itself
    | "message-storm" // nodes triggered each other without end
    | "stood-still" // the workbench itself did not run for a while: the machine slept, or was too busy
    | "journal-cut" // a file of the journal ends too early: some messages are not known
    | "stopped" // the workbench aborted the run: a storm, full memory, or no node left
    | "setup-failed" // no init_ok, or no answer to a set-up request: nothing could be tested
    | "kill" // the workbench killed the process (chaos)
    | "restart" // and started it again
    | "pause" // the workbench stopped the process
    | "resume"; // and let it continue
  text: string;
  /** Of `"gone-client"`: which client's request was answered, by its `msg_id`. */
  request?: { client: string; number: Json };
}

/** What nodes were asked after Maelstrom's part of the run, for the strict judge only. */
export interface Aftermath {
  /** Its operations. Each has a key `node`, the name of the node it asked. */
  history: Op[];
  /** Its messages, which count in no figure. */

  journal: Events;
  /** Nanoseconds since the main phase began at which all faults had ended. */
  healedAt: number;
}

/** What clients did in the calm that follows a run, long after the last fault. */
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
  /** The program (`"kafka-5c"`), if it is one of ours: the strict judge then holds it to its promises. */
  program?: string;
  /** The challenge (`"broadcast-3d"`) that a guest was tested as. */
  challenge?: string;
  /**
   * Whether a malformed line muted its node, as in Maelstrom. If not, Maelstrom's verdict is
   * unknown after such a line.
   */
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

/** All operations of a run's clients in the order of time, including those of the calm. */
export function wholeHistory({ history, calm }: Recording): Op[] {
  if (calm === undefined) return history;
  const later = calm.history.map((op) => ({
    ...op,
    index: op.index + history.length,
  }));
  return [...history, ...later];
}

/** Whether an operation is a client's, as opposed to the nemesis's. */
export function isClientOp(op: Op): op is Op & { process: number } {
  return op.process !== NEMESIS;
}

/**
 * Whether a partition, described by the nemesis as in `["isolated", {"n0": ["n1"]}]`, separates any
 * nodes: some kinds leave small clusters whole.
 */
export function isParting(value: Json): boolean {
  const grudge = Array.isArray(value) ? value[1] : null;
  return Object.values(Object(grudge)).some((sources) =>
    Array.isArray(sources) && sources.length > 0
  );
}

/** Whether a run never began, or was aborted before its end. */
export function wasBrokenOff({ incidents = [] }: Recording): boolean {
  return incidents.some(({ type, time }) =>
    type === "stopped" || (type === "setup-failed" && time <= 0)
  );
}

/** Whether an endpoint is a client: as in Maelstrom, its name begins with c. */
export function isClient(id: string): boolean {
  return id.charCodeAt(0) === 99; // "c"
}
