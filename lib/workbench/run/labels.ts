/**
 * Labels: names of events that must have happened in some of the runs, or the runs prove
 * nothing. Some are reported during a run, the others are read from its recording.
 */
import {
  type Events,
  headsOf,
  isBetweenServers,
  isClientOp,
  NEMESIS,
  type Op,
  type Recording,
} from "../history/history.ts";
import { asText, type Json } from "../history/json.ts";
import { isClient } from "../history/history.ts";
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
  const latest = new Map<string, Map<string, number>>();
  for (const [kind, , id, src, dest] of headsOf(journal)) {
    if (kind !== "recv" || isClient(src) || isClient(dest)) continue;
    const links = latest.get(src) ?? new Map<string, number>();
    latest.set(src, links);
    const last = links.get(dest) ?? -1;
    if (id < last) return true;
    links.set(dest, id);
  }
  return false;
}

/** Requests of nodes that were never answered, as the nodes saw it. */
function lostCalls(journal: Events): Set<Label> {
  const labels = new Set<Label>();
  const waiting = new Map<string, { since: number; isAnswered: boolean }>();
  let end = 0;
  for (const [kind, time, , src, dest, head] of headsOf(journal)) {
    end = time;
    if (!isBetweenServers(src, dest)) continue;
    const { msg_id, in_reply_to } = head;
    if (msg_id !== undefined && kind === "send") {
      const call = `${src} ${dest} ${asText(msg_id)}`;
      waiting.set(call, { since: time, isAnswered: false });
    }
    if (in_reply_to === undefined) continue;
    const call = `${dest} ${src} ${asText(in_reply_to)}`;
    const asked = waiting.get(call);
    if (asked === undefined) continue;
    if (kind === "send") asked.isAnswered = true;
    else waiting.delete(call);
  }
  for (const { since, isAnswered } of waiting.values()) {
    if (end - since < RPC_PATIENCE_NS) continue;
    labels.add("rpc-unanswered");
    if (isAnswered) labels.add("rpc-reply-lost");
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
  return nemesis?.f === "start-partition" && isolates(nemesis.value) &&
    last.time - nemesis.time < SHORTLY_NS;
}

/** Whether a partition's description, `["isolated", {"n0": ["n1"]}]`, names any node. */
function isolates(value: Json): boolean {
  const grudge = Array.isArray(value) ? value[1] : null;
  return Object.values(Object(grudge)).some((sources) =>
    Array.isArray(sources) && sources.length > 0
  );
}
