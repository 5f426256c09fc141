import { isClientOp, type Op, type Options } from "../history/history.ts";
import { single } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/**
 * The fraction of client operations that succeeded, against the option `availability`: absent,
 * `"total"` (all of them) or a fraction. Failures and unknown outcomes both count against it.
 * `ok-fraction` is 1 if there was no operation. Maelstrom compares it as a float of single
 * precision: nine of ten are a little less than 0.9.
 */
export function checkAvailability(
  history: readonly Op[],
  options: Options,
): Results {
  let invoked = 0, ok = 0;
  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") invoked++;
    if (op.type === "ok") ok++;
  }
  const fraction = invoked === 0 ? 1 : ok / invoked;
  const wanted = options["availability"];
  const valid = wanted === undefined || wanted === null ||
    Math.fround(fraction) >= (wanted === "total" ? 1 : Number(wanted));
  return { "valid?": valid, "ok-fraction": single(fraction) };
}
