/** The explanation of a finding, for somebody who sees it for the first time. */
export interface Explanation {
  /** What was promised, and what was seen instead. */
  means: string;
  /** What usually causes it. */
  usually: string;
  /** What to look at, or to try. */
  tries: string;
}

/** The explanations of one part of the judges' findings, by name. */
export type Explanations = { readonly [type: string]: Explanation };
