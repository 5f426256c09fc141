/** The incidents of a run. */
import type { Incident } from "../history/history.ts";

/** How many are kept for each node and kind: one that writes only garbage must not fill the memory. */
const KEPT = 100;

/** Keeps incidents, the first of each node and kind. */
export class Incidents {
  readonly all: Incident[] = [];
  readonly #counts = new Map<string, number>();

  /** Keeps an incident, if there are not too many like it; the last of them says that this goes on. */
  add(incident: Incident): void {
    const { type, node } = incident;
    const key = `${type} ${node}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count > KEPT) return;
    const isLast = count === KEPT;
    this.all.push(
      isLast ? { ...incident, text: `${node}: this goes on` } : incident,
    );
  }
}
