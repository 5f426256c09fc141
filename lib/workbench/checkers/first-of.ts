/** Binary search. */

/** The place of the first value of which something is true that is true of all after it. */
export function firstOf<T>(
  values: ArrayLike<T>,
  isTrue: (value: T) => boolean,
): number {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(values[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
