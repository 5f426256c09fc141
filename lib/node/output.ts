/**
 * Lines to stdout: in order, whole, with few system calls.
 *
 * @module
 */
import { giveUp, type Stdio } from "./stdio.ts";

const NEWLINE = 10;

/** A pipe takes up to this many bytes as a whole or, when it is non-blocking and full, not at all. */
const PIPE_BUF = 4_096;

/** Larger batches cost less per message, but their first message waits for their last. */
const BATCH = 32_768;

/**
 * Collects lines and writes them in pieces: when there are enough, when a batch of input has
 * been handled, and otherwise as soon as the running code has ended. Writing is synchronous,
 * which keeps the order and lets a slow reader slow the node down.
 */
export class Output {
  #lines = "";
  #scheduled = false;
  readonly #encoder = new TextEncoder();
  readonly #piece = new Uint8Array(PIPE_BUF);
  readonly #stdio: Stdio;

  /** Lines go to this process's stdout. */
  constructor(stdio: Stdio) {
    this.#stdio = stdio;
  }

  /** Takes a line, without its newline. */
  line(text: string): void {
    if (this.#lines.length >= BATCH) this.flush();
    this.#lines += text + "\n";
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /**
   * Writes what there is. Deno's stdout throws when the pipe is non-blocking and full,
   * without saying how much it has taken (Node's and Bun's say it). Of a piece that fits
   * into PIPE_BUF and has nothing after its last newline, it has then taken nothing.
   */
  flush(): void {
    let lines = this.#lines;
    this.#lines = "";
    while (lines !== "") {
      let { read, written } = this.#encoder.encodeInto(lines, this.#piece);
      const newline = lines.lastIndexOf("\n", read - 1);
      if (newline !== -1) {
        read = newline + 1;
        written = this.#piece.lastIndexOf(NEWLINE, written - 1) + 1;
      }
      this.#write(this.#piece.subarray(0, written));
      lines = lines.slice(read);
    }
  }

  #write(piece: Uint8Array): void {
    for (;;) {
      try {
        const written = this.#stdio.write(piece);
        if (written === piece.length) return;
        piece = piece.subarray(written);
      } catch (error) {
        if (hasErrno(error, "EPIPE")) this.#stdio.exit(0);
        if (!hasErrno(error, "EAGAIN")) {
          giveUp(this.#stdio, "write to stdout", error);
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // sleeps 1 ms
      }
    }
  }
}

/** Whether an error has this name in Unix. */
function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
