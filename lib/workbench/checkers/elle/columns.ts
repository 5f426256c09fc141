/**
 * Columns of integers. A history has hundreds of thousands of reads, writes and edges; if they were
 * objects, making these would take most of a judge's time.
 */

/** A column that grows. */
export class Column {
  #values = new Int32Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const wider = new Int32Array(2 * this.#length);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** What has been pushed so far. */
  get values(): Int32Array {
    return this.#values.subarray(0, this.#length);
  }
}

/** Things in groups: those of group g are `members[starts[g]]` to before `members[starts[g + 1]]`. */
export interface Groups {
  starts: Int32Array;
  members: Int32Array;
}

/**
 * Puts things into groups, in which they keep their order.
 *
 * @param groupOf the group of each thing; what has a negative one is left out
 * @param count the groups are 0 .. count - 1
 * @param things what the members are; their places if not given
 */
export function grouped(
  groupOf: Int32Array,
  count: number,
  things?: Int32Array,
): Groups {
  const starts = new Int32Array(count + 1);
  for (const group of groupOf) {
    if (group >= 0) starts[group + 1]!++;
  }
  for (let group = 0; group < count; group++) {
    starts[group + 1]! += starts[group]!;
  }
  const free = starts.slice();
  const members = new Int32Array(starts[count]!);
  for (let i = 0; i < groupOf.length; i++) {
    const group = groupOf[i]!;
    if (group >= 0) members[free[group]!++] = things ? things[i]! : i;
  }
  return { starts, members };
}

/** 0 .. count - 1. */
export function places(count: number): Int32Array {
  const all = new Int32Array(count);
  for (let place = 0; place < count; place++) all[place] = place;
  return all;
}

/**
 * Places in the order of their positions in a history; those that are infinite come last.
 * A history's positions are dense, so counting them is faster than sorting.
 */
export function inOrder(
  places: Int32Array,
  positions: Float64Array,
): Int32Array {
  let isSorted = true, before = -Infinity, last = 0;
  for (const place of places) {
    const position = positions[place]!;
    if (position < before) isSorted = false;
    else before = position;
    if (position < Infinity && position > last) last = position;
  }
  if (isSorted) return places;
  if (last > 100 * places.length) {
    return places.toSorted((a, b) => positions[a]! - positions[b]!);
  }
  const counted = places.map((place) => Math.min(positions[place]!, last + 1));
  return grouped(counted, last + 2, places).members;
}
