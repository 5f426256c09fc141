/** Where to look: the moments and processes that a sentence of a judge names. */

/** A place in a run. */
export interface Moment {
  /** Seconds since the main phase began. */
  at: number;
  /** The client process that is spoken of, if one is. */
  process?: number;
}

/** A piece of a sentence; one with a moment is a link to it. */
export interface Phrase {
  text: string;
  moment?: Moment;
}

/** Times as judges write them, and processes named shortly before or after. */
const TIME = /\b(-?\d+(?:\.\d+)?) s\b/g;
const PROCESS = /\bprocess (\d+)\b/g;

/** Cuts a sentence into phrases; the times in it become links. */
export function phrases(sentence: string): Phrase[] {
  const processes = [...sentence.matchAll(PROCESS)];
  const found: Phrase[] = [];
  let end = 0;
  for (const match of sentence.matchAll(TIME)) {
    // A duration is no moment: judges give moments in milliseconds, as 4.012 s.
    if (!/\.\d{3}/.test(match[1]!)) continue;
    if (match.index > end) {
      found.push({ text: sentence.slice(end, match.index) });
    }
    const process = nearest(processes, match.index);
    found.push({
      text: match[0],
      moment: {
        at: Number(match[1]),
        ...(process === undefined ? {} : { process }),
      },
    });
    end = match.index + match[0].length;
  }
  if (end < sentence.length) found.push({ text: sentence.slice(end) });
  return found;
}

/** The process named last before a position, or else first after it. */
function nearest(
  processes: readonly RegExpExecArray[],
  position: number,
): number | undefined {
  const found = processes.findLast(({ index }) => index < position) ??
    processes[0];
  return found === undefined ? undefined : Number(found[1]);
}

/** The operations inside a checker's result, wherever they stand in it. */
export function momentsIn(value: unknown): Moment[] {
  if (typeof value !== "object" || value === null) return [];
  const { time, process, index } = value as Record<string, unknown>;
  const own = typeof time === "number" && typeof index === "number" &&
      typeof process === "number"
    ? [{ at: time / 1e9, process }]
    : [];
  return [...own, ...Object.values(value).flatMap(momentsIn)];
}
