import type { Recording } from "../history/history.ts";

/** Operations that send no message of their own name. */
const SILENT: ReadonlySet<string> = new Set(["crash", "assign"]);

/**
 * A history's time zero on the journal's clock: if it is not recorded, it is derived from the
 * first operation that both have.
 */
export function originOf(
  { journal, history, journalOrigin }: Recording,
): number {
  if (journalOrigin !== undefined) return journalOrigin;
  const first = history.find(({ type, f, process }) =>
    type === "invoke" && typeof process === "number" && !SILENT.has(f)
  );
  if (first === undefined) return 0;
  const sent = journal.find(([kind, , , src, , body]) =>
    kind === "send" && src.startsWith("c") && body.type === first.f
  );
  return (sent?.[1] ?? first.time) - first.time;
}
