/** Collects the strict judge's findings. */
import type { Finding } from "./verdict.ts";

/**
 * How many sentences of each finding are kept. A node that never hears of anything would get one for
 * each read and each value.
 */
const SENTENCES_KEPT = 10_000;

/** A time of the history, as sentences give it. Reports turn these into links: see `report/moments.ts`. */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}

/** Collects sentences by type of finding. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  /** Adds a sentence about an anomaly. */
  add(type: string, sentence: string): void {
    this.#put({ type, because: [sentence] });
  }

  /** Adds a sentence to a note. */
  note(type: string, sentence: string): void {
    this.#put({ type, because: [sentence], rank: "note" });
  }

  /** Whether no more sentences are kept about an anomaly, or of a note, so that they need not be made. */
  isFull(type: string, rank?: "note"): boolean {
    return this.#found.get(`${rank} ${type}`)?.isCut === true;
  }

  #put(finding: Finding): void {
    const key = `${finding.rank} ${finding.type}`;
    const found = this.#found.get(key);
    if (found === undefined) this.#found.set(key, finding);
    else if (found.because.length === SENTENCES_KEPT) found.isCut = true;
    else found.because.push(...finding.because);
  }

  /** All findings, one for each type and rank, in the order in which they first came up. */
  all(): Finding[] {
    return [...this.#found.values()];
  }
}
