/**
 * Maelstrom's errors: a code, and a text for people.
 *
 * @module
 */

/** Maelstrom's error codes by name. Codes from 1000 on are free for programs to use, and are indefinite. */
export const ErrorCode = {
  timeout: 0,
  nodeNotFound: 1,
  notSupported: 10,
  temporarilyUnavailable: 11,
  malformedRequest: 12,
  crash: 13,
  abort: 14,
  keyDoesNotExist: 20,
  keyAlreadyExists: 21,
  preconditionFailed: 22,
  txnConflict: 30,
} as const;

const CODES: ReadonlySet<number> = new Set(Object.values(ErrorCode));

/** An error reply: thrown by `rpc` when one arrives, or none in time (code 0); by a handler, to send one. */
export class RpcError implements Error {
  /** @ignore `"RpcError"` */
  readonly name = "RpcError";

  /** One of {@link ErrorCode}, or a number of the program's own from 1000 on. */
  readonly code: number;

  /** For people. */
  readonly message: string;

  /** An error with a code, and a text for people. */
  constructor(code: number, text: string) {
    this.code = code;
    this.message = text;
  }

  /** @ignore The name and the text alone. */
  get stack(): string {
    return String(this);
  }

  /** Whether the request certainly did not and will not take effect. */
  get definite(): boolean {
    const { timeout, crash } = ErrorCode;
    return CODES.has(this.code) && this.code !== timeout && this.code !== crash;
  }
}

// It is an Error except that it has no stack trace: most are an ordinary part of a protocol, and
// recording a stack trace takes Deno longer than an entire call.
Object.setPrototypeOf(RpcError.prototype, Error.prototype);

/**
 * A thrown value as text, an object that has none as JSON. Anything can be thrown, even a value
 * that cannot be converted to either.
 */
export function wordsOf(thrown: unknown): string {
  try {
    const words = String(thrown);
    return words === "[object Object]" ? `${JSON.stringify(thrown)}` : words;
  } catch {
    return "an object without a text";
  }
}

/** A thrown value as text, with its stack trace if it has one. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.stack || wordsOf(thrown);
}
