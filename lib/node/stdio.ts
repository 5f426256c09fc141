/**
 * Stdin and stdout of the runtime: Deno, Node or Bun.
 *
 * @module
 */

/** What a process needs from its runtime: everything else used here is the same in all of them. */
export interface Stdio {
  /** What comes in: pieces that hold only until the next is asked for. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Writes some of a piece, synchronously: how many bytes. */
  write(piece: Uint8Array): number;
  /** Reports unhandled rejections, which would otherwise end the process. */
  onRejection(report: (reason: unknown) => void): void;
  /** Ends the process at once. */
  exit(status: number): never;
}

/** The runtime at hand: Deno, or what has Node's `process`. */
export const stdio = (): Stdio =>
  "Deno" in globalThis ? denoStdio() : nodeStdio();

/** Writes a line to stderr. Where that is full or closed it is lost: no node ends for what people would have read. */
export function log(text: string): void {
  try {
    console.error(text);
  } catch {
    // There is nobody to tell.
  }
}

/** Ends the process, with status 1, because of what it cannot do. */
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

/** Deno's stream of the same makes a new buffer for each piece. */
async function* denoInput(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(65_536);
  for (;;) {
    const length = await Deno.stdin.read(chunk);
    if (length === null) return;
    yield chunk.subarray(0, length);
  }
}

/** What is used here of Node's `process`, which Bun has, too. */
interface NodeProcess {
  readonly stdin: AsyncIterable<Uint8Array>;
  getBuiltinModule(name: "node:fs"): {
    writeSync(fd: number, piece: Uint8Array): number;
  };
  on(event: "unhandledRejection", report: (reason: unknown) => void): void;
  exit(status: number): never;
}

/** Nothing is imported: Deno has Node's modules, too, and takes 15 ms to load the first. */
function nodeStdio(): Stdio {
  const { process } = globalThis as unknown as { process: NodeProcess };
  const fs = process.getBuiltinModule("node:fs");
  return {
    input: process.stdin, // to `fs.read` it would keep Node from leaving while it waits
    write: (piece) => fs.writeSync(1, piece),
    onRejection: (report) => process.on("unhandledRejection", report),
    exit: (status) => process.exit(status),
  };
}
