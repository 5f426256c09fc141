/** Maelstrom's error codes. */
import type { Json } from "./json.ts";

/** Their names in histories. */
export const ERROR_NAMES: ReadonlyMap<Json | undefined, string> = new Map([
  [0, "timeout"],
  [1, "node-not-found"],
  [10, "not-supported"],
  [11, "temporarily-unavailable"],
  [12, "malformed-request"],
  [13, "crash"],
  [14, "abort"],
  [20, "key-does-not-exist"],
  [21, "key-already-exists"],
  [22, "precondition-failed"],
  [30, "txn-conflict"],
]);

/** Whether an error says that its request certainly has not happened; one of an unknown code does not. */
export function isDefinite(code: Json | undefined): boolean {
  return ERROR_NAMES.has(code) && code !== 0 && code !== 13;
}
