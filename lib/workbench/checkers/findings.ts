import type { Finding } from "./verdict.ts";

/** Sentences, collected by the type of finding that they are about. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  /** Adds a sentence about an anomaly. */
  add(type: string, sentence: string): void {
    this.#put({ type, because: [sentence] });
  }

  /** Adds a sentence about what is only worth knowing. */
  note(type: string, sentence: string): void {
    this.#put({ type, because: [sentence], rank: "note" });
  }

  #put(finding: Finding): void {
    const key = `${finding.rank} ${finding.type}`;
    const found = this.#found.get(key);
    if (found) found.because.push(...finding.because);
    else this.#found.set(key, finding);
  }

  /** Everything so far, one finding a type and rank, in the order in which they came up. */
  all(): Finding[] {
    return [...this.#found.values()];
  }
}
