/** Binary search. */

/**
 * The index of the first value for which a condition holds, or the length if there is none. If the
 * condition holds for a value, it must hold for all that follow.
 */
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
