import { asText, stringify } from "../../history/json.ts";
import { among, isWithClient, type Recording } from "../../history/history.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { kindOf } from "../unique-ids.ts";
import type { Finding } from "../verdict.ts";

/**
 * Judges unique ids: every id that ever left a node is unique, including those of late replies
 * and of a node's earlier lives. One type for all is required only where it is promised: the
 * workload allows any JSON.
 */
export function strictUniqueIds(
  { journal }: Recording,
  { oneIdType }: Promises,
): Finding[] {
  const givenBy = new Map<string, string>();
  const types = new Map<string, string>();
  const repeated: string[] = [];
  for (const [kind, , , src, dest, body] of among(journal, isWithClient)) {
    const isAnswer = kind === "send" && dest.startsWith("c") &&
      body.type === "generate_ok"; // not messages between nodes
    if (!isAnswer) continue;
    const id = stringify(body.id);
    const answer = `${src} to message ${asText(body.in_reply_to)} of ${dest}`;
    const before = givenBy.get(id);
    if (before !== undefined) {
      repeated.push(`id ${id} was given by ${before}, and by ${answer}`);
    }
    givenBy.set(id, answer);
    types.set(kindOf(body.id ?? null), id);
  }
  const findings: Finding[] = [];
  if (repeated.length > 0) {
    findings.push({ type: "duplicate-id", because: repeated });
  }
  if (types.size > 1) {
    const examples = [...types].map(([type, id]) => `${type} (${id})`);
    const because = [`ids are of several types: ${examples.join(", ")}`];
    const mixed: Finding = { type: "mixed-id-types", because };
    findings.push(oneIdType ? mixed : { ...mixed, rank: "note" });
  }
  return findings;
}
