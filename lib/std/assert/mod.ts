/**
 * A local edition of `@std/assert`: what this repository uses of it, under the published
 * names and signatures, on top of Deno's own `node:assert`. Without `links` in
 * `deno.json` the published package takes its place.
 *
 * One difference: {@link assertEquals} tells an object without a prototype from one with
 * `Object`'s, which the published one does not.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

// deno-lint-ignore no-explicit-any -- the published signature
type ErrorConstructor<E extends Error> = abstract new (...args: any[]) => E;

const suffix = (msg: string | undefined) => msg ? `: ${msg}` : ".";

function check(holds: boolean, text: string, msg: string | undefined): void {
  if (!holds) throw new AssertionError(text + suffix(msg));
}

/** Asserts that a value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that two values are equal in depth: same types, same structure. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    const difference = (error as Error).message;
    throw new AssertionError(
      `Values are not equal${suffix(msg)}\n\n${difference}`,
    );
  }
}

/** Asserts that two values are not equal in depth. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(
    !isDeepStrictEqual(actual, expected),
    `Expected actual: ${inspect(actual)} not to be: ${inspect(expected)}`,
    msg,
  );
}

/** Asserts that two values are the same, by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  check(
    Object.is(actual, expected),
    `Values are not strictly equal: ${inspect(actual)} and ${
      inspect(expected)
    }`,
    msg,
  );
}

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any -- the published signature
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  check(
    actual instanceof expectedType,
    `Expected object to be an instance of "${expectedType.name}" but was ${
      inspect(actual)
    }`,
    msg,
  );
}

/** Asserts that a string matches a regular expression. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  check(
    expected.test(actual),
    `Expected actual: "${actual}" to match: "${expected}"`,
    msg,
  );
}

/** Asserts that a string has another within it. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  check(
    actual.includes(expected),
    `Expected actual: "${actual}" to contain: "${expected}"`,
    msg,
  );
}

/** Asserts that two numbers differ by no more than the tolerance (1e-7 of the expected one). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  tolerance ??= isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7;
  check(
    delta <= tolerance,
    `Expected actual: "${actual}" to be close to "${expected}": delta "${delta}" is greater than "${tolerance}"`,
    msg,
  );
}

/** Asserts `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  check(
    actual > expected,
    `Expect ${inspect(actual)} > ${inspect(expected)}`,
    msg,
  );
}

/** Asserts `actual >= expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  check(
    actual >= expected,
    `Expect ${inspect(actual)} >= ${inspect(expected)}`,
    msg,
  );
}

/** Asserts `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  check(
    actual < expected,
    `Expect ${inspect(actual)} < ${inspect(expected)}`,
    msg,
  );
}

/** Asserts `actual <= expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  check(
    actual <= expected,
    `Expect ${inspect(actual)} <= ${inspect(expected)}`,
    msg,
  );
}

/** Asserts that something thrown is an error of a class, and that its message has a text within it. */
function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorConstructor<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  check(
    error instanceof Error,
    `Expected "error" to be an Error object: ${inspect(error)}`,
    msg,
  );
  const thrown = error as Error;
  if (ErrorClass !== undefined) {
    check(
      thrown instanceof ErrorClass,
      `Expected error to be instance of "${ErrorClass.name}", but was "${thrown.constructor.name}": ${thrown.message}`,
      msg,
    );
  }
  if (msgMatches !== undefined) {
    check(
      typeof msgMatches === "string"
        ? thrown.message.includes(msgMatches)
        : msgMatches.test(thrown.message),
      `Expected error message to include ${inspect(msgMatches)}, but got ${
        inspect(thrown.message)
      }`,
      msg,
    );
  }
}

function checkThrown(
  thrown: unknown,
  errorClassOrMsg: ErrorConstructor<Error> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): unknown {
  if (typeof errorClassOrMsg === "function") {
    assertIsError(thrown, errorClassOrMsg, msgIncludes, msg);
  }
  return thrown;
}

/** Asserts that a function throws; gives what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that a function throws an error of a class, with a text in its message; gives it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  errorClassOrMsg?: ErrorConstructor<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  if (typeof errorClassOrMsg === "string") msg = errorClassOrMsg;
  try {
    fn();
  } catch (thrown) {
    return checkThrown(thrown, errorClassOrMsg, msgIncludes, msg);
  }
  throw new AssertionError(`Expected function to throw${suffix(msg)}`);
}

/** Asserts that a promise is rejected; gives the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Asserts that a promise is rejected with an error of a class, with a text in its message; gives it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorConstructor<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  if (typeof errorClassOrMsg === "string") msg = errorClassOrMsg;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (thrown) {
    throw new AssertionError(
      `Function throws when expected to reject${suffix(msg)}`,
      { cause: thrown },
    );
  }
  try {
    await promise;
  } catch (thrown) {
    return checkThrown(thrown, errorClassOrMsg, msgIncludes, msg);
  }
  throw new AssertionError(`Expected function to reject${suffix(msg)}`);
}
