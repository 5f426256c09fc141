/**
 * Errors as Maelstrom has them: a code, and a text for people.
 *
 * @module
 */

/** Maelstrom's error codes, by name. Codes from 1000 on are free for programs and always indefinite. */
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

/** An error reply: thrown by `rpc` when one comes (or none: code 0), by a handler to send one. */
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

// An error in all but the stack: most are part of a protocol, and Deno takes longer to record it than for a whole call.
Object.setPrototypeOf(RpcError.prototype, Error.prototype);

/** What was thrown, in words. Anything can be, even what cannot be converted to text. */
export function wordsOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "an object without a text";
  }
}

/** What was thrown, with where it was thrown, if that is known. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.stack || wordsOf(thrown);
}
