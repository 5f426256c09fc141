/** Ends a guest that takes more and more memory, before it takes all that the machine has. */
import { getHeapStatistics } from "node:v8";
import type { Mark } from "./mark.ts";

/** What this process may take while a guest runs, in bytes: less than that at which V8 ends it without a word. */
const MOST_BYTES = 0.8 * getHeapStatistics().heap_size_limit;

/** How often it is looked at, in milliseconds. */
const PERIOD_MS = 200;

/**
 * Calls back once, with a sentence, if this process takes too much memory while a guest runs in
 * another thread of it.
 *
 * @param mark what the guest is doing
 * @returns stops watching
 */
export function watchMemory(
  mark: Mark,
  onTooMuch: (sentence: string) => void,
  mostBytes: number = MOST_BYTES,
): () => void {
  const timer = setInterval(() => {
    if (mark.count === 0 || Deno.memoryUsage().rss < mostBytes) return;
    clearInterval(timer);
    const most = `${(mostBytes / 1e9).toFixed(1)} GB`;
    onTooMuch(
      `the run takes more than ${most} of memory, at last for ${mark.text}`,
    );
  }, PERIOD_MS);
  return () => clearInterval(timer);
}
