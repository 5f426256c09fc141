/**
 * What kills excuse in logs if what had reached another node must survive: entries held only by
 * nodes that were killed before they could tell others. All other entries keep their offsets for
 * good.
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
  nodeOf,
  type Op,
  partOf,
  type Recording,
} from "../history/history.ts";
import { type Call, clientCalls } from "./client-calls.ts";
import { originOf } from "./origin.ts";

/** Whether something at a node and a time is meant, in ns of the history. */
type At = (node: string, timeNs: number) => boolean;

/** What a kill excuses. */
export interface Excuses {
  /** Whether what a node acknowledged then may be lost. */
  mayBeLost: At;
  /** Whether a node need not show then what it had shown before. */
  isReturning: At;
  /** A successful operation as one of unknown outcome. */
  unknown(op: Op): Op;
}

/**
 * A recording without the entries that may be lost: those that only excused replies show. Their
 * sends have unknown outcomes, and polls show only the others. A commit counts if everything that
 * it commits is known to survive: clients also commit what they were shown before.
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

  /** All replies are sent, but doubtful ones do not arrive. */
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

/** A place in a log. */
type Place = [key: string, offset: Json | undefined];

/** Entries that are known to survive. */
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

  /** An operation shows entries. */
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

  /** An operation whose polls show only known entries. */
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
