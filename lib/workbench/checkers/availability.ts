/** Maelstrom's checker of availability. */
import { isClientOp, type Op } from "../history/history.ts";
import type { Options } from "../history/options.ts";
import { single } from "./json-key.ts";
import type { Results } from "./verdict.ts";

/**
 * Compares the fraction of client operations that succeeded with the option `availability`: absent,
 * `"total"` (all of them) or a fraction. Both failures and unknown outcomes count against it.
 * `ok-fraction` is 1 if there were no operations. Maelstrom compares in single precision, in which
 * nine of ten is a little less than 0.9.
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
