/** Hosts executables: child processes that read and write lines of JSON on stdin and stdout. */
import { type Json, parseLine, stringify, TooDeep } from "../history/json.ts";
import {
  type Host,
  type HostEvents,
  LONGEST_LOG_LINE,
  type OpenHost,
} from "./host.ts";
import { LastWords } from "./last-words.ts";
import { Lines, LONGEST_LINE } from "./lines.ts";
import { isObject } from "./protocol.ts";

/** How long to wait for killed processes to exit, in milliseconds. */
const REAP_MS = 5_000;

/** For how long to go on reading after a process has exited, in milliseconds. */
const LAST_WORDS_MS = 100;

/** How long a process may take to exit after it has closed its stdin or stdout, in milliseconds. */
const ENDING_MS = 1_000;

/** A line that has not gone on for this long may never do so. */
const UNENDED_MS = 1_000;

const LF = 10;
const CR = 13; // which ends a line, too

/** After this many lines in a row that are no message, a node is ignored: it could keep the workbench busy for ever. */
const GARBAGE_READ = 1_000;

/** How many characters may wait for a node that does not read; the rest is lost. */
const MOST_UNREAD = 2 ** 27;

/**
 * How many may wait for all nodes together. Beyond that, nodes for which more than their share
 * waits lose messages.
 */
const MOST_UNREAD_BY_ALL = 2 ** 28;

/** About how many characters are written at a time, so that what waits need not be copied as a whole. */
const PIECE = 2 ** 16;

/** What to run, and what to do with its log. */
export interface ProcessOptions {
  /** The executable. */
  bin: string;
  /** Its arguments. */
  args: string[];
  /** Its working directory. */
  cwd: string;
  /** Called with every line a node writes to stderr. */
  onStderr?(node: string, line: string): void;
}

/**
 * Hosts an executable. Each node leads a process group of its own, so that processes that it starts
 * end with it.
 *
 * @throws {Error} from `start`, if the executable cannot be run; the message says why
 */
export function processes(options: ProcessOptions): OpenHost {
  return (_nodes, events): Host => {
    const running = new Map<string, NodeProcess>();
    const stderr = new Map<string, LastWords>();
    const ended: Promise<unknown>[] = [];
    let stopping = false, stopped = false;
    const kill = (node: string) => {
      const process = running.get(node);
      if (process === undefined) return;
      running.delete(node);
      process.kill();
      ended.push(process.ended);
    };
    return {
      start(node) {
        if (stopping) return; // the run is being interrupted
        const words = new LastWords();
        stderr.set(node, words);
        const process = new NodeProcess(node, options, events, (line) => {
          if (stopped) return;
          words.push(line);
          options.onStderr?.(node, line);
        }, (how) => {
          if (running.get(node) !== process) return; // it was killed
          running.delete(node);
          events.exited(node, how);
        });
        running.set(node, process);
      },
      started: () => new Promise((resolve) => setTimeout(resolve)),
      deliver(node, { id, src, dest, body }) {
        const process = running.get(node);
        if (process === undefined) return;
        if (isFull(process, running)) process.lose();
        else process.write(stringify({ id, src, dest, body }));
      },
      kill,
      pause: (node) => running.get(node)?.signal("SIGSTOP"),
      resume: (node) => running.get(node)?.signal("SIGCONT"),
      async stop() {
        stopping = true;
        for (const node of [...running.keys()]) kill(node);
        await within(REAP_MS, Promise.allSettled(ended));
        stopped = true;
      },
      lastLines: (node) => stderr.get(node)?.lines ?? [],
      silence: (node) => running.get(node)?.silence() ?? null,
      unended: (node) => running.get(node)?.unended ?? 0,
    };
  };
}

/** Returns a function that takes the lines that a node writes, and passes on those that are JSON. */
export function listener(
  node: string,
  events: Pick<HostEvents, "sent" | "garbage" | "more">,
): (line: string) => void {
  let garbage = 0;
  return (line) => {
    if (garbage >= GARBAGE_READ) return;
    let message: Json;
    try {
      if (line.length > LONGEST_LINE) throw new RangeError("it was cut");
      message = parseLine(line, (more) => events.more?.(node, more));
    } catch (error) {
      garbage++;
      const why = error instanceof TooDeep
        ? `is ${error.message}`
        : line.startsWith("\ufeff")
        ? "begins with a byte order mark, which nobody sees"
        : undefined;
      return events.garbage(node, line, why);
    }
    // A log line often begins with a date, whose year is JSON: all of the line says what it is.
    if (isObject(message)) {
      garbage = 0;
      return events.sent(node, message);
    }
    garbage++;
    events.garbage(node, line, "is no JSON object");
  };
}

/** Whether no more messages can be kept for a process. */
function isFull(
  { unread }: NodeProcess,
  running: ReadonlyMap<string, NodeProcess>,
): boolean {
  if (unread > MOST_UNREAD) return true;
  if (unread <= MOST_UNREAD_BY_ALL / running.size) return false;
  let all = 0;
  for (const process of running.values()) all += process.unread;
  return all > MOST_UNREAD_BY_ALL;
}

class NodeProcess {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  /** Lines for which the pipe had no room yet. */
  #unwritten: string[] = [];
  #writing = false;
  #killed = false;
  /** Whether it has been reported that it does not read its input. */
  #isDeaf = false;
  readonly #onDeaf: () => void;
  /** Whether its stdin was found closed. */
  #isUnreachable = false;
  readonly #onUnreachable: () => void;
  /** How many characters wait to be written. */
  unread = 0;
  /** How many bytes have come from stdout so far. */
  #bytes = 0;
  /** How many of them came after the last newline, and when bytes last came. */
  #tail = { bytes: 0, at: 0 };
  #lines = 0;
  #closed = false;
  /** Resolves when the process has exited and its output has been read. */
  readonly ended: Promise<void>;

  constructor(
    node: string,
    { bin, args, cwd }: ProcessOptions,
    events: HostEvents,
    onStderr: (line: string) => void,
    onExit: (how: string) => void,
  ) {
    this.#child = new Deno.Command(bin, {
      args,
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#onDeaf = () => events.deaf(node);
    this.#onUnreachable = () => events.unreachable?.(node);
    const listen = listener(node, events);
    const output = eachLine(this.#child.stdout, (line) => {
      this.#lines++;
      // A killed process may have been in the middle of a line.
      if (!this.#killed) listen(line);
    }, { onBytes: (bytes) => this.#count(bytes) });
    const errors = eachLine(this.#child.stderr, onStderr, {
      longest: LONGEST_LOG_LINE,
    });
    this.ended = this.#child.status.then(async ({ code, signal }) => {
      this.signal("SIGKILL");
      // Processes that have left the group may keep the pipes open: do not wait for them.
      await within(LAST_WORDS_MS, Promise.allSettled([output, errors]));
      onExit(signal === null ? `exit status ${code}` : `signal ${signal}`);
    });
    output.then(() => {
      this.#closed = true;
      this.#ifItRunsOn(() => events.closed(node));
    });
  }

  /** Calls back if the process does not exit soon. */
  async #ifItRunsOn(report: () => void): Promise<void> {
    if (!await within(ENDING_MS, this.ended)) report();
  }

  #count(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const end = bytes.at(-1) === CR ? bytes.length : bytes.lastIndexOf(LF) + 1;
    const before = end === 0 ? this.#tail.bytes : 0;
    this.#tail = {
      bytes: before + bytes.length - end,
      at: performance.now(),
    };
  }

  /** See {@link Host.unended}. */
  get unended(): number {
    const { bytes, at } = this.#tail;
    return performance.now() - at < UNENDED_MS ? 0 : bytes;
  }

  /** Why nothing has been heard from it, judging by its stdout; null if it wrote lines. */
  silence(): string | null {
    if (this.#closed) return "it closed its stdout";
    if (this.#lines > 0) return null;
    return this.#bytes === 0
      ? "it wrote nothing to stdout"
      : `it wrote ${this.#bytes} bytes to stdout without a newline`;
  }

  /** Writes a line. Lines that come while the pipe is full are later written together. */
  write(line: string): void {
    this.#unwritten.push(line);
    this.unread += line.length;
    if (!this.#writing) this.#pump();
  }

  /** Notes that a line is lost because too much is waiting. */
  lose(): void {
    if (!this.#isDeaf) this.#onDeaf();
    this.#isDeaf = true;
  }

  async #pump(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#unwritten.length > 0) {
        const lines = this.#unwritten;
        this.#unwritten = [];
        for (let i = 0; i < lines.length;) {
          let piece = "";
          while (i < lines.length && piece.length < PIECE) {
            piece += lines[i] + "\n";
            this.unread -= lines[i]!.length;
            lines[i++] = ""; // frees its memory
          }
          await this.#stdin.write(this.#encoder.encode(piece));
        }
      }
    } catch {
      this.#unwritten = [];
      this.unread = 0;
      const isNews = !this.#killed && !this.#isUnreachable;
      if (isNews) this.#ifItRunsOn(this.#onUnreachable);
      this.#isUnreachable = true;
    } finally {
      this.#writing = false;
    }
  }

  /** Ends the process; nothing more is heard from it. */
  kill(): void {
    this.#killed = true;
    this.signal("SIGKILL");
    this.#stdin.abort().catch(() => {});
  }

  /** Sends a signal to the process and to all processes of its group. */
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    try {
      Deno.kill(-this.#child.pid, signal);
    } catch {
      // The whole group has ended already.
    }
  }
}

/** Calls back with every line of a stream, including an incomplete last one. */
async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
  { longest, onBytes }: { longest?: number; onBytes?(bytes: Uint8Array): void },
): Promise<void> {
  const lines = new Lines(longest);
  const reader = stream.getReader();
  for (;;) {
    // An error means that the pipe is broken, which ends the stream.
    const { value } = await reader.read().catch(() => ({ value: undefined }));
    if (value === undefined) break;
    onBytes?.(value);
    for (const line of lines.push(value)) onLine(line);
  }
  for (const line of lines.end()) onLine(line);
}

/** Waits for a promise, but no longer than `ms`; returns whether it has settled. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const patience = Promise.withResolvers<boolean>();
  const timer = setTimeout(patience.resolve, ms, false);
  const settled = await Promise.race([work.then(() => true), patience.promise]);
  clearTimeout(timer);
  return settled;
}
