/** Chooses what the page of a large run shows, and shortens values. */
import { firstOf } from "../checkers/first-of.ts";
import { beginning, stringify } from "../history/json.ts";

/** A stretch of time, in seconds since the main phase began. */
export interface Span {
  from: number;
  to: number;
}

/** How near to a moment an item must be to be kept for it, in seconds. */
const NEAR_SECONDS = 1;

/**
 * At most `limit` of the items: those near one of these moments first, then the earliest.
 * `omitted` are the stretches of time in which some were left out.
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
  const distance = distanceTo(moments);
  const near: { index: number; far: number }[] = [];
  items.forEach((item, index) => {
    const far = distance(timeOf(item));
    if (far <= NEAR_SECONDS) near.push({ index, far });
  });
  near.sort((a, b) => a.far - b.far || a.index - b.index)
    .splice(limit >> 1);
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

/** The distance of a time from the nearest of these moments. */
function distanceTo(moments: readonly number[]): (at: number) => number {
  const sorted = Float64Array.from(moments).sort();
  return (at) => {
    const next = firstOf(sorted, (moment) => moment >= at);
    const before = at - (sorted[next - 1] ?? -Infinity);
    return Math.min(before, (sorted[next] ?? Infinity) - at);
  };
}

/** A JSON value, shortened: long arrays and texts lose their middle. */
export function brief(value: unknown, most = 160): string {
  const text = stringify(value) ?? "";
  if (text.length <= most) return text;
  const count = Array.isArray(value) ? ` (${value.length} elements)` : "";
  const tail = Math.min(40, most >> 2);
  const end = [...text.slice(-tail)].join(""); // a copy: a slice would keep the whole text in memory
  return `${beginning(text, most - tail)} ... ${end}${count}`;
}
