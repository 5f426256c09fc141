/** Any executable as a node: child processes that talk JSON lines over stdin and stdout. */
import {
  type Host,
  type HostEvents,
  KEPT_LINES,
  type OpenHost,
} from "./host.ts";
import { LineBuffer } from "../../maelstrom.ts";

/** How long to wait for a killed process to be gone, in milliseconds. */
const REAP_MS = 5_000;

/** How long to read on after a process has ended, in milliseconds. */
const LAST_WORDS_MS = 100;

/** What to run, and what to do with its words. */
export interface ProcessOptions {
  /** The executable. */
  bin: string;
  /** Its arguments. */
  args: string[];
  /** Its working directory. */
  cwd: string;
  /** Gets every line a node writes to stderr. */
  onStderr?(node: string, line: string): void;
}

/**
 * Hosts an executable.
 *
 * @throws {Error} (from `start`) the executable cannot be run; the message says why
 */
export function processes(options: ProcessOptions): OpenHost {
  return (_nodes, events): Host => {
    const running = new Map<string, NodeProcess>();
    const stderr = new Map<string, string[]>();
    const ended: Promise<unknown>[] = [];
    const kill = (node: string) => {
      const process = running.get(node);
      if (process === undefined) return;
      running.delete(node);
      process.kill();
      ended.push(process.ended);
    };
    return {
      start(node) {
        const lines: string[] = [];
        stderr.set(node, lines);
        const process = new NodeProcess(node, options, events, (line) => {
          if (lines.push(line) > KEPT_LINES) lines.shift();
          options.onStderr?.(node, line);
        }, (how) => {
          if (running.get(node) !== process) return;
          running.delete(node);
          events.exited(node, how);
        });
        running.set(node, process);
      },
      deliver(node, { id, src, dest, body }) {
        running.get(node)?.write(JSON.stringify({ id, src, dest, body }));
      },
      kill,
      async stop() {
        for (const node of [...running.keys()]) kill(node);
        const { promise: patience, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, REAP_MS);
        await Promise.race([Promise.all(ended), patience]);
        clearTimeout(timer);
      },
      lastLines: (node) => stderr.get(node) ?? [],
    };
  };
}

class NodeProcess {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  #unwritten = "";
  #writing = false;
  /** Resolves when the process is gone and its output has been read. */
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
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    const output = eachLine(this.#child.stdout, (line) => {
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        return events.garbage(node, line);
      }
      events.sent(node, message);
    });
    const errors = eachLine(this.#child.stderr, onStderr);
    this.ended = this.#child.status.then(async ({ code, signal }) => {
      // Children that a node left behind may hold its pipes open: do not wait for those.
      const last = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
      await Promise.race([Promise.all([output, errors]), last]);
      onExit(signal === null ? `exit status ${code}` : `signal ${signal}`);
    });
  }

  /** Writes a line; what comes while the pipe is full is written in one piece later. */
  write(line: string): void {
    this.#unwritten += line + "\n";
    if (!this.#writing) this.#pump();
  }

  async #pump(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#unwritten !== "") {
        const bytes = this.#encoder.encode(this.#unwritten);
        this.#unwritten = "";
        await this.#stdin.write(bytes);
      }
    } catch {
      // The process is gone: its exit is reported by itself.
    } finally {
      this.#writing = false;
    }
  }

  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    this.#stdin.abort().catch(() => {});
  }
}

/** Calls back with every line of a stream, the last incomplete one included. */
async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const lines = new LineBuffer();
  try {
    for await (const chunk of stream) {
      for (const line of lines.push(chunk)) onLine(line);
    }
  } catch {
    // The pipe broke: what was read has been handled.
  }
  const rest = lines.end();
  if (rest !== "") onLine(rest);
}
