/**
 * What kills excuse in logs, if what had reached another node must survive: the loss of entries that
 * only nodes had that were killed before they could tell others. All other entries keep their offsets
 * for good.
 */
import {
  ascending,
  asText,
  type Integer,
  isInteger,
  type Json,
  type JsonObject,
} from "../history/json.ts";
import {
  type Events,
  isClient,
  isClientOp,
  type Op,
  partOf,
  type Recording,
} from "../history/history.ts";
import { nodeOf } from "../history/options.ts";
import { type Call, clientCalls } from "./client-calls.ts";
import { originOf } from "./origin.ts";

/** Whether something holds for a node at a time, in ns of the history. */
export type At = (node: string, timeNs: number) => boolean;

/** What kills excuse. */
export interface Excuses {
  /** Whether what a node acknowledged at a time may be lost. */
  mayBeLost: At;
  /** Whether a node has come back at a time, and need not yet show what it had shown before. */
  isReturning: At;
  /** Turns a successful operation into one of unknown outcome. */
  unknown(op: Op): Op;
}

/**
 * A recording without the entries that may be lost, which are those that only excused replies show.
 * Their sends have unknown outcomes, and polls show only the other entries. A commit counts only if all
 * that it commits is known to survive, since clients also commit what they were shown before a kill.
 */
export function logsAsTold(
  recording: Recording,
  { mayBeLost, isReturning, unknown }: Excuses,
): Recording {
  const { history, journal, aftermath, options } = recording;
  const origin = originOf(recording);
  const entries = new Entries();
  for (const op of history) {
    if (op.type !== "ok" || !isClientOp(op)) continue;
    if (!mayBeLost(nodeOf(op.process, options), op.time)) entries.see(op);
  }
  for (const op of aftermath?.history ?? []) {
    if (op.type === "ok") entries.see(op);
  }

  function isInDoubt({ node, type, request, reply, to }: Call): boolean {
    const mayDie = mayBeLost(node, to - origin);
    switch (type) {
      case "send":
        return mayDie && !entries.has(asText(request.key), reply!.offset);
      case "commit_offsets":
        return mayDie || entries.isBeyond(request.offsets as JsonObject);
      case "list_committed_offsets": // waits until its node is back
        return mayDie;
      default:
        return mayDie || isReturning(node, to - origin);
    }
  }

  /** The events without the arrivals of replies in doubt. */
  function open(events: Events): Events {
    const inDoubt = new Set(
      clientCalls(events).filter((call) => call.isOk && isInDoubt(call))
        .map(({ client, request }) => nameOf(client, request.msg_id)),
    );
    return partOf(
      events,
      ([kind, , , , dest, { in_reply_to }]) =>
        kind !== "recv" || !isClient(dest) ||
        !inDoubt.has(nameOf(dest, in_reply_to)),
    );
  }

  return {
    ...recording,
    history: history.map((op) => {
      if (op.type !== "ok" || !isClientOp(op)) return op;
      const mayDie = mayBeLost(nodeOf(op.process, options), op.time);
      const isKept = !mayDie || entries.sentBy(op).every(entries.isKnown);
      return isKept ? entries.knownOf(op) : unknown(op);
    }),
    journal: open(journal),
    ...(aftermath &&
      { aftermath: { ...aftermath, journal: open(aftermath.journal) } }),
  };
}

function nameOf(client: string, request: Json | undefined): string {
  return `${asText(request)} ${client}`;
}

/** A key and an offset. */
type Place = [key: string, offset: Json | undefined];

/** The entries that are known to survive. */
class Entries {
  readonly #places = new Set<string>();
  readonly #ends = new Map<string, Integer>();

  readonly isKnown = ([key, offset]: Place): boolean => this.has(key, offset);

  has(key: string, offset: Json | undefined): boolean {
    return this.#places.has(`${asText(offset)} ${key}`);
  }

  /** Whether one of these offsets is above all known offsets of its key. */
  isBeyond(offsets: JsonObject): boolean {
    return Object.entries(offsets).some(([key, offset]) =>
      ascending(offset as Integer, this.#ends.get(key) ?? -1) > 0
    );
  }

  /** Adds the entries that an operation shows. */
  see(op: Op): void {
    for (const [key, offset] of [...this.sentBy(op), ...polledBy(op)]) {
      if (!isInteger(offset)) continue;
      this.#places.add(`${offset} ${key}`);
      const end = this.#ends.get(key) ?? -1;
      if (ascending(offset, end) > 0) this.#ends.set(key, offset);
    }
  }

  /** Where an operation put messages. */
  sentBy(op: Op): Place[] {
    return microOps(op).flatMap(([f, key, sent]): Place[] =>
      f === "send" && Array.isArray(sent) ? [[asText(key), sent[0]]] : []
    );
  }

  /** An operation, with its polls reduced to known entries. */
  knownOf(op: Op): Op {
    if (polledBy(op).every(this.isKnown)) return op;
    const value = microOps(op).map(([f, polled, ...more]): Json[] => {
      if (f !== "poll") return [f!, polled!, ...more];
      const known = Object.entries(polled as JsonObject).map(([key, pairs]) => [
        key,
        (pairs as Json[][]).filter(([offset]) => this.has(key, offset)),
      ]);
      return [f, Object.fromEntries(known)];
    });
    return { ...op, value };
  }
}

function polledBy(op: Op): Place[] {
  return microOps(op).flatMap(([f, polled]) =>
    f === "poll"
      ? Object.entries((polled ?? {}) as JsonObject).flatMap(([key, pairs]) =>
        ((pairs ?? []) as Json[][]).map(([offset]): Place => [key, offset])
      )
      : []
  );
}

function microOps({ f, value }: Op): Json[][] {
  const has = f === "send" || f === "poll" || f === "txn";
  return has && Array.isArray(value) ? value as Json[][] : [];
}
