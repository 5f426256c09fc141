/** Requests of clients and their replies, from the messages themselves. */
import {
  type Body,
  type Events,
  headAt,
  isClient,
  visit,
} from "../history/history.ts";
import { asDouble, asText, type Json, stringify } from "../history/json.ts";

/** A request of a client, with its reply if that arrived. */
export interface Call {
  client: string;
  node: string;
  type: string;
  request: Body;
  reply: Body | null;
  /** When the client sent the request, in the journal's ns. */
  from: number;
  /** When the reply arrived, in the journal's ns; Infinity if none did. */
  to: number;
}

/** Whether a call was answered, and not with an error. */
export function isOk({ reply, type }: Call): boolean {
  return reply?.type === `${type}_ok`;
}

/** What one client waits for. */
interface Waiting {
  /** The number of its last request. */
  latest: number;
  /** Its calls without a reply, by the number of their request. */
  open: Map<number | string, Call>;
}

/** All requests of clients, in the order in which they were sent, including the set-up. */
export function clientCalls(journal: Events): Call[] {
  const calls: Call[] = [];
  const clients = new Map<string, Waiting>();
  visit(journal, (kind, time, _id, src, dest, index) => {
    if (kind === "send" && isClient(src)) {
      let client = clients.get(src);
      if (!client) clients.set(src, client = { latest: 0, open: new Map() });
      const { msg_id } = headAt(journal, index);
      const number = asDouble(msg_id) ?? NaN;
      // A client counts its requests; a repeated number was forwarded by a node in its name.
      if (number <= client.latest) return;
      client.latest = number;
      const request = bodyAt(journal, index);
      const call: Call = {
        client: src,
        node: dest,
        type: asText(request.type),
        request,
        reply: null,
        from: time,
        to: Infinity,
      };
      calls.push(call);
      client.open.set(keyOf(msg_id), call);
    } else if (kind === "recv" && isClient(dest)) {
      const open = clients.get(dest)?.open;
      const answered = keyOf(headAt(journal, index).in_reply_to);
      const call = open?.get(answered);
      if (call === undefined) return;
      call.reply = bodyAt(journal, index);
      call.to = time;
      open!.delete(answered);
    }
  });
  return calls;
}

function bodyAt(journal: Events, index: number): Body {
  return journal.at(index)![5];
}

function keyOf(number: Json | undefined): number | string {
  return typeof number === "number" ? number : stringify(number);
}
