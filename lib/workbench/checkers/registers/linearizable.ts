/** The checker of lin-kv: whether the operations on each key are linearizable. */
import type { Op } from "../../history/history.ts";
import { asText, type Json, type JsonObject } from "../../history/json.ts";
import { type JsonKey, jsonKey, keyJson, opJson } from "../json-key.ts";
import {
  type Effect,
  type Possibility,
  search,
  type SearchEvent,
} from "./linearizable-search.ts";
import { type Pair, pairs } from "../pairs.ts";
import { type Results, worst } from "../verdict.ts";

/** How many configurations the search examines for one key before it answers unknown. */
const DEFAULT_LIMIT = 1_000_000;

/** How many of the possible configurations are shown. */
const SHOWN = 10;

/** Numbers the values of a register, so that the initial null is 0. */
class Values {
  readonly #numbers = new Map<JsonKey, number>([[null, 0]]);
  readonly #values: Json[] = [null];

  number(value: Json): number {
    const key = jsonKey(value), known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#values.length);
    return this.#values.push(value) - 1;
  }

  value(number: number): Json {
    return this.#values[number]!;
  }
}

/** Why a register refused an operation, if it did: that says something about its value. */
export function refusal(
  { completion }: Pair,
): "absent" | "differs" | undefined {
  if (completion?.type !== "fail" || !Array.isArray(completion.error)) return;
  const [name] = completion.error;
  if (asText(name).endsWith("key-does-not-exist")) return "absent";
  if (asText(name).endsWith("precondition-failed")) return "differs";
  return undefined;
}

/** How much of what nodes say is judged. */
export interface Strictness {
  /** A read of null means that there was no value. */
  nulls: boolean;
  /** An error means what it says: that there was no value, or another one. */
  refusals: boolean;
}

/** The effect of an operation, or undefined if it says nothing. */
function effectOf(
  pair: Pair,
  values: Values,
  { nulls, refusals }: Strictness,
): Effect | undefined {
  const { f } = pair.invocation;
  const refused = refusal(pair);
  if (refusals && refused === "absent") return { f: "absent" };
  if (refusals && refused === "differs" && f === "cas") {
    const [, [from]] = pair.invocation.value as [Json, [Json, Json]];
    return { f: "differs", from: values.number(from) };
  }
  if (pair.completion?.type === "fail") return undefined;
  // Only a read's completion says more than its invocation.
  const op = f === "read" ? pair.completion : pair.invocation;
  const [, argument] = op?.value as [Json, Json] | undefined ?? [null, null];
  if (f === "read") {
    if (pair.completion?.type !== "ok") return undefined;
    if (argument === null && !nulls) return undefined;
    return { f, value: values.number(argument) };
  }
  if (f === "write") return { f, value: values.number(argument) };
  if (f !== "cas") throw new TypeError(`Cannot linearize ${f}`);
  const [from, to] = argument as [Json, Json];
  return { f, from: values.number(from), to: values.number(to) };
}

/** The events of one key's history; calls are named by their position among the pairs. */
function eventsOf(
  ofKey: readonly Pair[],
  values: Values,
  strictness: Strictness,
): SearchEvent[] {
  const events: { index: number; event: SearchEvent }[] = [];
  ofKey.forEach((pair, id) => {
    const { invocation, completion } = pair;
    const effect = effectOf(pair, values, strictness);
    if (!effect) return;
    const returns = completion?.type === "ok" || completion?.type === "fail";
    const type = returns ? "call" : "crashed";
    events.push({ index: invocation.index, event: { type, id, effect } });
    if (!returns) return;
    events.push({ index: completion!.index, event: { type: "return", id } });
  });
  return events.sort((a, b) => a.index - b.index).map(({ event }) => event);
}

/** An operation without the key that all of its register's operations share. */
function withoutKey(op: Op): JsonObject {
  return opJson({ ...op, value: (op.value as [Json, Json])[1] });
}

/** The operations of a history by their key. */
export function byKey(history: readonly Op[]): Map<JsonKey, Pair[]> {
  const found = new Map<JsonKey, Pair[]>();
  for (const pair of pairs(history)) {
    const key = jsonKey((pair.invocation.value as [Json, Json])[0]);
    const ofKey = found.get(key);
    if (ofKey) ofKey.push(pair);
    else found.set(key, [pair]);
  }
  return found;
}

/**
 * The operation on one key that no order explains; null if there is none, or if the search gave
 * up.
 */
export function unexplained(
  ofKey: readonly Pair[],
  strictness: Strictness,
  limit = DEFAULT_LIMIT,
): Pair | null {
  const found = search(eventsOf(ofKey, new Values(), strictness), limit);
  return found.linearizable === false ? ofKey[found.at]! : null;
}

/** Maelstrom's own checker believes every read of null, and no error. */
const LENIENT: Strictness = { nulls: false, refusals: false };

function checkKey(ofKey: readonly Pair[], limit: number): Results {
  const values = new Values();
  const found = search(eventsOf(ofKey, values, LENIENT), limit);
  const configs = (possibilities: Possibility[]) =>
    possibilities.slice(0, SHOWN).map(({ state, pending }) => ({
      model: { value: values.value(state) },
      pending: pending.map((id) => withoutKey(ofKey[id]!.invocation)),
    }));
  switch (found.linearizable) {
    case true:
      return { "valid?": true, configs: configs(found.possibilities) };
    case "unknown":
      return {
        "valid?": "unknown",
        error: `gave up after ${limit} configurations`,
        op: withoutKey(ofKey[found.at]!.completion!),
      };
    case false: {
      const op = ofKey[found.at]!.completion!;
      const previous = ofKey.map(({ completion }) => completion)
        .filter((c) => c?.type === "ok" && c.index < op.index)
        .reduce((a, b) => a && a.index > b!.index ? a : b, undefined);
      return {
        "valid?": false,
        op: withoutKey(op),
        "previous-ok": previous ? withoutKey(previous) : null,
        configs: configs(found.possibilities),
      };
    }
  }
}

/**
 * Every key must be a linearizable register with `read`, `write` and `cas`, initially null.
 * Values are `[key, argument]`, where a cas has `[from, to]`. Failed operations did nothing;
 * those of unknown outcome may take effect at any later time or never; a read of null is always
 * accepted.
 *
 * `results` has for each key, an integer, the verdict, and where it is false the completion
 * (`op`) that no order explains; `failures` lists those keys.
 *
 * @param limit how many configurations to examine for each key before the verdict is unknown
 */
export function checkLinearizable(
  history: readonly Op[],
  limit = DEFAULT_LIMIT,
): Results {
  // Entries: a key may be "__proto__".
  const results: [key: string, Results][] = [];
  const failures: Json[] = [];
  const ascending = [...byKey(history)].sort(([a], [b]) =>
    Number(a) - Number(b)
  );
  for (const [key, ofKey] of ascending) {
    const linearizable = checkKey(ofKey, limit);
    const valid = linearizable["valid?"];
    if (valid === false) failures.push(keyJson(key));
    const timeline = { "valid?": true };
    const result = { "valid?": valid, linearizable, timeline };
    results.push([String(keyJson(key)), result]);
  }
  const verdicts = results.map(([, result]) => result["valid?"]);
  return {
    "valid?": worst(...verdicts),
    results: Object.fromEntries(results),
    failures,
  };
}
