/** Aligns a history with its journal. */
import { isClient, isClientOp, type Recording } from "../history/history.ts";

/** Operations that send no message of their own name. */
const SILENT: ReadonlySet<string> = new Set(["crash", "assign"]);

/**
 * A history's time zero on the journal's clock, in ns. If it was not recorded, it is derived from
 * the first operation whose request is in the journal too; without any operation, it is the time of
 * the first message.
 */
export function originOf(
  { journal, history, journalOrigin }: Recording,
): number {
  if (journalOrigin !== undefined) return journalOrigin;
  const first = history.find((op) =>
    op.type === "invoke" && isClientOp(op) && !SILENT.has(op.f)
  );
  if (first === undefined) return journal.at(0)?.[1] ?? 0;
  const sent = journal.find(([kind, , , src, , body]) =>
    kind === "send" && isClient(src) && body.type === first.f
  );
  return (sent?.[1] ?? first.time) - first.time;
}
