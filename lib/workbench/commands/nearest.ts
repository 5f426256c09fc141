/** "Did you mean": the word of a list nearest to what was typed. */

/**
 * A clause with the nearest word, or an empty text if none is near: two mistakes may be made, or as
 * many as a third of the letters, but no more than half.
 */
export function didYouMean(typed: string, words: Iterable<string>): string {
  const letters = typed.replace(/^-+/, "").length;
  const most = Math.min(letters / 2, Math.max(2, letters / 3));
  let best = "", least = Math.floor(most) + 1;
  for (const word of words) {
    const edits = distance(typed.toLowerCase(), word.toLowerCase());
    if (edits < least) [best, least] = [word, edits];
  }
  return best === "" ? "" : `; did you mean ${best}?`;
}

/** How many letters must be added, removed, replaced or swapped with the next one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, before[j - 2]! + 1);
      }
      row.push(edits);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
