/** Finds the moments, processes and nodes that a judge's sentence names, so that they can be shown. */

import { isClientOp, type Op } from "../history/history.ts";

/** A place in a run. */
export interface Moment {
  /** Seconds since the main phase began. */
  at: number;
  /** The client process that is named, if any. */
  process?: number;
  /** Otherwise the node, if any. */
  node?: string;
}

/** A piece of a sentence; one with a moment is a link to it. */
export interface Phrase {
  text: string;
  moment?: Moment;
}

/** Times and places in the history, as judges write them. */
const MOMENT = /(?<!\bafter )\b(?:(-?\d+\.\d{3,}) s|index (\d+))\b/g;
const PROCESS = /\bprocess (\d+)\b/g;
const NODE = /\bn\d+\b/g;

/**
 * Cuts a sentence into phrases. Times in it, and places in the history, become links; durations do
 * not: those are written with fewer digits than times to the millisecond, such as 4.012 s, or follow
 * the word "after".
 */
export function phrases(
  sentence: string,
  history: readonly Op[] = [],
): Phrase[] {
  const processes = [...sentence.matchAll(PROCESS)];
  const nodes = [...sentence.matchAll(NODE)];
  const found: Phrase[] = [];
  let end = 0;
  for (const match of sentence.matchAll(MOMENT)) {
    const [text, time, index] = match;
    const moment = time === undefined
      ? placeOf(history[Number(index)])
      : { at: Number(time), ...whose(processes, nodes, match.index) };
    if (moment === undefined) continue;
    if (match.index > end) {
      found.push({ text: sentence.slice(end, match.index) });
    }
    found.push({ text, moment });
    end = match.index + text.length;
  }
  if (end < sentence.length) found.push({ text: sentence.slice(end) });
  return found;
}

/** The moment of a client's operation. */
function placeOf(op: Op | undefined): Moment | undefined {
  return op === undefined || !isClientOp(op)
    ? undefined
    : { at: op.time / 1e9, process: op.process };
}

/**
 * Whose moment this is: that of the last process named before it, or the first after it; if
 * none is named, of the last node before it.
 */
function whose(
  processes: readonly RegExpExecArray[],
  nodes: readonly RegExpExecArray[],
  position: number,
): Pick<Moment, "process" | "node"> {
  const before = ({ index }: RegExpExecArray) => index < position;
  const process = processes.findLast(before) ?? processes[0];
  if (process !== undefined) return { process: Number(process[1]) };
  const node = nodes.findLast(before);
  return node === undefined ? {} : { node: node[0] };
}

/** The moments of all operations anywhere inside a checker's result. */
export function momentsIn(value: unknown): Moment[] {
  if (typeof value !== "object" || value === null) return [];
  const { time, process, index } = value as Record<string, unknown>;
  const own = typeof time === "number" && typeof index === "number" &&
      typeof process === "number"
    ? [{ at: time / 1e9, process }]
    : [];
  return [...own, ...Object.values(value).flatMap(momentsIn)];
}
