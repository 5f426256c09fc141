/**
 * What the names of findings mean: what was promised and not seen, what usually causes it,
 * and what to try. The report, the terminal's help and the tests read it.
 */
import type { Explanation, Explanations } from "./explanation.ts";
import { GENERAL } from "./general.ts";
import { KAFKA } from "./kafka.ts";
import { REGISTERS } from "./registers.ts";
import { SETS } from "./sets.ts";
import { TRANSACTIONS } from "./transactions.ts";

/** All of them. */
export const glossary: Explanations = {
  ...GENERAL,
  ...SETS,
  ...KAFKA,
  ...REGISTERS,
  ...TRANSACTIONS,
};

/** What a finding's name means; undefined if nobody has explained it. */
export function explanationOf(type: string): Explanation | undefined {
  if (Object.hasOwn(glossary, type)) return glossary[type];
  // Cycles come in kinds: over items or predicates, with the order of processes or of time.
  const plain = type.replace(/-(item|process|realtime)/g, "");
  return Object.hasOwn(glossary, plain) ? glossary[plain] : undefined;
}

/** A finding's explanation as text. */
export function explanationText(type: string): string | undefined {
  const found = explanationOf(type);
  return found === undefined ? undefined : `${type}
  ${found.means}
  Usually: ${found.usually}
  Try: ${found.tries}`;
}
