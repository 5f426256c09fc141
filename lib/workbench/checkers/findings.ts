import type { Finding } from "./verdict.ts";

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

  #put(finding: Finding): void {
    const key = `${finding.rank} ${finding.type}`;
    const found = this.#found.get(key);
    if (found) found.because.push(...finding.because);
    else this.#found.set(key, finding);
  }

  /** All findings so far, one for each type and rank, in the order in which they came up. */
  all(): Finding[] {
    return [...this.#found.values()];
  }
}
