/** Maelstrom's checker that counts the exceptions of clients. */
import type { Op } from "../history/history.ts";
import type { Json, JsonObject } from "../history/json.ts";
import { opJson } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/** The class of an exception, which is recorded as Maelstrom does (`via`) or as plain text. */
function exceptionClass(exception: Json): string {
  if (typeof exception === "string") return exception;
  if (exception !== null && !Array.isArray(exception)) {
    const { via, type } = exception as JsonObject;
    if (Array.isArray(via)) {
      const first = via[0] as JsonObject | undefined;
      if (typeof first?.["type"] === "string") return first["type"];
    }
    if (typeof type === "string") return type;
  }
  return "unknown";
}

/**
 * The exceptions that clients threw: the class, count and first operation of each, the most frequent
 * first. Always valid.
 */
export function checkExceptions(history: readonly Op[]): Results {
  const byClass = new Map<
    string,
    { count: number; class: string; example: JsonObject }
  >();
  for (const op of history) {
    if (op.type !== "info" || op.exception === undefined) continue;
    const name = exceptionClass(op.exception);
    const seen = byClass.get(name);
    if (seen) seen.count++;
    else byClass.set(name, { count: 1, class: name, example: opJson(op) });
  }
  if (byClass.size === 0) return { "valid?": true };
  const exceptions = [...byClass.values()].sort((a, b) => b.count - a.count);
  return { "valid?": true, exceptions };
}
