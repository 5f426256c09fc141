/** The strict judge of unique ids. */
import {
  bodyAt,
  headAt,
  isClient,
  type JournalEvent,
  type Recording,
  visit,
} from "../../history/history.ts";
import { asText, type Json, stringify } from "../../history/json.ts";
import type { Promises } from "../../scenarios/promises.ts";
import { type JsonKey, plainKey } from "../json-key.ts";
import { seconds } from "../findings.ts";
import { originOf } from "../origin.ts";
import { kindOf } from "../unique-ids.ts";
import type { Finding } from "../verdict.ts";

/**
 * Judges unique ids: every id that a node ever sent to a client must be unique, including those in late
 * replies and those of a node's earlier lives. A reply without an id, or the same reply twice, is another
 * judge's matter. Ids must all have one type only if that is promised, since the workload allows any JSON.
 */
export function strictUniqueIds(
  recording: Recording,
  { oneIdType }: Promises,
): Finding[] {
  const { journal } = recording;
  /** By id, the index in the journal where it was last seen. */
  const givenAt = new Map<JsonKey, number>();
  const types = new Map<string, Json>();
  const repeated: [first: JournalEvent, again: JournalEvent][] = [];
  visit(journal, (kind, _time, _id, _src, dest, index) => {
    if (kind !== "send" || !isClient(dest)) return; // nodes may send ids to each other
    if (headAt(journal, index).type !== "generate_ok") return;
    const { id } = bodyAt(journal, index);
    if (id === undefined) return;
    const key = keyOf(id);
    const before = givenAt.get(key);
    givenAt.set(key, index);
    types.set(kindOf(id), id);
    if (before === undefined) return;
    const [first, again] = [journal.at(before)!, journal.at(index)!];
    if (answer(first) === answer(again)) return;
    repeated.push([first, again]);
  });
  const origin = originOf(recording);
  const told = (reply: JournalEvent) =>
    `${answer(reply)}, at ${seconds(reply[1] - origin)}`;
  const findings: Finding[] = [];
  if (repeated.length > 0) {
    const because = repeated.map(([first, again]) =>
      `id ${stringify(first[5].id)} was given by ${told(first)}, and by ${
        told(again)
      }`
    );
    findings.push({ type: "duplicate-id", because });
  }
  if (types.size > 1) {
    const examples = [...types].map(([type, id]) =>
      `${type} (${stringify(id)})`
    );
    const because = [`ids are of several types: ${examples.join(", ")}`];
    const mixed: Finding = { type: "mixed-id-types", because };
    findings.push(oneIdType ? mixed : { ...mixed, rank: "note" });
  }
  return findings;
}

/** The key that stands for an id. Here the order of an object's keys matters. */
function keyOf(id: Json): JsonKey {
  return typeof id === "object" && id !== null ? stringify(id) : plainKey(id);
}

function answer([, , , src, dest, { in_reply_to }]: JournalEvent): string {
  return `${src} to message ${asText(in_reply_to)} of ${dest}`;
}
