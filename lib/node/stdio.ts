/**
 * Stdin and stdout of the runtime: Deno, Node or Bun.
 *
 * @module
 */

/** What a process uses of its runtime that differs between runtimes. */
export interface Stdio {
  /** The input, in pieces. Each piece is valid only until the next one is asked for. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Writes some or all of a piece, synchronously; returns how many bytes. */
  write(piece: Uint8Array): number;
  /** Reports unhandled rejections, which would otherwise end the process. */
  onRejection(report: (reason: unknown) => void): void;
  /** Ends the process at once. */
  exit(status: number): never;
}

/** The stdin and stdout of this runtime: Deno, or one that has Node's `process`. */
export const stdio = (): Stdio =>
  "Deno" in globalThis ? denoStdio() : nodeStdio();

/**
 * Writes a line to stderr. If stderr is full or closed, the line is lost; a node must not end
 * because of its log.
 */
export function log(text: string): void {
  try {
    console.error(text);
  } catch {
    // There is nobody to tell.
  }
}

/** Ends the process with status 1, and says what it cannot do. */
export function giveUp(io: Stdio, cannot: string, error: unknown): never {
  log(`Cannot ${cannot}: ${error instanceof Error ? error.message : error}`);
  io.exit(1);
}

function denoStdio(): Stdio {
  return {
    input: denoInput(),
    write: (piece) => Deno.stdout.writeSync(piece),
    onRejection(report) {
      globalThis.addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        report(event.reason);
      });
    },
    exit: (status) => Deno.exit(status),
  };
}

/** As `Deno.stdin.readable`, which would allocate a new buffer for each piece. */
async function* denoInput(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(65_536);
  for (;;) {
    const length = await Deno.stdin.read(chunk);
    if (length === null) return;
    yield chunk.subarray(0, length);
  }
}

/** What is used here of Node's `process`, which Bun has as well. */
interface NodeProcess {
  readonly stdin: AsyncIterable<Uint8Array>;
  getBuiltinModule(name: "node:fs"): {
    writeSync(fd: number, piece: Uint8Array): number;
  };
  on(event: "unhandledRejection", report: (reason: unknown) => void): void;
  exit(status: number): never;
}

/** Imports nothing from `node:`: in Deno, loading the first such module takes 15 ms. */
function nodeStdio(): Stdio {
  const { process } = globalThis as unknown as { process: NodeProcess };
  const fs = process.getBuiltinModule("node:fs");
  return {
    input: process.stdin, // a pending `fs.read` would keep Node from exiting
    write: (piece) => fs.writeSync(1, piece),
    onRejection: (report) => process.on("unhandledRejection", report),
    exit: (status) => process.exit(status),
  };
}
