/** Pages of large runs hold only a part of them, and say which. */
import { stringify } from "../json.ts";

/** A stretch of time, in seconds since the main phase began. */
export interface Span {
  from: number;
  to: number;
}

/** How near a moment something must be to be kept for its sake, in seconds. */
const NEAR_SECONDS = 1;

/**
 * At most `limit` of the items: what is near one of these moments first, then what
 * is earliest. `omitted` are the stretches of time in which some were left out.
 *
 * @param items in the order of their times
 */
export function cap<T>(
  items: readonly T[],
  limit: number,
  timeOf: (item: T) => number,
  moments: readonly number[],
): { kept: T[]; omitted: Span[] } {
  if (items.length <= limit) return { kept: [...items], omitted: [] };
  const distance = (item: T) =>
    moments.reduce(
      (d, at) => Math.min(d, Math.abs(timeOf(item) - at)),
      Infinity,
    );
  const near = items.map((item, index) => ({ index, far: distance(item) }))
    .filter(({ far }) => far <= NEAR_SECONDS)
    .sort((a, b) => a.far - b.far || a.index - b.index)
    .slice(0, limit >> 1);
  const chosen = new Set(near.map(({ index }) => index));
  for (let i = 0; chosen.size < limit; i++) chosen.add(i);
  const kept: T[] = [], omitted: Span[] = [];
  let open: Span | null = null;
  items.forEach((item, index) => {
    if (chosen.has(index)) {
      kept.push(item);
      open = null;
      return;
    }
    const at = timeOf(item);
    if (open === null) omitted.push(open = { from: at, to: at });
    else open.to = at;
  });
  return { kept, omitted };
}

/** A JSON value in a few words: long arrays and texts lose their middle. */
export function brief(value: unknown, most = 160): string {
  const text = stringify(value) ?? "";
  if (text.length <= most) return text;
  const count = Array.isArray(value) ? ` (${value.length} elements)` : "";
  const tail = Math.min(40, most >> 2);
  return `${text.slice(0, most - tail)} ... ${text.slice(-tail)}${count}`;
}
