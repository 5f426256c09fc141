/**
 * Consistency models and the anomalies that contradict them: how the models imply
 * each other (https://jepsen.io/consistency; Adya 1999; Bailis et al. 2013; Cerone
 * et al. 2015; Daudjee and Salem 2004 for sessions), and which model each anomaly
 * rules out.
 */
import { CheckerError } from "../verdict.ts";

/** The models that each model implies immediately: a history of the first kind is one of the others. */
const IMPLIES: { readonly [model: string]: readonly string[] } = {
  "read-uncommitted": [],
  "read-committed": ["read-uncommitted"],
  "monotonic-atomic-view": ["read-committed"],
  "monotonic-view": ["read-committed"],
  "monotonic-snapshot-read": ["read-committed"],
  "cursor-stability": ["read-committed"],
  "consistent-view": ["cursor-stability", "monotonic-view"],
  "forward-consistent-view": ["consistent-view"],
  "update-serializable": ["forward-consistent-view"],
  "read-atomic": ["read-committed"],
  "update-atomic": ["read-atomic"],
  "causal-cerone": ["read-atomic"],
  "prefix": ["causal-cerone"],
  "parallel-snapshot-isolation": ["causal-cerone", "update-atomic"],
  "snapshot-isolation": [
    "forward-consistent-view",
    "monotonic-atomic-view",
    "monotonic-snapshot-read",
    "parallel-snapshot-isolation",
    "prefix",
  ],
  "repeatable-read": ["cursor-stability", "monotonic-atomic-view"],
  "serializable": [
    "repeatable-read",
    "snapshot-isolation",
    "update-serializable",
  ],
  "strong-session-read-uncommitted": ["read-uncommitted"],
  "strong-session-read-committed": [
    "read-committed",
    "strong-session-read-uncommitted",
  ],
  "strong-session-snapshot-isolation": [
    "snapshot-isolation",
    "strong-session-read-committed",
  ],
  "strong-session-serializable": [
    "serializable",
    "strong-session-snapshot-isolation",
  ],
  "strong-read-uncommitted": ["strong-session-read-uncommitted"],
  "strong-read-committed": [
    "strong-read-uncommitted",
    "strong-session-read-committed",
  ],
  "strong-snapshot-isolation": [
    "strong-read-committed",
    "strong-session-snapshot-isolation",
  ],
  "strong-serializable": [
    "strong-session-serializable",
    "strong-snapshot-isolation",
  ],
  // Models that Elle knows, but no anomaly that contradicts them.
  "1SR": [],
  "PRAM": [],
  "causal": [],
  "linearizable": [],
  "monotonic-reads": [],
  "monotonic-writes": [],
  "read-your-writes": [],
  "sequential": [],
  "session-serializable": [],
  "view-serializable": [],
  "writes-follow-reads": [],
};

/** The weakest models that each anomaly rules out. */
const RULES_OUT: { readonly [anomaly: string]: readonly string[] } = {
  "duplicate-elements": ["read-uncommitted"],
  "cyclic-versions": ["read-uncommitted"],
  "G0": ["read-uncommitted"],
  "PL-1-cycle-exists": ["read-uncommitted"],
  "dirty-update": ["read-committed"],
  "future-read": ["read-committed"],
  "incompatible-order": ["read-committed"],
  "G1a": ["read-committed"],
  "G1b": ["read-committed"],
  "G1c": ["read-committed"],
  "PL-2-cycle-exists": ["read-committed"],
  "internal": ["read-atomic"],
  "lost-update": ["cursor-stability", "update-atomic"],
  "G-single-item": ["consistent-view", "repeatable-read"],
  "G-nonadjacent-item": ["snapshot-isolation", "repeatable-read"],
  "PL-SI-cycle-exists": ["snapshot-isolation"],
  "G2-item": ["repeatable-read"],
  "PL-2.99-cycle-exists": ["repeatable-read"],
  ...ordered("process", "strong-session"),
  ...ordered("realtime", "strong"),
};

/** What cycles rule out that need an edge of process or real-time order. */
function ordered(suffix: string, strength: string): {
  [anomaly: string]: string[];
} {
  return {
    [`G0-${suffix}`]: [`${strength}-read-uncommitted`],
    [`${strength}-PL-1-cycle-exists`]: [`${strength}-read-uncommitted`],
    [`G1c-${suffix}`]: [`${strength}-read-committed`],
    [`${strength}-PL-2-cycle-exists`]: [`${strength}-read-committed`],
    [`G-single-item-${suffix}`]: [`${strength}-snapshot-isolation`],
    [`G-nonadjacent-item-${suffix}`]: [`${strength}-snapshot-isolation`],
    [`${strength}-snapshot-isolation-cycle-exists`]: [
      `${strength}-snapshot-isolation`,
    ],
    [`G2-item-${suffix}`]: [`${strength}-serializable`],
    [
      strength === "strong"
        ? "PL-SS-cycle-exists"
        : `${strength}-serializable-cycle-exists`
    ]: [`${strength}-serializable`],
  };
}

/** Other names of the models: those that Elle knows, and no others. */
const ALIASES: { readonly [name: string]: string } = {
  "PL-1": "read-uncommitted",
  "PL-2": "read-committed",
  "PL-2L": "monotonic-view",
  "PL-CS": "cursor-stability",
  "PL-MSR": "monotonic-snapshot-read",
  "PL-2+": "consistent-view",
  "PL-FCV": "forward-consistent-view",
  "PL-3U": "update-serializable",
  "PL-2.99": "repeatable-read",
  "PL-SI": "snapshot-isolation",
  "PL-3": "serializable",
  "conflict-serializable": "serializable",
  "PL-SS": "strong-serializable",
  "strict-serializable": "strong-serializable",
  "strong-session-PL-1": "strong-session-read-uncommitted",
  "strong-session-PL-2": "strong-session-read-committed",
  "strong-PL-1": "strong-read-uncommitted",
  "strong-PL-2": "strong-read-committed",
};

/** The models and all that they imply. */
function withWeaker(models: Iterable<string>): Set<string> {
  const all = new Set(models);
  for (const model of all) {
    for (const weaker of IMPLIES[model]!) all.add(weaker);
  }
  return all;
}

/** A model and all that it implies. */
export function impliedModels(model: string): ReadonlySet<string> {
  return IMPLIED.get(model)!;
}

const IMPLIED: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.keys(IMPLIES).map((model) => [model, withWeaker([model])]),
);

/**
 * The model of this name or alias, under the name by which results call it.
 *
 * @throws {CheckerError} there is no such model
 */
export function modelNamed(name: string): string {
  const model = ALIASES[name] ?? name;
  if (IMPLIES[model] === undefined) {
    throw new CheckerError(
      `Cannot check consistency model ${name}: not one of ${
        Object.keys(IMPLIES).join(", ")
      }`,
    );
  }
  return model;
}

/** The anomalies that may not occur if all these models hold. */
export function forbiddenBy(models: readonly string[]): Set<string> {
  const held = withWeaker(models);
  return new Set(
    Object.keys(RULES_OUT).filter((anomaly) =>
      RULES_OUT[anomaly]!.some((model) => held.has(model))
    ),
  );
}

/** What a history is not: the weakest models that its anomalies rule out, and all the stronger ones. */
export interface Boundary {
  not: string[];
  alsoNot: string[];
}

/** The models that these anomalies rule out, sorted by name. */
export function ruledOutBy(anomalies: Iterable<string>): Boundary {
  const direct = new Set([...anomalies].flatMap((a) => RULES_OUT[a] ?? []));
  const out = Object.keys(IMPLIES).sort().filter((model) =>
    !direct.isDisjointFrom(impliedModels(model))
  );
  const isWeakest = (model: string) =>
    ![...withWeaker(IMPLIES[model]!)].some((weaker) => out.includes(weaker));
  return {
    not: out.filter(isWeakest),
    alsoNot: out.filter((model) => !isWeakest(model)),
  };
}
