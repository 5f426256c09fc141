/** Fair comparisons on a machine that has other things to do. */
import process from "node:process";
import type { Recording } from "../../lib/workbench/history/history.ts";
import { ProgressLine } from "../../lib/workbench/terminal/text.ts";

/** Says on stderr what is being measured. */
export const progress = new ProgressLine();

/** The end of a run, in simulated seconds. */
export function simulatedSeconds({ history, aftermath }: Recording): number {
  const last = aftermath?.history.at(-1) ?? history.at(-1);
  return (last?.time ?? 0) / 1e9;
}

/** The CPU time that something takes, on all threads of the process, in milliseconds. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

/** The element in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The element that a share of the others is not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  ] ??
    NaN;
}

/**
 * Measures all subjects once a round, in an order that turns with each round, so that
 * what slows the machine down for a while slows them all down. Gives each one's figures,
 * one a round: what is compared should be compared round by round.
 */
export async function inTurns<Subject extends { name: string }, Figures>(
  what: string,
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject) => Promise<Figures>,
): Promise<Map<Subject, Figures[]>> {
  const figures = new Map(
    subjects.map((subject) => [subject, [] as Figures[]]),
  );
  for (let round = 0; round < rounds; round++) {
    const turn = round % subjects.length;
    const order = [...subjects.slice(turn), ...subjects.slice(0, turn)];
    for (const subject of order) {
      const { name } = subject;
      progress.show(`${what}, round ${round + 1} of ${rounds}: ${name}`);
      figures.get(subject)!.push(await measure(subject));
    }
  }
  progress.end();
  return figures;
}
