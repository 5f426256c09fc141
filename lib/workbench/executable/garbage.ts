/** Frees memory between the parts of a run: playing it, judging it, writing it down. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Collects all garbage now. V8 alone waits until a heap is several times as large as what it
 * last found alive: of a large run the garbage of one part would lie beside that of the next,
 * more than a gigabyte.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
