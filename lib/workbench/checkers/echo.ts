/** Maelstrom's checker of echo. */
import type { Op } from "../history/history.ts";
import { equal, type Json, type JsonObject } from "../history/json.ts";
import { pairs } from "./pairs.ts";
import type { Results } from "./verdict.ts";

/** The `echo` in a completion's value; null for a failed operation, whose value is the request's bare payload. */
function echoed(value: Json): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return null;
  }
  return (value as JsonObject)["echo"] ?? null;
}

/**
 * Every reply must repeat the payload of its request. Operations of unknown outcome are ignored;
 * failed ones count as mismatches, as in Maelstrom.
 *
 * `errors` lists `["Expected a message with :echo", payload, "But received", reply]`.
 */
export function checkEcho(history: readonly Op[]): Results {
  const errors: Json[] = [];
  for (const { invocation, completion } of pairs(history)) {
    if (!completion || completion.type === "info") continue;
    if (equal(invocation.value, echoed(completion.value))) continue;
    errors.push([
      "Expected a message with :echo",
      invocation.value,
      "But received",
      completion.value,
    ]);
  }
  return { "valid?": errors.length === 0, errors };
}
