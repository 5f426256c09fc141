/** Flags that workloads read, and the timeout that most of them have. */
import type { Options } from "../history/options.ts";

/** For how long clients wait for a reply in most of Maelstrom's workloads, in milliseconds. */
export const CLIENT_TIMEOUT_MS = 5000;

/**
 * A numeric flag of the run, or its default if it was not given.
 *
 * @throws {TypeError} the flag is not a number
 */
export function numberFlag(
  options: Options,
  flag: string,
  fallback: number,
): number {
  const value = options[flag] ?? fallback;
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot read flag "${flag}": ${JSON.stringify(value)} is not a number`,
    );
  }
  return value;
}
