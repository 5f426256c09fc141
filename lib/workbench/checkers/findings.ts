import type { Anomaly } from "./verdict.ts";

/** Sentences, collected by the type of anomaly that they are about. */
export class Findings {
  readonly #because = new Map<string, string[]>();

  /** Adds a sentence. */
  add(type: string, sentence: string): void {
    const because = this.#because.get(type);
    if (because) because.push(sentence);
    else this.#because.set(type, [sentence]);
  }

  /** Everything so far, one anomaly a type, in the order in which the types came up. */
  anomalies(): Anomaly[] {
    return [...this.#because].map(([type, because]) => ({ type, because }));
  }
}
