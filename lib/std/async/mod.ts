/**
 * A local edition of `@std/async`: what this repository uses of it, under the published
 * names and signatures. Without `links` in `deno.json` the published package takes its
 * place.
 *
 * @module
 */

/** Options of {@link delay}. */
export interface DelayOptions {
  /** Aborting it ends the delay. */
  signal?: AbortSignal;
  /** Whether the delay keeps the process alive; true if not given. */
  persistent?: boolean;
}

/**
 * Resolves after `ms` milliseconds.
 *
 * @throws the signal's reason, when it is aborted first
 */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    if (!persistent) Deno.unrefTimer(timer);
  });
}

/** Options of {@link deadline}. */
export interface DeadlineOptions {
  /** Aborting it ends the wait. */
  signal?: AbortSignal;
}

/**
 * What the promise gives, if it does within `ms` milliseconds.
 *
 * @throws {DOMException} named `TimeoutError`, when it does not
 * @throws the signal's reason, when it is aborted first
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new DOMException("Signal timed out.", "TimeoutError")),
    ms,
  );
  const abort = () => reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([p, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
