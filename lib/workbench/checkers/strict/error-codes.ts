/** Error replies whose code Maelstrom does not understand. */
import {
  bodyAt,
  headAt,
  isClient,
  type Recording,
  visit,
} from "../../history/history.ts";
import { beginning, isInteger, stringify } from "../../history/json.ts";
import type { Finding } from "../verdict.ts";

/**
 * `odd-error-code`: a note on error replies to clients without an integer as their code. Maelstrom
 * takes their outcome for unknown, even where a program means that nothing was changed.
 */
export function oddErrorCodes({ journal }: Recording): Finding[] {
  const because: string[] = [];
  visit(journal, (kind, _time, _id, src, dest, index) => {
    if (kind !== "send" || !isClient(dest)) return;
    if (headAt(journal, index).type !== "error") return;
    const body = bodyAt(journal, index);
    if (isInteger(body.code)) return;
    because.push(
      `${src} answered ${dest} with ${beginning(stringify(body), 160)}, ${
        body.code === undefined
          ? "which has no code"
          : "whose code is not an integer"
      }`,
    );
  });
  return because.length === 0
    ? []
    : [{ type: "odd-error-code", because, rank: "note" }];
}
