/**
 * What the names of findings mean: what was promised and what was seen, what usually causes it,
 * and what to try. The report, the help and the tests read it.
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

/** What a finding's name means; undefined if there is no explanation. */
export function explanationOf(type: string): Explanation | undefined {
  if (Object.hasOwn(glossary, type)) return glossary[type];
  // Cycles come in variants: over items or predicates, with process or real-time order.
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
