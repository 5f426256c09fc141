/**
 * Writes lines to stdout: in order, whole, and with few system calls.
 *
 * @module
 */
import { giveUp, type Stdio } from "./stdio.ts";

const NEWLINE = 10;

/** A write of up to this many bytes to a pipe is atomic: on a full, non-blocking pipe, nothing of it is written. */
const PIPE_BUF = 4_096;

/**
 * How many characters are collected at most. Larger batches cost less per message, but their first
 * message waits for their last.
 */
const BATCH = 32_768;

/**
 * Collects lines and writes them in pieces: when there are enough, when a batch of input has been
 * handled, and otherwise in a microtask. Writing is synchronous, which keeps the order and lets a
 * slow reader slow the node down.
 */
export class Output {
  #lines = "";
  #scheduled = false;
  readonly #encoder = new TextEncoder();
  readonly #piece = new Uint8Array(PIPE_BUF);
  readonly #stdio: Stdio;

  /** @param stdio where the lines go */
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
   * Writes all that has been collected. On a pipe that is non-blocking and full, Deno's stdout
   * throws without saying how much it has written (Node's and Bun's do say). A piece of at most
   * PIPE_BUF bytes that ends with a newline has then not been written at all.
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

/** Whether an error has this Unix error name. */
function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
