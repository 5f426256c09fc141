/** Maelstrom's error codes. */
import type { Json } from "./json.ts";

/** The names of error codes in histories. */
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

/** Whether an error means that its request certainly took no effect. An unknown code does not. */
export function isDefinite(code: Json | undefined): boolean {
  return ERROR_NAMES.has(code) && code !== 0 && code !== 13;
}
