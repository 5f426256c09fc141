/**
 * Labels: names of events that must have happened in some of the runs, or the runs prove
 * nothing. Some are reported during a run, the others are read from its recording.
 */
import {
  type Events,
  headAt,
  isBetweenServers,
  isClientOp,
  isParting,
  NEMESIS,
  type Op,
  type Recording,
  visit,
} from "../history/history.ts";
import { asText, type Json } from "../history/json.ts";
import type { NetworkEvent } from "../world/network.ts";
import type { ServiceEvent } from "../world/services.ts";

/** Every such event. */
export type Label =
  | NetworkEvent
  | ServiceEvent
  | "message-overtaken" // by one sent later on the same link
  | "client-timeout" // a client gave up waiting for a node
  | "rpc-unanswered" // a node gave up waiting for a service or a peer, as no reply ever came
  | "rpc-reply-lost" // ... although its request had been executed
  | "cut-in-last-operations" // a cut began shortly before the last operation, and outlived it
  | "kill" // a node was killed
  | "kill-mid-operation" // while a client waited for it
  | "restart"
  | "pause" // a node's process was stopped
  | "resume"
  | "stray-rejection" // a program left a rejected promise unhandled
  | "protocol-violation"
  | "gone-client" // a node answered a client that had given up and gone
  | "stdout-closed"
  | "stdin-closed"
  | "unknown-to-service"
  | "unread-output"
  | "foreign-source"
  | "message-storm"
  | "stood-still"
  | "stopped"
  | "process-exit"
  | "setup-failed";

/** How long a node may wait for a reply, in ns: then it has given up, or will. */
const RPC_PATIENCE_NS = 5e9;

/** What counts as shortly before the last operation, in ns. */
const SHORTLY_NS = 2e9;

/** The labels that a recording shows. */
export function labelsIn({ history, journal }: Recording): Set<Label> {
  const labels = new Set<Label>();
  if (hasOvertaking(journal)) labels.add("message-overtaken");
  for (const label of lostCalls(journal)) labels.add(label);
  if (endsInCut(history)) labels.add("cut-in-last-operations");
  return labels;
}

function hasOvertaking(journal: Events): boolean {
  const latest = new Links<{ id: number }>(() => ({ id: -1 }));
  let isFound = false;
  visit(journal, (kind, _time, id, src, dest) => {
    if (kind !== "recv" || !isBetweenServers(src, dest)) return;
    const last = latest.of(src, dest);
    isFound = id < last.id;
    last.id = id;
    return isFound;
  });
  return isFound;
}

/** Something for each sender and receiver. */
class Links<T> {
  readonly #all = new Map<string, Map<string, T>>();

  /** @param make what a link begins with */
  constructor(private readonly make: () => T) {}

  of(src: string, dest: string): T {
    const own = this.#all.get(src) ?? new Map<string, T>();
    if (own.size === 0) this.#all.set(src, own);
    const known = own.get(dest);
    if (known !== undefined) return known;
    const made = this.make();
    own.set(dest, made);
    return made;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const own of this.#all.values()) yield* own.values();
  }
}

/** A request under way between servers. */
interface Asked {
  since: number;
  isAnswered: boolean;
}

function keyOf(id: Json): number | string {
  return typeof id === "number" ? id : asText(id);
}

/** Requests of nodes that were never answered, as the nodes saw it. */
function lostCalls(journal: Events): Set<Label> {
  const labels = new Set<Label>();
  const waiting = new Links<Map<number | string, Asked>>(() => new Map());
  let end = 0;
  visit(journal, (kind, time, _id, src, dest, index) => {
    end = time;
    if (!isBetweenServers(src, dest)) return;
    const { msg_id, in_reply_to } = headAt(journal, index);
    if (msg_id !== undefined && kind === "send") {
      const asked = { since: time, isAnswered: false };
      waiting.of(src, dest).set(keyOf(msg_id), asked);
    }
    if (in_reply_to === undefined) return;
    const calls = waiting.of(dest, src);
    const call = keyOf(in_reply_to);
    const asked = calls.get(call);
    if (asked === undefined) return;
    if (kind === "send") asked.isAnswered = true;
    else calls.delete(call);
  });
  for (const calls of waiting) {
    for (const { since, isAnswered } of calls.values()) {
      if (end - since < RPC_PATIENCE_NS) continue;
      labels.add("rpc-unanswered");
      if (isAnswered) labels.add("rpc-reply-lost");
    }
  }
  return labels;
}

/** Whether a recent cut is open when the last operation of the main phase is invoked. */
function endsInCut(history: readonly Op[]): boolean {
  const last = history.findLast((op) =>
    op.type === "invoke" && isClientOp(op) && op["final?"] !== true
  );
  if (last === undefined) return false;
  const nemesis = history.findLast((op) =>
    op.process === NEMESIS && op.index < last.index
  );
  return nemesis?.f === "start-partition" && isParting(nemesis.value) &&
    last.time - nemesis.time < SHORTLY_NS;
}
